"""Writing a single record: for what commands put onto the small streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import BrokerError, DeliveryError
from schemas.record import Output
from streams.broker.compression import compression
from streams.broker.connection import client_arguments
from streams.broker.refusals import in_words, unreachable
from streams.table import DERIVED_MAX, Stream

if TYPE_CHECKING:
    from streams.settings import Settings


@asynccontextmanager
async def writer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Open a producer that takes any record of the table.

    Raises:
        BrokerError: The broker cannot be reached.
        DeliveryError: The broker did not take a record.
    """
    producer = AIOKafkaProducer(
        **client_arguments(settings),
        enable_idempotence=True,
        compression_type=compression(settings),
        linger_ms=5,
        max_batch_size=128 * 1024,
        max_request_size=DERIVED_MAX,
    )
    try:
        try:
            await producer.start()
        except KafkaError as error:
            raise BrokerError(await unreachable(settings, error)) from error
        yield producer
    except KafkaError as error:
        raise DeliveryError(f"the broker did not take a record: {in_words(error)}") from error
    finally:
        await producer.stop()


async def append(settings: Settings, stream: Stream, key: str, value: bytes | None) -> None:
    """Write one record to a stream with one partition, and wait until the broker has it.

    Raises:
        BrokerError: The broker cannot be reached.
        DeliveryError: The broker did not take it.
    """
    async with writer(settings) as producer:
        await producer.send_and_wait(settings.stream(stream.name), value, key=key.encode(), partition=0)


async def send_all(settings: Settings, producer: AIOKafkaProducer, outputs: Sequence[Output]) -> None:
    """Write records, and wait until the broker has all of them."""
    sent = [
        await producer.send(
            settings.stream(output.stream),
            output.value,
            key=output.key,
            partition=output.partition,
            timestamp_ms=output.time,
            headers=output.headers,
        )
        for output in outputs
    ]
    for future in sent:
        await future
