"""The pipe on a bare aiokafka loop: what the framework costs is what this does not pay.

Fetch a batch ▸ decide and send each record ▸ wait until the broker has everything ▸ commit. Its state is a dictionary
whose changes go to the changelog, as in geowire; it does not recover it.
"""

from __future__ import annotations

import asyncio
import time

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.hosts import handlers
from schemas.record import Record
from streams import table
from streams.broker.compression import compression
from streams.intake import parts
from streams.reading import as_record
from streams.settings import Settings

_BATCH = 500


class Store:
    """Entries in a dictionary."""

    def __init__(self) -> None:
        self._entries: dict[bytes, bytes] = {}

    def get(self, partition: int, key: bytes) -> bytes | None:  # noqa: ARG002 - a key is in one partition only
        """Return the entry of a key."""
        return self._entries.get(key)

    def put(self, partition: int, key: bytes, entry: bytes) -> None:  # noqa: ARG002
        """Store an entry."""
        self._entries[key] = entry

    def delete(self, partition: int, key: bytes) -> None:  # noqa: ARG002
        """Forget a key."""
        self._entries.pop(key, None)

    def sweep(self, partition: int, *, before: int, limit: int) -> list[bytes]:  # noqa: ARG002
        """Find nothing: nothing is that old."""
        return []


async def run(settings: Settings) -> None:
    """Run until killed."""
    store = Store()
    committed: dict[tuple[str, int], int] = {}

    def first_uncommitted(record: Record) -> int:
        return committed.get((record.stream, record.partition), 0)

    names = {settings.stream(stream.name): stream.name for stream in (table.RAW, table.UNIQUE)}
    handle = {
        table.RAW.name: handlers.dedupe(settings, store, first_uncommitted),
        table.UNIQUE.name: handlers.enrich(settings),
    }
    consumer = AIOKafkaConsumer(
        *names,
        bootstrap_servers=settings.bootstrap_servers,
        group_id=f"{settings.group}-bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=table.DERIVED_MAX,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=128 * 1024,
        max_request_size=table.DERIVED_MAX,
        compression_type=compression(settings),
    )
    async with consumer, producer:
        due = time.monotonic()
        while True:
            futures = []
            offsets = {}
            for partition, batch in (await consumer.getmany(timeout_ms=200, max_records=_BATCH)).items():
                name = names[partition.topic]
                for part in parts(batch):
                    futures += [
                        await producer.send(
                            settings.stream(output.stream),
                            output.value,
                            key=output.key,
                            partition=output.partition,
                            timestamp_ms=output.time,
                            headers=output.headers,
                        )
                        for outputs in handle[name]([as_record(name, found) for found in part])
                        for output in outputs
                    ]
                offsets[partition] = batch[-1].offset + 1
            await asyncio.gather(*futures)
            committed |= {
                (names[partition.topic], partition.partition): offset for partition, offset in offsets.items()
            }
            if offsets and time.monotonic() >= due:
                await consumer.commit(offsets)
                due = time.monotonic() + settings.commit_seconds


if __name__ == "__main__":
    uvloop.run(run(Settings.from_env()))
