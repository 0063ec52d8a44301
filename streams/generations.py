"""The generations of the live pipe: read from the ``pipeline`` stream, begun where knowledge or code changed.

A generation is a number. It begins when a worker starts with other knowledge, another version or another extent of text
than the newest one has, and holds from the offsets that were committed then: what was not committed is redelivered and
decided anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from schemas.codec import decode, encode
from schemas.enriched import Pipeline
from schemas.errors import ConfigError
from schemas.pipeline import Generation
from schemas.record import Record
from schemas.times import from_datetime
from streams import writing
from streams.broker.admin import admin, patiently
from streams.reading import read_all
from streams.table import PIPELINE, UNIQUE

if TYPE_CHECKING:
    from streams.settings import Settings

_decoder = msgspec.json.Decoder(Generation)


class Timeline:
    """Which generation each record of news.unique belongs to: the newest whose offsets it has reached.

    So a redelivered or replayed record has the generation that it had, whatever is live by now.
    """

    def __init__(self, known: Sequence[Generation]) -> None:
        """Prepare.

        Args:
            known: All generations, oldest first.
        """
        self._newest_first = [
            (g.generation, {int(partition): offset for partition, offset in g.valid_from.items()})
            for g in reversed(known)
        ]

    @property
    def newest(self) -> int:
        """Number of the newest generation; 0 where there is none."""
        return self._newest_first[0][0] if self._newest_first else 0

    def __call__(self, record: Record) -> int:
        """Return the number of the generation that a record of news.unique belongs to; 0 where there is none."""
        return self.at(record.partition, record.offset)

    def at(self, partition: int, offset: int) -> int:
        """Return the number of the generation at an offset of news.unique; 0 where there is none."""
        for generation, valid_from in self._newest_first:
            if offset >= valid_from.get(partition, 0):
                return generation
        return 0


async def current(settings: Settings, pipeline: Pipeline) -> list[Generation]:
    """Return all generations, the last one of this code and knowledge: begun here where the newest is another.

    Args:
        settings: The settings.
        pipeline: Version and knowledge of this worker.

    Raises:
        BrokerError: The ``pipeline`` stream cannot be read or written.
        ConfigError: This code and knowledge were replaced on purpose, by a promotion.
    """
    while True:
        known = await read(settings)
        newest = known[-1] if known else None
        if newest and is_of(newest, settings, pipeline):
            return known
        if newest and newest.replay and (replaced := [g for g in known if is_of(g, settings, pipeline)]):
            raise ConfigError(
                f"generation {newest.generation} was promoted from replay {newest.replay}: knowledge "
                f"{newest.knowledge}, version {newest.version}, text {newest.text}; what this worker has is that of "
                f"generation {replaced[-1].generation}, from before. Set GEOWIRE_KNOWLEDGE_DIR to the promoted "
                "knowledge, or promote a replay with the earlier one to go back"
            )
        # Of two workers that begin one at the same time, the earlier record counts; the other begins the next.
        await append(
            settings,
            Generation(
                generation=newest.generation + 1 if newest else 1,
                version=pipeline.version,
                knowledge=pipeline.knowledge,
                text=settings.event_text,
                valid_from=await committed(settings),
                started=from_datetime(datetime.now(UTC)),
            ),
        )


def is_of(generation: Generation, settings: Settings, pipeline: Pipeline) -> bool:
    """Say whether a generation is that of an installation: its code, its knowledge, and how much text it publishes."""
    here = (pipeline.version, pipeline.knowledge, settings.event_text)
    return (generation.version, generation.knowledge, generation.text) == here


async def read(settings: Settings) -> list[Generation]:
    """Return all generations, oldest first; of two records with one number the earlier counts."""
    generations: dict[int, Generation] = {}
    for record in await read_all(settings, settings.stream(PIPELINE.name)):
        if record.value is not None:
            generation = decode(_decoder, record.value)
            generations.setdefault(generation.generation, generation)
    return [generations[number] for number in sorted(generations)]


async def append(settings: Settings, generation: Generation) -> None:
    """Write a generation to the ``pipeline`` stream.

    Raises:
        BrokerError: It cannot be written.
    """
    key = f"{generation.generation}/{generation.version}/{generation.knowledge}/{generation.text}"
    await writing.append(settings, PIPELINE, key, encode(generation))


async def committed(settings: Settings) -> dict[str, int]:
    """Return up to which offset of news.unique, by partition, the live workers have committed."""
    topic = settings.stream(UNIQUE.name)
    async with admin(settings) as client:
        offsets = await patiently(lambda: client.list_consumer_group_offsets(settings.group))
    return {
        str(partition.partition): position.offset
        for partition, position in sorted(offsets.items())
        if partition.topic == topic and position.offset >= 0
    }
