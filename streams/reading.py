"""Reading a stream without a consumer group: all of it to its end, or from a point on for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import BrokerError
from schemas.record import Record
from streams.broker.connection import client_arguments
from streams.broker.refusals import in_words, unreachable
from streams.table import DERIVED_MAX

if TYPE_CHECKING:
    from streams.settings import Settings


@asynccontextmanager
async def reader(settings: Settings, topic: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer that has all partitions of a topic, without a group, at their beginnings.

    Raises:
        BrokerError: The broker cannot be reached, or has no such topic.
    """
    consumer = AIOKafkaConsumer(
        topic,
        **client_arguments(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=DERIVED_MAX,
        **options,
    )
    try:
        try:
            await consumer.start()
        except KafkaError as error:
            raise BrokerError(await unreachable(settings, error)) from error
        if not consumer.assignment():
            raise BrokerError(f"there is no stream {topic} on the broker: `geowire streams apply` creates them")
        yield consumer
    except KafkaError as error:
        raise BrokerError(f"{topic} cannot be read: {in_words(error)}") from error
    finally:
        await consumer.stop()


async def first_offset(settings: Settings, partition: TopicPartition, offset: int) -> int:
    """Return the first offset of a partition, from an offset on, that holds a record.

    Raises:
        BrokerError: The partition cannot be read.
    """
    async with reader(settings, partition.topic) as consumer:
        consumer.seek(partition, offset)
        record = await consumer.getone(partition)
        return int(record.offset)


async def read_all(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """Return every record of a topic up to the end it has now, by partition and offset.

    For small streams only: all of it is in memory.
    """
    records: list[ConsumerRecord] = []
    async with reader(settings, topic) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        starts = await consumer.beginning_offsets(consumer.assignment())
        remaining = {p for p, end in ends.items() if end > starts[p]}
        while remaining:
            for partition, batch in (await consumer.getmany(timeout_ms=500)).items():
                records += [record for record in batch if record.offset < ends[partition]]
            remaining = {p for p in remaining if await consumer.position(p) < ends[p]}
    return sorted(records, key=lambda record: (record.partition, record.offset))


def as_record(stream: str, record: ConsumerRecord) -> Record:
    """Return what was read of a stream as the steps take it.

    Args:
        stream: Name of the stream in the table.
        record: The record.
    """
    return Record(
        stream=stream,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        time=record.timestamp,
    )
