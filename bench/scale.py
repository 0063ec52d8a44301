"""How the cost of an event grows: with what dedupe knows, with partitions, with workers. ``make bench-scale``.

State is preloaded through the changelog, as another worker would have written it; the worker recovers it from an empty
data directory before it works.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid

from aiokafka import AIOKafkaProducer
from msgspec import Struct

from agents.dedupe import state
from agents.dedupe.agent import CHANGELOG
from agents.dedupe.decide import Entry, Version
from agents.identity.partitions import partition_of
from schemas.record import Position
from schemas.times import from_milliseconds
from streams.settings import Settings
from tests import streams_of

_IN_FLIGHT = 20_000


class Preload(Struct, frozen=True):
    """What writing the changelog took."""

    keys: int
    seconds: float


async def preload(settings: Settings, keys: int) -> Preload:
    """Write so many entries of items long accepted to the dedupe changelog."""
    begun = time.perf_counter()
    seen = int(time.time() * 1000) - 86_400_000
    topic = settings.stream(CHANGELOG)
    async with streams_of.producer(settings, compression_type="lz4", linger_ms=50) as client:
        futures = []
        for number in range(keys):
            futures.append(await _send(client, topic, number, seen, settings.partitions))
            if len(futures) >= _IN_FLIGHT:
                await asyncio.gather(*futures)
                futures.clear()
        await asyncio.gather(*futures)
    return Preload(keys, time.perf_counter() - begun)


async def _send(
    client: AIOKafkaProducer, topic: str, number: int, seen: int, partitions: int
) -> asyncio.Future[object]:
    key = str(uuid.UUID(bytes=os.urandom(16))).encode()
    version = Version(Position(0, number), os.urandom(16).hex(), from_milliseconds(seen), None)
    entry = state.encode(Entry((version,), seen))
    sent: asyncio.Future[object] = await client.send(topic, entry, key=key, partition=partition_of(key, partitions))
    return sent
