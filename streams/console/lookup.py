"""Single records of a partition, found by offset or by time: what one event's page is put together from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import BrokerError
from streams.broker.connection import client_arguments
from streams.broker.refusals import in_words, unreachable
from streams.table import DERIVED_MAX

if TYPE_CHECKING:
    from streams.settings import Settings

_SECONDS = 10.0
_LOOKED_AT = 5_000
"""Records that are looked at to find one whose time is known."""


class Partition:
    """A partition that is open for looking things up."""

    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._consumer = consumer
        self._partition = partition

    async def at(self, offset: int) -> ConsumerRecord | None:
        """Return the record at an offset; None where it is not kept."""
        first = (await self._consumer.beginning_offsets([self._partition]))[self._partition]
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        if not first <= offset < end:
            return None
        self._consumer.seek(self._partition, offset)
        record = await asyncio.wait_for(self._consumer.getone(self._partition), _SECONDS)
        return record if record.offset == offset else None

    async def first(self, since: int, matches: Callable[[ConsumerRecord], bool]) -> ConsumerRecord | None:
        """Return the first record from a time on that matches; None where none of those looked at does.

        Args:
            since: Milliseconds since the epoch.
            matches: Whether a record is meant.
        """
        at = (await self._consumer.offsets_for_times({self._partition: max(0, since)}))[self._partition]
        if at is None:
            return None
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        end = min(end, at.offset + _LOOKED_AT)
        self._consumer.seek(self._partition, at.offset)
        async with asyncio.timeout(_SECONDS):
            while await self._consumer.position(self._partition) < end:
                batches = await self._consumer.getmany(self._partition, timeout_ms=1_000)
                for record in batches.get(self._partition, ()):
                    if record.offset < end and matches(record):
                        return record
        return None


@asynccontextmanager
async def partition_of(settings: Settings, stream: str, partition: int) -> AsyncIterator[Partition]:
    """Open a partition of a stream.

    Raises:
        BrokerError: It cannot be read.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=DERIVED_MAX,
        fetch_max_bytes=DERIVED_MAX,
        request_timeout_ms=int(_SECONDS * 1_000),
    )
    meant = TopicPartition(settings.stream(stream), partition)
    try:
        try:
            await consumer.start()
        except KafkaError as error:
            raise BrokerError(await unreachable(settings, error)) from error
        consumer.assign([meant])
        yield Partition(consumer, meant)
    except KafkaError as error:
        raise BrokerError(f"{stream} cannot be read: {in_words(error)}") from error
    except TimeoutError as error:
        raise BrokerError(f"{stream} gave nothing within {_SECONDS:.0f} s") from error
    finally:
        await consumer.stop()
