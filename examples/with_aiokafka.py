"""aiokafka: keeps what stands of every item in SQLite, in a consumer group.

Offsets are committed when the rows are: after a crash some events come again, and change nothing.

    pip install 'aiokafka[lz4,zstd]'; python with_aiokafka.py
"""

import asyncio
import json
import os
import sqlite3

from aiokafka import AIOKafkaConsumer, ConsumerRecord

SERVERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
STREAM = os.environ.get("STREAM", "news.enriched")
GROUP = os.environ.get("GROUP", "desk-aiokafka")

TABLE = """CREATE TABLE IF NOT EXISTS events (
  item_id TEXT PRIMARY KEY, fetched TEXT, generation INTEGER, id TEXT, reason TEXT, title TEXT)"""
UPSERT = """INSERT INTO events VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (item_id) DO UPDATE SET
  fetched = excluded.fetched, generation = excluded.generation, id = excluded.id, reason = excluded.reason,
  title = excluded.title WHERE (excluded.fetched, excluded.generation) >= (fetched, generation)"""


def row(record: ConsumerRecord) -> tuple[str, str, int, str, str, str]:
    event = json.loads(record.value)
    return tuple(event[name] for name in ("item_id", "fetched", "generation", "id", "reason", "title"))


async def main() -> None:
    database = sqlite3.connect(os.environ.get("DATABASE", "aiokafka.db"))
    database.execute(TABLE)
    consumer = AIOKafkaConsumer(
        STREAM,
        bootstrap_servers=SERVERS,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6_000,  # so long the partitions of one that was killed wait for another
    )
    async with consumer:
        while True:
            batches = await consumer.getmany(timeout_ms=1_000)
            if batches:
                with database:
                    for records in batches.values():
                        database.executemany(UPSERT, map(row, records))
                await consumer.commit()


asyncio.run(main())
