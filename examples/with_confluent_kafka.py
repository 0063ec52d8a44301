"""confluent-kafka: keeps what stands of every item in SQLite, and beside it how far it is.

Rows and offsets are written in one transaction, so no event is ever written twice. No consumer group: one process.

    pip install confluent-kafka; python with_confluent_kafka.py
"""

import json
import os
import sqlite3

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

SERVERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
STREAM = os.environ.get("STREAM", "news.enriched")

TABLES = """
CREATE TABLE IF NOT EXISTS events (
  item_id TEXT PRIMARY KEY, fetched TEXT, generation INTEGER, id TEXT, reason TEXT, title TEXT);
CREATE TABLE IF NOT EXISTS offsets (partition INTEGER PRIMARY KEY, next INTEGER);"""
UPSERT = """INSERT INTO events VALUES (:item_id, :fetched, :generation, :id, :reason, :title)
  ON CONFLICT (item_id) DO UPDATE SET fetched = excluded.fetched, generation = excluded.generation, id = excluded.id,
  reason = excluded.reason, title = excluded.title
  WHERE (excluded.fetched, excluded.generation) >= (fetched, generation)"""
FIELDS = ("item_id", "fetched", "generation", "id", "reason", "title")

database = sqlite3.connect(os.environ.get("DATABASE", "confluent.db"))
database.executescript(TABLES)
stored = dict(database.execute("SELECT partition, next FROM offsets"))

consumer = Consumer(
    {
        "bootstrap.servers": SERVERS,
        "group.id": "unused",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",  # where what is stored is no longer kept
    }
)
partitions = consumer.list_topics(STREAM, timeout=30).topics[STREAM].partitions
consumer.assign([TopicPartition(STREAM, number, stored.get(number, OFFSET_BEGINNING)) for number in partitions])
while True:
    messages = consumer.consume(500, timeout=1)
    with database:
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            event = json.loads(message.value())
            database.execute(UPSERT, {name: event[name] for name in FIELDS})
            place = (message.partition(), message.offset() + 1)
            database.execute("INSERT OR REPLACE INTO offsets VALUES (?, ?)", place)
