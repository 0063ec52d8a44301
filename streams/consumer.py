"""Faust's consumer with the seek after a rebalance made whole, and a guard over what it skips.

Two faults of faust-streaming 0.15.3 lose records until the next restart; both were seen in the kill -9 test:

* When table recovery ends, the source partitions are resumed *before* they are sought back to the committed offsets,
  while the fetcher runs. What it fetches in between lands in queues that are then cleared, and is not fetched again.
* A partition without a committed offset is not sought at all: it goes on behind what was cleared.

``Seeking.perform_seek`` closes both. ``Continuity`` notices whatever else goes missing between the broker and an
agent: records arrive in offset order without a gap, or the worker stops and Kafka redelivers.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from schemas.errors import InfrastructureError

log = logging.getLogger(__name__)

OnSeek = Callable[[dict[TopicPartition, int]], None]
FirstOffset = Callable[[TopicPartition, int], Awaitable[int]]


class Seeking(Consumer):
    """Faust's consumer, sought back completely before anything flows again."""

    logger = logging.getLogger("faust")
    on_seek: OnSeek

    async def perform_seek(self) -> None:
        """Seek every source partition to its committed offset, or to its beginning where it has none."""
        self.stop_flow()
        await super().perform_seek()
        sources = [tp for tp in self.assignment() if not self._is_changelog_tp(tp)]
        fresh = [tp for tp in sources if self._read_offset[tp] is None]
        starts: dict[TP, int] = {tp: offset for tp in sources if (offset := self._read_offset[tp]) is not None}
        if fresh:
            await self._thread.seek_to_beginning(*(TopicPartition(tp.topic, tp.partition) for tp in fresh))
            starts |= await self.earliest_offsets(*fresh)
        self.on_seek({TopicPartition(tp.topic, tp.partition): offset for tp, offset in starts.items()})


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
