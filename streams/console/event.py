"""One event as a whole: its text with everything marked, the raw item, its way through the pipe, its other versions."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from aiohttp import web

from agents.identity.partitions import partition_of as partition_of_key
from schemas.codec import decode
from schemas.enriched import Enriched
from schemas.envelope import header
from schemas.errors import DataError
from schemas.times import to_milliseconds
from streams.console.guard import problem
from streams.console.live import LIVE
from streams.console.lookup import partition_of
from streams.console.rows import Row, row_of
from streams.console.spans import text_spans, title_spans
from streams.console.state import SETTINGS
from streams.table import ENRICHED, RAW, STORIES, UNIQUE

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from streams.settings import Settings

_MEMBERS = 30
"""Items of a story that are looked up."""

_events = msgspec.json.Decoder(Enriched)

routes = web.RouteTableDef()


_PLACE = "/api/events/{partition:[0-9]{1,5}}:{offset:[0-9]{1,18}}"


@routes.get(_PLACE)
async def event(request: web.Request) -> web.StreamResponse:
    """Give one event, as its page shows it."""
    found = await _asked(request)
    if isinstance(found, web.Response):
        return found
    record, decided = found
    spans = {"title_spans": title_spans(decided), "text_spans": text_spans(decided)}
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    return _json({"event": {**msgspec.to_builtins(decided), **spans}, "headers": headers})


@routes.get(f"{_PLACE}/way")
async def way(request: web.Request) -> web.StreamResponse:
    """Give the raw item of an event, where it was in each stream and when, and the other versions of its story."""
    found = await _asked(request)
    if isinstance(found, web.Response):
        return found
    record, decided = found
    (raw, stops), versions, story = await asyncio.gather(
        _way(request.app[SETTINGS], decided, record.partition),
        _versions(request.app, decided, record),
        _story(request.app, decided.item_id),
    )
    item: Any = None
    if raw is not None and raw.value is not None:
        with suppress(orjson.JSONDecodeError):
            item = orjson.loads(raw.value)
    stops.append(_stop(ENRICHED.name, record))
    if story is not None:
        stops.append(story.pop("place"))
    return _json({"raw": item, "way": stops, "versions": versions, "story": story})


async def _asked(request: web.Request) -> tuple[ConsumerRecord, Enriched] | web.Response:
    """Return the event that is asked for, or the answer that says why not."""
    settings = request.app[SETTINGS]
    partition, offset = int(request.match_info["partition"]), int(request.match_info["offset"])
    if partition >= settings.partitions:
        return problem(404, f"{ENRICHED.name} has no partition {partition}")
    async with partition_of(settings, ENRICHED.name, partition) as enriched:
        record = await enriched.at(offset)
    if record is None:
        return problem(404, f"{ENRICHED.name} holds no {partition}:{offset}: it is not kept any more, or not there yet")
    try:
        return record, decode(_events, record.value)
    except DataError as error:
        return problem(422, f"{partition}:{offset} is no event: {error}")


async def _way(
    settings: Settings, event: Enriched, partition: int
) -> tuple[ConsumerRecord | None, list[dict[str, Any]]]:
    """Return the raw record, and where the item was before news.enriched."""
    origin = f"{event.raw.partition}:{event.raw.offset}".encode()
    since = to_milliseconds(event.fetched)

    async def raw_record() -> ConsumerRecord | None:
        async with partition_of(settings, RAW.name, event.raw.partition) as raw:
            return await raw.at(event.raw.offset)

    async def unique_record() -> ConsumerRecord | None:
        async with partition_of(settings, UNIQUE.name, partition) as unique:
            return await unique.first(since, lambda record: header(record.headers, "origin") == origin)

    raw, unique = await asyncio.gather(raw_record(), unique_record())
    stops = [_stop(stream.name, record) for stream, record in ((RAW, raw), (UNIQUE, unique)) if record is not None]
    return raw, stops


async def _versions(app: web.Application, event: Enriched, record: ConsumerRecord) -> list[orjson.Fragment]:
    """Return other events of the item: what this one supersedes, and those in memory."""
    rows = {(row.partition, row.offset): row for row in app[LIVE].window.since(0) if row.item_id == event.item_id}
    if event.supersedes is not None:
        before = await _events_of(app[SETTINGS], {event.item_id: to_milliseconds(event.supersedes.fetched)})
        rows |= {(row.partition, row.offset): row for row in before}
    rows.pop((record.partition, record.offset), None)
    return [orjson.Fragment(row.encoded) for _, row in sorted(rows.items())]


async def _story(app: web.Application, item_id: str) -> dict[str, Any] | None:
    """Return the story of an item: its newest other members, with their events where they are found."""
    live = app[LIVE]
    place = live.stories.place(item_id)
    told = live.stories.told(place.story) if place is not None else None
    if told is None:
        return None
    story = told.story
    others = [member for member in story.members if member.item_id != item_id][-_MEMBERS:]
    known = {row.item_id: row for row in live.window.since(0)}
    unknown = {m.item_id: to_milliseconds(m.fetched) for m in others if m.item_id not in known}
    known |= {row.item_id: row for row in await _events_of(app[SETTINGS], unknown)}
    members = [
        {
            "item_id": member.item_id,
            "fetched": member.fetched,
            "row": orjson.Fragment(known[member.item_id].encoded) if member.item_id in known else None,
        }
        for member in others
    ]
    at = {"stream": STORIES.name, "partition": 0, "offset": told.offset, "time": told.time}
    return {"id": story.story, "size": story.size, "members": members, "place": at}


async def _events_of(settings: Settings, items: dict[str, int]) -> list[Row]:
    """Return the first event of each of some items from a time on, as far as it is found soon after it."""
    by_partition: dict[int, list[str]] = {}
    for item_id in items:
        by_partition.setdefault(partition_of_key(item_id.encode(), settings.partitions), []).append(item_id)

    async def of(partition: int) -> list[ConsumerRecord | None]:
        async with partition_of(settings, ENRICHED.name, partition) as enriched:
            return [await enriched.first(items[i], partial(_has_key, i.encode())) for i in by_partition[partition]]

    found = await asyncio.gather(*map(of, by_partition))
    records = [record for some in found for record in some if record is not None]
    return [row for record in records if (row := row_of(record)) is not None]


def _has_key(key: bytes, record: ConsumerRecord) -> bool:
    return bool(record.key == key)


def _stop(stream: str, record: ConsumerRecord) -> dict[str, Any]:
    return {"stream": stream, "partition": record.partition, "offset": record.offset, "time": record.timestamp}


def _json(value: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
