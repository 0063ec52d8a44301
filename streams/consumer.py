"""Faust's consumer with the seek after a rebalance made whole, batches for the agents, and a guard over what it skips.

Two faults of faust-streaming 0.15.3 lose records until the next restart; both were seen in the kill -9 test:

* When table recovery ends, the source partitions are resumed *before* they are sought back to the committed offsets,
  while the fetcher runs. What it fetches in between lands in queues that are then cleared, and is not fetched again.
* A partition without a committed offset is not sought at all: it goes on behind what was cleared.

``Seeking.perform_seek`` closes both; what was fetched across it is dropped and fetched again. ``Seeking.getmany`` puts
whole batches into the agents' inboxes (``streams.intake``). ``Continuity`` notices whatever else goes missing between
the broker and an agent: records arrive in offset order without a gap, or the worker stops and Kafka redelivers.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from schemas.errors import InfrastructureError
from streams.intake import Inbox

log = logging.getLogger(__name__)

OnSeek = Callable[[dict[TopicPartition, int]], None]
FirstOffset = Callable[[TopicPartition, int], Awaitable[int]]


class Seeking(Consumer):
    """Faust's consumer, sought back completely before anything flows again.

    Attributes:
        on_seek: Told where each source partition is read from, whenever that changes.
        inboxes: By Kafka topic, where batches of a source stream go. Topics without an inbox take Faust's own path.
    """

    logger = logging.getLogger("faust")
    on_seek: OnSeek
    inboxes: Mapping[str, Inbox]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._starts: dict[TP, int] = {}
        self._seeks = 0

    async def perform_seek(self) -> None:
        """Seek every source partition to its committed offset, or to its beginning where it has none."""
        self.stop_flow()
        self._seeks += 1
        await super().perform_seek()
        sources = [tp for tp in self.assignment() if not self._is_changelog_tp(tp)]
        fresh = [tp for tp in sources if self._read_offset[tp] is None]
        starts: dict[TP, int] = {tp: offset for tp in sources if (offset := self._read_offset[tp]) is not None}
        if fresh:
            await self._thread.seek_to_beginning(*(TopicPartition(tp.topic, tp.partition) for tp in fresh))
            starts |= await self.earliest_offsets(*fresh)
        for inbox in self.inboxes.values():
            inbox.clear()
        self._starts = starts
        self._seeks += 1
        self.on_seek({TopicPartition(tp.topic, tp.partition): offset for tp, offset in starts.items()})

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109 - Faust's name
        """Put batches of source streams into their inboxes; yield the records of all other topics.

        As Faust's own it gives up in the middle where the flow stops or the group changes: a seek follows.
        """
        seeks = self._seeks
        records, active = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if not records or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()
            return
        if seeks != self._seeks:
            await self._thread.seek_wait({tp: start for tp, start in self._starts.items() if tp in records})
            return
        for tp, batch in records.items():
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            inbox = self.inboxes.get(tp.topic)
            if inbox is None:
                for record in batch:
                    yield tp, self._to_message(tp, record)
                    # Faust may have waited for room, and dropped it because of a seek; what is left then is old.
                    if not self._flows(generation, seeks):
                        return
                continue
            while self._flows(generation, seeks) and not inbox.room.is_set():
                await self.wait_first(inbox.room.wait(), self.suspend_flow.wait())
            if not self._flows(generation, seeks) or (active is not None and tp not in active):
                return
            inbox.put(tp, batch)
            self._read_offset[tp] = batch[-1].offset

    def _flows(self, generation: int, seeks: int) -> bool:
        """Say whether what was fetched in a generation of the group, after so many seeks, may still be handed on."""
        return (
            self.flow_active
            and not self.should_stop
            and self.app.consumer_generation_id == generation
            and self._seeks == seeks
        )


class Continuity:
    """Checks that an agent sees every record of its partitions."""

    def __init__(self, first_offset: FirstOffset) -> None:
        """Prepare.

        Args:
            first_offset: Asks the broker for the first offset of a partition, from an offset on, that holds a record.
        """
        self._first_offset = first_offset
        self._next: dict[TopicPartition, int] = {}

    def start(self, offsets: dict[TopicPartition, int]) -> None:
        """Note where partitions are read from now."""
        self._next.update(offsets)

    async def check(self, partition: TopicPartition, offset: int) -> None:
        """Note that a record arrived.

        Offsets may be missing where the broker has none: behind a transaction, or where records expired before they
        were read. It is asked; anything else is a record that was lost on the way.

        Raises:
            InfrastructureError: Records were skipped.
        """
        expected = self._next.get(partition, offset)
        if offset > expected:
            first = await self._first_offset(partition, expected)
            if first < offset:
                raise InfrastructureError(
                    f"records {first} to {offset - 1} of {partition.topic} partition {partition.partition} were "
                    "skipped by the framework; starting again from the committed offsets"
                )
            log.warning("%s %d: no records from %d to %d", partition.topic, partition.partition, expected, offset - 1)
        self._next[partition] = offset + 1
