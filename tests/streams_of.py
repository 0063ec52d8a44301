"""Reading and writing the streams of a test from outside, without geowire's own delivery code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from streams.broker.connection import client_arguments
from streams.settings import Settings
from tests.items import encoded, partition_of

T = TypeVar("T")

NEWS = ("news.raw", "news.unique", "news.duplicates", "news.enriched", "news.dead-letter")


async def until(
    ask: Callable[[], Awaitable[T]], *, seconds: float = 60, what: str, fits: Callable[[T], bool] = bool
) -> T:
    """Ask until the answer is true, or fits; a test waits for a condition, never for a while."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await ask()
        if fits(answer):
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; last answer: {answer!r}")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def consumer(settings: Settings, *streams: str, fetch: int = 100_000_000) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group, at the start of every partition of some streams; it fetches so many bytes at once."""
    client = AIOKafkaConsumer(
        *map(settings.stream, streams),
        **client_arguments(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=min(fetch, 20_000_000),
        fetch_max_bytes=fetch,
    )
    await client.start()
    try:
        there = {partition.topic for partition in client.assignment()}
        assert there == set(map(settings.stream, streams)), f"of {streams} there are {there}"
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def producer(settings: Settings, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    client = AIOKafkaProducer(
        **client_arguments(settings),
        **{"max_request_size": 20_000_000, "max_batch_size": 256 * 1024, "linger_ms": 5, **options},
    )
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def send_raw(
    client: AIOKafkaProducer, settings: Settings, item: dict[str, Any], *, at: int, **options: Any
) -> None:
    """Send a raw item as the ingest contract asks, at a record time in milliseconds; wait until the broker has it."""
    key = item["item_id"].encode()
    partition = partition_of(key, settings.partitions)
    topic = settings.stream("news.raw")
    await client.send_and_wait(topic, encoded(item), key=key, partition=partition, timestamp_ms=at, **options)


async def read(settings: Settings, *streams: str) -> dict[str, list[ConsumerRecord]]:
    """Every record of some streams, up to the end they have now."""
    found: dict[str, list[ConsumerRecord]] = {settings.stream(stream): [] for stream in streams}
    async with consumer(settings, *streams) as client:
        last = await client.end_offsets(client.assignment())
        first = await client.beginning_offsets(client.assignment())
        left = {p for p in last if last[p] > first[p]}
        while left:
            for partition, records in (await client.getmany(timeout_ms=200)).items():
                found[partition.topic] += records
            left = {p for p in left if await client.position(p) < last[p]}
    return {stream: found[settings.stream(stream)] for stream in streams}


async def ends(settings: Settings, stream: str) -> dict[int, int]:
    """The end offset of each partition."""
    async with consumer(settings, stream, fetch=1) as client:
        return {p.partition: end for p, end in (await client.end_offsets(client.assignment())).items()}


async def count(settings: Settings, stream: str) -> int:
    return sum((await ends(settings, stream)).values())


def headers(record: ConsumerRecord) -> dict[str, bytes]:
    return dict(record.headers)


def origin(record: ConsumerRecord) -> str:
    return headers(record)["origin"].decode()


def decision(record: ConsumerRecord) -> tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]:
    """What must be equal when a record is sent again: key, value and the CloudEvents headers."""
    return record.key, record.value, tuple((k, v) for k, v in record.headers if k.startswith("ce_"))


def by_origin(records: Iterable[ConsumerRecord]) -> dict[str, list[ConsumerRecord]]:
    grouped: dict[str, list[ConsumerRecord]] = {}
    for record in records:
        grouped.setdefault(origin(record), []).append(record)
    return grouped
