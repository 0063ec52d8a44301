"""Reading a stream without a consumer group: all of it to its end, or from a point on for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import BrokerError
from streams.broker.connection import client_arguments
from streams.table import DERIVED_MAX

if TYPE_CHECKING:
    from streams.settings import Settings


@asynccontextmanager
async def reader(settings: Settings, topic: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer that is assigned all partitions of a topic, without a group.

    Raises:
        BrokerError: The broker cannot be reached, or has no such topic.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=DERIVED_MAX,
        **options,
    )
    try:
        await consumer.start()
        partitions = consumer.partitions_for_topic(topic) or await _ask_for_partitions(consumer, topic)
        if not partitions:
            raise BrokerError(f"there is no stream {topic} on the broker: `geowire streams apply` creates them")
        consumer.assign([TopicPartition(topic, number) for number in sorted(partitions)])
        yield consumer
    except KafkaError as error:
        raise BrokerError(f"{topic} cannot be read: {error!r}") from error
    finally:
        await consumer.stop()


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


async def _ask_for_partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()  # noqa: SLF001 - no public way to ask for one topic
    topics = await consumer.topics()
    return consumer.partitions_for_topic(topic) or set() if topic in topics else set()
