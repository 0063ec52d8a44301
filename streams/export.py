"""``geowire export``: what stands on news.enriched, as JSON lines, CSV or ninjs."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import IO, TYPE_CHECKING, Literal

import msgspec
import orjson

from schemas.codec import decode, encode
from schemas.enriched import Enriched
from schemas.envelope import header
from streams.scan import Advance, scan, scan_bounds, telling
from streams.serving.excerpts import served
from streams.serving.ninjs import as_ninjs
from streams.serving.rows import COLUMNS, as_row
from streams.table import ENRICHED
from streams.tail import Filter

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from streams.settings import Settings

Form = Literal["jsonl", "csv", "ninjs"]

_decoder = msgspec.json.Decoder(Enriched)


async def export(
    settings: Settings, out: IO[bytes], form: Form, *, since: int | None, only: Filter, progress: Advance | None
) -> int:
    """Write the standing event of each item that passes a filter; return how many.

    The stream is read twice: for what stands, by headers alone, and for the events. So a million items take some
    200 MB of memory, whatever their texts.

    Args:
        settings: The settings.
        out: Where to.
        form: One event a line: JSON as on the stream, CSV with a head, or ninjs 3.1.
        since: Only records of that time or later, milliseconds since the epoch.
        only: Which events.
        progress: Told which pass is under way, how much is done and how much there is.

    Raises:
        BrokerError: The stream cannot be read.
        DataError: A record is no event.
    """
    if form == "csv":
        out.write(_csv(COLUMNS))
    count = 0
    async for event in _standing(settings, since=since, only=only, progress=progress):
        out.write(_line(served(event, settings.serve_text), form))
        count += 1
    out.flush()
    return count


def _line(event: Enriched, form: Form) -> bytes:
    match form:
        case "csv":
            return _csv(as_row(event))
        case "ninjs":
            return orjson.dumps(as_ninjs(event)) + b"\n"
        case _:
            return encode(event) + b"\n"


def _csv(row: list[str] | tuple[str, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(row)
    return line.getvalue().encode()


async def _standing(
    settings: Settings, *, since: int | None, only: Filter, progress: Advance | None
) -> AsyncIterator[Enriched]:
    """Yield the event of each item that stands, in the order they were written, partition by partition."""
    topic = settings.stream(ENRICHED.name)
    bounds = await scan_bounds(settings, topic, since=since)
    newest: dict[bytes, tuple[bytes, int, int]] = {}
    async for record in scan(settings, topic, bounds, telling(progress, "versions")):
        version = _version(record)
        newest[record.key] = max(newest.get(record.key, version), version)
    async for record in scan(settings, topic, bounds, telling(progress, "events")):
        withdrawn = header(record.headers, "ce_reason") == b"withdrawn"
        if not withdrawn and newest[record.key] == _version(record) and only.passes(record):
            yield decode(_decoder, record.value)


def _version(record: ConsumerRecord) -> tuple[bytes, int, int]:
    """Return what orders the versions of an item; of one that was sent again the last is as good as the first."""
    generation = int(header(record.headers, "ce_generation") or b"0")
    return header(record.headers, "ce_time") or b"", generation, record.offset
