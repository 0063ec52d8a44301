"""Reading the dead letters, and doing something about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from schemas.codec import decode, encode
from schemas.errors import ConfigError
from schemas.record import Output, Record
from schemas.settled import Settled
from streams.dlq.again import Refusal, again
from streams.dlq.letters import Letter, Wanted, letter_of
from streams.operator import here, now, timestamp
from streams.reading import as_record, read_all
from streams.scan import Advance, scan, scan_bounds, telling
from streams.suppression import load as load_suppression
from streams.table import DEAD_LETTER, SETTLED, STREAMS
from streams.writing import send_all, writer

if TYPE_CHECKING:
    from streams.settings import Settings

_decoder = msgspec.json.Decoder(Settled)
_AT_A_TIME = 200


class Found(Struct, frozen=True):
    """A letter, and the record it is."""

    letter: Letter
    record: Record


class Done(Struct, frozen=True):
    """What came of trying letters again."""

    sent: tuple[Letter, ...]
    refused: tuple[tuple[Letter, str], ...]


async def find(settings: Settings, wanted: Wanted, *, progress: Advance | None = None) -> list[Found]:
    """Return the letters that are meant, by partition and offset. Their records are in memory: narrow it down.

    Raises:
        BrokerError: The streams cannot be read.
    """
    found = [one async for one in _letters(settings, wanted, progress)]
    return sorted(found, key=lambda one: (one.record.partition, one.record.offset))


async def letters(settings: Settings, wanted: Wanted, *, progress: Advance | None = None) -> list[Letter]:
    """Return what the letters that are meant say, the oldest first, without their records.

    Raises:
        BrokerError: The streams cannot be read.
    """
    found = [one.letter async for one in _letters(settings, wanted, progress)]
    return sorted(found, key=lambda letter: letter.time)


async def retry(settings: Settings, found: Sequence[Found], *, execute: bool) -> Done:
    """Put the records of letters back onto the streams they came from.

    The record goes out before it is noted that it did: who dies in between tries it once more, which gives the same.

    Args:
        settings: The settings.
        found: The letters.
        execute: Do it; else only say what would be done.

    Raises:
        BrokerError: The broker cannot be reached.
        DeliveryError: The broker did not take a record.
    """
    keep = {stream.name: stream.retention_ms(settings) for stream in STREAMS}
    suppression = await load_suppression(settings)
    time = now()
    todo: list[tuple[Letter, Output]] = []
    refused: list[tuple[Letter, str]] = []
    for one in found:
        what = again(
            one.record,
            partitions=settings.partitions,
            now=time,
            retention_ms=keep,
            suppressed=suppression.holds,
        )
        if isinstance(what, Refusal):
            refused.append((one.letter, what.reason))
        else:
            todo.append((one.letter, what))
    if execute and todo:
        async with writer(settings) as producer:
            for start in range(0, len(todo), _AT_A_TIME):
                part = todo[start : start + _AT_A_TIME]
                await send_all(settings, producer, [output for _, output in part])
                await settle(settings, [letter for letter, _ in part], "retried")
    return Done(tuple(letter for letter, _ in todo), tuple(refused))


async def settle(settings: Settings, done: Sequence[Letter], what: Literal["retried", "dropped"]) -> None:
    """Note what was done about letters.

    Raises:
        DeliveryError: The broker did not take it.
    """
    notes = [Settled(letter=letter.place, what=what, at=timestamp(), by=here()) for letter in done]
    async with writer(settings) as producer:
        outputs = [Output(SETTLED.name, 0, note.letter.encode(), encode(note), []) for note in notes]
        await send_all(settings, producer, outputs)


def check_places(places: Sequence[str], found: Sequence[Letter]) -> None:
    """Refuse to go on where a letter that was named is not there.

    Raises:
        ConfigError: Says which.
    """
    missing = set(places) - {letter.place for letter in found}
    if missing:
        raise ConfigError(f"there is no such dead letter: {', '.join(sorted(missing))}; they are partition:offset")


async def settled(settings: Settings) -> dict[str, Settled]:
    """Return what was done about letters, by their places.

    Raises:
        BrokerError: The stream cannot be read.
    """
    notes = [decode(_decoder, record.value) for record in await read_all(settings, settings.stream(SETTLED.name))]
    return {note.letter: note for note in notes}


async def _letters(settings: Settings, wanted: Wanted, progress: Advance | None) -> AsyncIterator[Found]:
    done = await settled(settings)
    topic = settings.stream(DEAD_LETTER.name)
    bounds = await scan_bounds(settings, topic, since=wanted.since)
    async for record in scan(settings, topic, bounds, telling(progress, topic)):
        found = as_record(DEAD_LETTER.name, record)
        letter = letter_of(found, done.get(f"{record.partition}:{record.offset}"))
        if wanted.takes(letter):
            yield Found(letter, found)
