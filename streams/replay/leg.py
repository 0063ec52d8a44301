"""One leg of a replay: a consumer group takes a stream from some offsets to others, through one step of the pipe.

Not a Faust app: the range is finite, there is one hop, and partitions need not agree with those of another stream. What
decides and what delivers is that of live: the agents' own handlers, and ``streams.delivery``. A group all the same, so
that offsets are kept in Kafka (a run that is killed goes on where they are), and so that several processes share the
partitions of one replay.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from msgspec import Struct

from schemas.errors import BrokerError, DeliveryError, Stage
from schemas.record import Record
from streams.broker.admin import admin, patiently
from streams.broker.connection import client_arguments
from streams.broker.refusals import in_words, unreachable
from streams.delivery import BatchHandle, Outbox, Producer, drive, fail
from streams.intake import parts
from streams.reading import as_record
from streams.table import DERIVED_MAX

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.state import State

Progress = Callable[[str, int, int], None]
"""Called with the step, the records done and how many there are."""

_BATCH = 500
_WAIT_MS = 200
_PEERS_SECONDS = 0.5


class Way(Struct, frozen=True, kw_only=True):
    """Where a leg goes.

    Attributes:
        step: The step it goes through.
        group: Its consumer group.
        stream: Name of the stream in the table: what records say they are from.
        topic: The Kafka topic that is read.
        start: First offsets, by partition.
        end: Behind the last ones.
        changelog: Kafka topic that the step's state is in, if it has any.
    """

    step: Stage
    group: str
    stream: str
    topic: str
    start: Mapping[int, int]
    end: Mapping[int, int]
    changelog: str | None = None

    @property
    def total(self) -> int:
        """Records there are."""
        return sum(max(0, self.end[p] - self.start[p]) for p in self.end)

    def left(self, committed: Mapping[int, int]) -> int:
        """Return how many records are still to be read."""
        return sum(max(0, end - max(self.start[p], committed.get(p, 0))) for p, end in self.end.items())


class Pace:
    """Lets so many records a second pass."""

    def __init__(self, per_second: float | None) -> None:
        """Begin; None: as fast as it goes."""
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0

    async def wait(self, records: int) -> None:
        """Wait until so many more records are due."""
        if self._gap:
            now = time.monotonic()
            due = max(self._next, now)
            self._next = due + records * self._gap
            if due > now:
                await asyncio.sleep(due - now)


class Leg(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Reads its partitions in order and stops where they end."""

    def __init__(
        self,
        settings: Settings,
        way: Way,
        *,
        topic: Callable[[str], str],
        producer: Callable[[], Producer],
        pace: Pace,
        progress: Progress,
        entries: State | None = None,
    ) -> None:
        """Prepare; nothing is read before ``run``.

        Args:
            settings: The settings.
            way: Where it goes.
            topic: Kafka topic of a stream's name, for what is written and for what is read.
            producer: The started producer.
            pace: How fast.
            progress: Told how far it is.
            entries: State of the step, if it has any; its changelog is the way's.
        """
        self.outbox = Outbox(
            topic=topic, producer=producer, commit=self._commit, fail=fail, commit_seconds=settings.commit_seconds
        )
        self._settings = settings
        self._way = way
        self._pace = pace
        self._progress = progress
        self._entries = entries
        self._consumer: AIOKafkaConsumer
        self._assignments = 0
        self._ready = 0
        self._done: dict[int, int] = {}

    async def run(self, handle: BatchHandle) -> None:
        """Take every record through a step, and return when all is out and committed, ours and our peers'.

        Raises:
            BrokerError: The stream cannot be read.
            DeliveryError: The broker refused the offsets.
        """
        if not await self._left():
            return
        self._consumer = AIOKafkaConsumer(
            **client_arguments(self._settings),
            group_id=self._way.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=DERIVED_MAX,
            session_timeout_ms=round(1000 * self._settings.session_seconds),
            heartbeat_interval_ms=round(200 * self._settings.session_seconds),
        )
        try:
            self._consumer.subscribe([self._way.topic], listener=self)
            try:
                await self._consumer.start()
            except KafkaError as error:
                raise BrokerError(await unreachable(self._settings, error)) from error
            await drive(self._batches(), stage=self._way.step, handle=handle, outbox=self.outbox)
        except KafkaError as error:
            raise BrokerError(f"{self._way.topic} cannot be read: {in_words(error)}") from error
        finally:
            await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """Send out and commit what was taken, before partitions are given up."""
        self._assignments += 1
        await self.outbox.drain()
        self.outbox.forget(revoked)

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        """Note that the reading has to begin anew."""
        del assigned
        self._assignments += 1

    async def _batches(self) -> AsyncIterator[Sequence[Record]]:
        while True:
            now = self._assignments
            if self._ready != now:
                self._ready = now if await self._begin() else -1
                continue
            fetched = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
            due = [r for records in fetched.values() for r in records if r.offset < self._way.end[r.partition]]
            for batch in parts(due):
                await self._pace.wait(len(batch))
                await asyncio.sleep(0)  # heartbeats and deliveries want a turn
                # Of partitions that were given up meanwhile, others go on.
                if now != self._assignments:
                    break
                yield [as_record(self._way.stream, record) for record in batch]
            if now == self._assignments and await self._at_ends():
                await self.outbox.drain()
                await self._commit(self._ends())
                if not await self._left():
                    return
                await asyncio.sleep(_PEERS_SECONDS)

    async def _at_ends(self) -> bool:
        """Note how far our partitions are; whether all are at their ends."""
        for partition in self._consumer.assignment():
            try:
                position = await self._consumer.position(partition)
            except IllegalStateError:  # it was just given up
                return False
            end = self._way.end[partition.partition]
            if position >= end:
                self._consumer.pause(partition)
            self._done[partition.partition] = min(position, end)
        self._progress(self._way.step, self._way.total - self._way.left(self._done), self._way.total)
        return all(self._done[p.partition] >= self._way.end[p.partition] for p in self._consumer.assignment())

    def _ends(self) -> dict[TopicPartition, int]:
        return {p: self._way.end[p.partition] for p in self._consumer.assignment()}

    async def _left(self) -> int:
        """Return how many records the group has not done."""
        committed = await committed_by(self._settings, self._way)
        for partition, offset in committed.items():
            self._done[partition] = max(self._done.get(partition, 0), offset)
        return self._way.left(committed)

    async def _begin(self) -> bool:
        """Take over the partitions that are ours now; False where they are not any more.

        Whatever was fetched before is fetched again: it may have come from before or from after the change.
        """
        try:
            for partition in self._consumer.assignment():
                committed = await self._consumer.committed(partition) or 0
                self._consumer.seek(partition, max(committed, self._way.start[partition.partition]))
        except IllegalStateError:
            return False
        if self._entries is not None and self._way.changelog is not None:
            from streams.recovery import recover  # it needs Faust, which nothing else of a replay does

            # What another wrote before it gave them up is in the changelog.
            partitions = {p.partition for p in self._consumer.assignment()}
            await recover(self._settings, self._entries, partitions, self._way.changelog)
        return True

    async def _commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        if not offsets:
            return True
        try:
            await self._consumer.commit(dict(offsets))
        except (CommitFailedError, IllegalStateError):
            return False  # the partitions are another's by now
        except KafkaError as error:
            fail(DeliveryError(f"offsets of {self._way.group} cannot be committed: {in_words(error)}"))
        return True


async def committed_by(settings: Settings, way: Way) -> dict[int, int]:
    """Return up to where a leg's group has committed, by partition."""
    async with admin(settings) as client:
        offsets = await patiently(lambda: client.list_consumer_group_offsets(way.group))
    return {p.partition: at.offset for p, at in offsets.items() if p.topic == way.topic and at.offset >= 0}
