"""What must not come again: the compacted ``news.suppressed`` stream, read at the start and followed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import ConsumerStoppedError

from schemas.codec import decode
from schemas.raw import RawItem
from schemas.suppressed import Suppressed
from streams.reading import reader
from streams.table import SUPPRESSED

if TYPE_CHECKING:
    from streams.settings import Settings

_decoder = msgspec.json.Decoder(Suppressed)


class Suppression:
    """Items and sources that are suppressed, as far as the stream was read."""

    def __init__(self) -> None:
        """Begin with none."""
        self.entries: dict[str, Suppressed] = {}

    def __call__(self, item: RawItem) -> bool:
        """Say whether an item is suppressed."""
        return bool(self.entries) and self.holds(item.item_id, item.feed.id)

    def holds(self, item_id: str, feed_id: str | None) -> bool:
        """Say whether an item is suppressed, by its id or its feed's."""
        return f"item/{item_id}" in self.entries or f"source/{feed_id}" in self.entries

    def note(self, record: ConsumerRecord) -> None:
        """Take in a record of the stream."""
        key = bytes(record.key).decode()
        if record.value is None:
            self.entries.pop(key, None)
        else:
            self.entries[key] = decode(_decoder, record.value)


async def load(settings: Settings) -> Suppression:
    """Return what is suppressed now.

    Raises:
        BrokerError: The stream cannot be read.
    """
    async with followed(settings) as (suppression, _):
        return suppression


@asynccontextmanager
async def followed(settings: Settings) -> AsyncIterator[tuple[Suppression, AIOKafkaConsumer]]:
    """Read the stream to its end, and keep the consumer to go on with ``follow``.

    Raises:
        BrokerError: The stream cannot be read.
    """
    suppression = Suppression()
    async with reader(settings, settings.stream(SUPPRESSED.name)) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            await _take(consumer, suppression)
        yield suppression, consumer


async def follow(consumer: AIOKafkaConsumer, suppression: Suppression) -> None:
    """Take in what is added, until cancelled or until the consumer is stopped."""
    with suppress(ConsumerStoppedError):
        while True:
            await _take(consumer, suppression)


async def _take(consumer: AIOKafkaConsumer, suppression: Suppression) -> None:
    for records in (await consumer.getmany(timeout_ms=500)).values():
        for record in records:
            suppression.note(record)
