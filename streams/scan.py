"""Reading a stream between two points, record by record: as much memory for a million records as for ten."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from schemas.errors import BrokerError
from streams.reading import reader
from streams.table import MIB

if TYPE_CHECKING:
    from streams.settings import Settings

# A fetch that takes all that is there holds 50 MB, and as much again decoded.
_FETCH_BYTES = 4 * MIB
_BATCH = 1_000
_STALL_SECONDS = 60.0


Advance = Callable[[str, int, int], None]
"""Called with what is under way, how much is done and how much there is."""


def telling(advance: Advance | None, name: str) -> Callable[[int, int], None] | None:
    """Return what tells how far one thing is; None where nobody wants to know."""
    return None if advance is None else partial(advance, name)


class Bounds(Struct, frozen=True):
    """Offsets of a stream, by partition."""

    kept: dict[int, int]
    """First ones that are kept."""
    start: dict[int, int]
    """First ones to be read."""
    end: dict[int, int]
    """Behind the last ones."""


def asking(settings: Settings, topic: str) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    """Open a consumer to ask for offsets only; it would fetch all the same, so it fetches next to nothing."""
    return reader(settings, topic, fetch_max_bytes=1)


async def bounds_of(consumer: AIOKafkaConsumer, *, since: int | None = None) -> Bounds:
    """Return the bounds of what a consumer is assigned, as they are now.

    Args:
        consumer: A consumer of one topic.
        since: Start at the first record of that time or later, milliseconds since the epoch.
    """
    ends = await consumer.end_offsets(consumer.assignment())
    kept = await consumer.beginning_offsets(consumer.assignment())
    start = dict(kept)
    if since is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(ends, max(0, since)))
        start = {p: min(at.offset, ends[p]) if at is not None else ends[p] for p, at in found.items()}
    return Bounds(*({p.partition: offset for p, offset in offsets.items()} for offsets in (kept, start, ends)))


async def scan(
    settings: Settings, topic: str, bounds: Bounds, progress: Callable[[int, int], None] | None = None
) -> AsyncIterator[ConsumerRecord]:
    """Read a topic from the starts to the ends of its bounds.

    Args:
        settings: The settings.
        topic: The Kafka topic.
        bounds: What to read.
        progress: Called with the records read and how many there are.

    Raises:
        BrokerError: The topic cannot be read, or nothing has come for a minute.
    """
    ends = {TopicPartition(topic, p): end for p, end in bounds.end.items() if end > bounds.start[p]}
    count, total = 0, sum(end - bounds.start[p.partition] for p, end in ends.items())
    if not ends:
        return
    async with reader(settings, topic, fetch_max_bytes=_FETCH_BYTES) as consumer:
        consumer.pause(*(consumer.assignment() - ends.keys()))
        for partition in ends:
            consumer.seek(partition, bounds.start[partition.partition])
        came = time.monotonic()
        while consumer.assignment() - consumer.paused():
            for partition, records in (await consumer.getmany(timeout_ms=500, max_records=_BATCH)).items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
                count += len(records)
                came = time.monotonic()
            if progress is not None:
                progress(min(count, total), total)
            consumer.pause(*[p for p in ends if await consumer.position(p) >= ends[p]])
            if time.monotonic() - came > _STALL_SECONDS:
                raise BrokerError(f"{topic} cannot be read to its end: nothing has come for {_STALL_SECONDS:.0f} s")


async def scan_bounds(settings: Settings, topic: str, *, since: int | None = None) -> Bounds:
    """Return where a topic begins and ends now; see ``bounds_of``.

    Raises:
        BrokerError: The topic cannot be read.
    """
    async with asking(settings, topic) as consumer:
        return await bounds_of(consumer, since=since)


async def scan_whole(
    settings: Settings, topic: str, partitions: set[int], progress: Callable[[int, int], None] | None = None
) -> AsyncIterator[ConsumerRecord]:
    """Read some partitions of a topic from their first records to the ends they have now.

    Raises:
        BrokerError: The topic cannot be read.
    """
    found = await scan_bounds(settings, topic)
    start = {p: offset if p in partitions else found.end[p] for p, offset in found.start.items()}
    async for record in scan(settings, topic, Bounds(found.kept, start, found.end), progress):
        yield record
