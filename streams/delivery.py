"""Outputs and offsets of one agent: nothing is acknowledged before the broker has it.

An event's outputs are handed to the producer in order; its offset becomes committable once the broker acknowledged
all of them and those of every event before it. Faust's own acknowledgements are not used: they commit past events
that are still in flight, and count events skipped in a rebalance as done.

Crash-only: a failed delivery is no condition to recover from in here. The process exits, Kafka redelivers, and the
decisions come out as before.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata, TopicPartition

from agents.dead_letter import dead_letter
from schemas.errors import DataError, DeliveryError, GeowireError, InfrastructureError, Stage
from schemas.record import Output, Record
from streams.broker.refusals import in_words
from streams.metrics.counts import StageCounts

if TYPE_CHECKING:
    from streams.traces import Traces, Trail

log = logging.getLogger(__name__)

_IN_FLIGHT_MAX = 5_000
"""Events whose outputs may be under way; the agent waits above this."""

Handle = Callable[[Record], Sequence[Output]]
"""What an agent decides: one record in, the records to send out; ``DataError`` makes a dead letter of it."""
BatchHandle = Callable[[Sequence[Record]], Iterable[Sequence[Output] | Exception]]
"""The same for several records: for each the records to send out, or why it cannot be processed."""
Commit = Callable[[Mapping[TopicPartition, int]], Awaitable[bool]]


def fail(error: BaseException) -> NoReturn:
    """End the process at once: nothing is acknowledged any more, Kafka redelivers, decisions come out as before."""
    log.critical("stopping: %s", error)
    logging.shutdown()
    os._exit(error.exit_code if isinstance(error, GeowireError) else 70)  # EX_SOFTWARE


def bounded(seconds: float) -> None:
    """Let the process end within some time, in order or not: what is not out by then is redelivered."""
    timer = threading.Timer(seconds, fail, [InfrastructureError(f"no orderly stop in {seconds:.0f} s")])
    timer.daemon = True
    timer.start()


class Producer(Protocol):
    """What is needed of an aiokafka producer."""

    async def send(self, topic: str, value: bytes | None, **options: Any) -> asyncio.Future[Any]:
        """Hand a record over; the future resolves when the broker has it."""


class _Pending(NamedTuple):
    """An event whose outputs are under way."""

    partition: TopicPartition
    offset: int
    time: int
    futures: list[asyncio.Future[Any]]
    taken: float
    trail: Trail | None


class Outbox:
    """The outputs of one agent, and the offsets that may be committed once they are out."""

    def __init__(
        self,
        *,
        topic: Callable[[str], str],
        producer: Callable[[], Producer],
        commit: Commit,
        fail: Callable[[BaseException], NoReturn],
        commit_seconds: float,
        acknowledged: Callable[[RecordMetadata], None] | None = None,
    ) -> None:
        """Prepare; ``run`` must be running for offsets to become committable.

        Args:
            topic: Kafka topic of a stream's name.
            producer: The started producer.
            commit: Commits the offsets to resume from; False where the partitions are no longer ours.
            fail: Ends the process.
            commit_seconds: How often offsets are committed.
            acknowledged: Told of every output that the broker has, in order.
        """
        self._topic = topic
        self._producer = producer
        self._commit = commit
        self._fail = fail
        self._commit_seconds = commit_seconds
        self._acknowledged = acknowledged
        self.counts = StageCounts()
        self._pending: deque[_Pending] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._settled: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def send(self, outputs: Sequence[Output]) -> list[asyncio.Future[Any]]:
        """Hand outputs to the producer.

        Raises:
            DataError: ``too-large``: an output is above the limit of its stream.
            DeliveryError: The producer did not take it.
        """
        producer = self._producer()
        futures = []
        for output in outputs:
            try:
                future = await producer.send(
                    self._topic(output.stream),
                    output.value,
                    key=output.key,
                    partition=output.partition,
                    timestamp_ms=output.time,
                    headers=output.headers,
                )
            except MessageSizeTooLargeError as error:
                raise DataError("too-large", f"the record for {output.stream} is too large: {error}") from error
            except KafkaError as error:
                raise DeliveryError(f"{output.stream} did not take a record: {in_words(error)}") from error
            futures.append(future)
        self.counts.sent(outputs)
        return futures

    def begin(self, events: int) -> None:
        """Note that so many events are being worked on, so that ``drain`` waits for them."""
        self._open += events
        self._idle.clear()

    async def done(
        self, record: Record, futures: list[asyncio.Future[Any]], taken: float, trail: Trail | None = None
    ) -> None:
        """Note that all outputs of an event are handed over; wait where too many are under way.

        Args:
            record: What it was made from.
            futures: Its outputs, under way.
            taken: When the agent took it, ``time.perf_counter``.
            trail: Its span, where its trace is sent.
        """
        partition = TopicPartition(self._topic(record.stream), record.partition)
        self._pending.append(_Pending(partition, record.offset, record.time, futures, taken, trail))
        self._arrived.set()
        if len(self._pending) > _IN_FLIGHT_MAX:
            self._room.clear()
            await self._room.wait()

    def committed(self, record: Record) -> int:
        """Return the first offset of the record's partition that may still be redelivered."""
        return self._committed.get(TopicPartition(self._topic(record.stream), record.partition), 0)

    async def run(self) -> None:
        """Settle and commit until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settle())
            tasks.create_task(self._commit_regularly())

    async def drain(self) -> None:
        """Wait until everything taken is out, and commit it: before partitions are given up, and before the end."""
        await self._idle.wait()
        await self._commit_settled()

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that are no longer ours."""
        for partition in partitions:
            self._settled.pop(partition, None)
            self._committed.pop(partition, None)

    async def _settle(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._pending:
                pending = self._pending[0]
                partition = pending.partition
                for future in pending.futures:
                    try:
                        metadata = await future
                    except KafkaError as error:
                        self._fail(
                            DeliveryError(f"an output of {partition.topic} is not acknowledged: {in_words(error)}")
                        )
                    if self._acknowledged is not None:
                        self._acknowledged(metadata)
                self._pending.popleft()
                self._settled[partition] = pending.offset + 1
                self.counts.settled(pending.taken, pending.time)
                if pending.trail is not None:
                    pending.trail.end(pending.taken)
                self._open -= 1
                if self._open == 0:
                    self._idle.set()
                if len(self._pending) <= _IN_FLIGHT_MAX // 2:
                    self._room.set()

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._commit_seconds)
            await self._commit_settled()

    async def _commit_settled(self) -> None:
        due = {p: offset for p, offset in self._settled.items() if self._committed.get(p, -1) < offset}
        if due and await self._commit(due):
            for partition, offset in due.items():
                # Not after a rebalance took the partition away in the meantime.
                if partition in self._settled:
                    self._committed[partition] = offset


def one_by_one(handle: Handle) -> BatchHandle:
    """Return an agent's decision about batches: each record is decided when the outputs of the one before are sent."""

    def each(records: Sequence[Record]) -> Iterator[Sequence[Output] | Exception]:
        for record in records:
            try:
                outcome: Sequence[Output] | Exception = handle(record)
            except Exception as error:  # noqa: BLE001 - ``drive`` makes a dead letter of it
                outcome = error
            yield outcome

    return each


async def drive(
    batches: AsyncIterator[Sequence[Record]],
    *,
    stage: Stage,
    handle: BatchHandle,
    outbox: Outbox,
    traces: Traces | None = None,
) -> None:
    """Pass records through an agent's decision until cancelled: decide, send, note the offset.

    A record that cannot be processed becomes a dead letter and the stream goes on. Whatever else goes wrong is raised:
    then nothing may be acknowledged any more.

    Raises:
        InfrastructureError: State or broker failed.
    """
    settling = asyncio.create_task(outbox.run())
    counts = outbox.counts
    try:
        async for batch in batches:
            outbox.begin(len(batch))
            taken = decided = time.perf_counter()
            for record, outcome in zip(batch, handle(batch), strict=True):
                counts.busy += time.perf_counter() - decided
                outputs, futures = await _sent(record, outcome, stage, outbox)
                trail = traces.trail(stage, record, outputs) if traces is not None else None
                await outbox.done(record, futures, taken, trail)
                decided = time.perf_counter()
    finally:
        settling.cancel()


async def _sent(
    record: Record, outcome: Sequence[Output] | Exception, stage: Stage, outbox: Outbox
) -> tuple[Sequence[Output], list[asyncio.Future[Any]]]:
    """Send out what was decided; one record must not stop the stream, whatever its content does."""
    if not isinstance(outcome, Exception):
        try:
            return outcome, await outbox.send(outcome)
        except DataError as error:
            outcome = error
    if isinstance(outcome, InfrastructureError):
        raise outcome
    if not isinstance(outcome, DataError):
        log.error("%s could not process %s:%d", stage, record.stream, record.offset, exc_info=outcome)
    outbox.counts.letters[outcome.code if isinstance(outcome, DataError) else "internal-error"] += 1
    letter = [dead_letter(record, stage, outcome)]
    return letter, await outbox.send(letter)
