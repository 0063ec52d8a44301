"""The generations of the live pipe: read from the ``pipeline`` stream, begun where knowledge or code changed.

A generation is a number. It begins when a worker starts with other knowledge or another version than the newest one
has, and holds from the offsets that were committed then: what was not committed is redelivered and decided anew.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.codec import decode, encode
from schemas.enriched import Pipeline
from schemas.errors import BrokerError
from schemas.pipeline import Generation
from schemas.times import from_datetime
from streams.broker.admin import admin, patiently
from streams.broker.connection import client_arguments
from streams.reading import read_all
from streams.table import PIPELINE, UNIQUE

if TYPE_CHECKING:
    from streams.settings import Settings

_decoder = msgspec.json.Decoder(Generation)


async def current(settings: Settings, pipeline: Pipeline) -> Generation:
    """Return the generation of this code and knowledge, beginning a new one where the newest is another.

    Args:
        settings: The settings.
        pipeline: Version and knowledge of this worker.

    Raises:
        BrokerError: The ``pipeline`` stream cannot be read or written.
    """
    while True:
        known = await read(settings)
        newest = known[-1] if known else None
        if newest and (newest.version, newest.knowledge) == (pipeline.version, pipeline.knowledge):
            return newest
        # Of two workers that begin one at the same time, the earlier record counts; the other begins the next.
        await _append(
            settings,
            Generation(
                generation=newest.generation + 1 if newest else 1,
                version=pipeline.version,
                knowledge=pipeline.knowledge,
                valid_from=await _committed(settings),
                started=from_datetime(datetime.now(UTC)),
            ),
        )


async def read(settings: Settings) -> list[Generation]:
    """Return all generations, oldest first; of two records with one number the earlier counts."""
    generations: dict[int, Generation] = {}
    for record in await read_all(settings, settings.stream(PIPELINE.name)):
        if record.value is not None:
            generation = decode(_decoder, record.value)
            generations.setdefault(generation.generation, generation)
    return [generations[number] for number in sorted(generations)]


async def _append(settings: Settings, generation: Generation) -> None:
    producer = AIOKafkaProducer(**client_arguments(settings), enable_idempotence=True)
    try:
        await producer.start()
        key = f"{generation.generation}/{generation.version}/{generation.knowledge}"
        await producer.send_and_wait(settings.stream(PIPELINE.name), encode(generation), key=key.encode())
    except KafkaError as error:
        raise BrokerError(f"the pipeline stream cannot be written: {error!r}") from error
    finally:
        await producer.stop()


async def _committed(settings: Settings) -> dict[str, int]:
    topic = settings.stream(UNIQUE.name)
    async with admin(settings) as client:
        offsets = await patiently(lambda: client.list_consumer_group_offsets(settings.group))
    return {
        str(partition.partition): position.offset
        for partition, position in sorted(offsets.items())
        if partition.topic == topic and position.offset >= 0
    }
