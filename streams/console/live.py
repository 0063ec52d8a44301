"""Live: the newest events as they arrive, and those before them, read from Kafka by offset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import orjson
from aiohttp import web
from aiokafka import ConsumerRecord

from schemas.codec import decode
from schemas.errors import DataError
from schemas.story import Story
from streams.console import sse
from streams.console.follow import Followed, Health, follow
from streams.console.rows import Row, Wanted, as_text, positions_of, row_of, wanted_of
from streams.console.state import SETTINGS
from streams.console.window import MOST, Place, Signal, Stories, Told, Window
from streams.scan import Bounds, scan, scan_bounds
from streams.table import ENRICHED, STORIES

if TYPE_CHECKING:
    from streams.settings import Settings

_TOGETHER_SECONDS = 0.2
"""What arrives within that is sent together."""
_CHUNK = 1_000
_OLDER_STRIDE = 400
_OLDER_WANTED = 200
_OLDER_READ = 8_000
"""Records that one request for older events reads at most, from all partitions."""

_STORY_RECORDS = 100_000
"""Of news.stories: it keeps a record for each item of the retention, and what the window holds was told of last."""

_stories = msgspec.json.Decoder(Story)

routes = web.RouteTableDef()


class Live:
    """What the pages of events are made of."""

    def __init__(self) -> None:
        """Begin empty."""
        self.signal = Signal()
        self.window = Window(self.signal)
        self.stories = Stories(self.signal)
        self.health = Health(self.signal)
        self._loading: list[Row] = []

    def take(self, records: list[ConsumerRecord]) -> None:
        """Take in events."""
        rows = [row for record in records if (row := row_of(record)) is not None]
        if self.window.loaded:
            self.window.add(rows)
        else:
            self._loading += rows

    def loaded(self) -> None:
        """Note that what was there at the start has been taken."""
        self.window.load(self._loading)
        self._loading = []

    def take_stories(self, records: list[ConsumerRecord]) -> None:
        """Take in what is said of stories."""
        for record in records:
            told = None
            with suppress(DataError):
                told = Told(decode(_stories, record.value), record.offset, record.timestamp)
            self.stories.note(record.key.decode("utf-8", "replace"), told)


LIVE = web.AppKey("live", Live)


async def context(app: web.Application) -> AsyncIterator[None]:
    """Follow events and stories as long as the application lives."""
    live, settings = app[LIVE], app[SETTINGS]
    followed = (
        Followed(ENRICHED.name, _newest, live.take, live.loaded),
        Followed(STORIES.name, _newest_stories, live.take_stories),
    )
    tasks = [asyncio.create_task(follow(settings, one, live.health)) for one in followed]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _newest(bounds: Bounds) -> Mapping[int, int]:
    each = MOST // max(1, len(bounds.end))
    return {p: max(bounds.kept[p], end - each) for p, end in bounds.end.items()}


def _newest_stories(bounds: Bounds) -> Mapping[int, int]:
    return {p: max(bounds.kept[p], end - _STORY_RECORDS) for p, end in bounds.end.items()}


@routes.get("/api/live")
async def live_events(request: web.Request) -> web.StreamResponse:
    """Send the events that pass a filter as they arrive, beginning with the newest there are.

    A browser that connects anew says where it was (``Last-Event-ID``, offsets by partition) and gets what came since.
    """
    wanted = wanted_of(request.query)
    after = positions_of(request.headers.get("Last-Event-ID", "") or request.query.get("after", ""))
    return await sse.send(request, _messages(request.app[LIVE], wanted, after))


async def _messages(live: Live, wanted: Wanted, after: Mapping[int, int]) -> AsyncIterator[sse.Message]:
    number, told, problem, begun = 0, 0, object(), False
    while True:
        if live.health.problem != problem:
            problem = live.health.problem
            yield sse.Message(orjson.dumps({"problem": problem}), "health")
        if live.window.loaded:
            if number < live.window.first and begun:
                yield sse.Message(orjson.dumps({"missed": live.window.first - number}), "gap")
            rows = [row for row in live.window.since(number) if wanted.passes(row) and _is_after(row, after)]
            number = live.window.end
            pieces = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
            # A list is filled from where one looks: at first the newest piece comes first.
            for piece in pieces if begun or after else reversed(pieces):
                yield sse.Message(_encoded(piece), "rows")
            if not begun or told != live.stories.end:
                changed = live.stories.changes(told) if begun else None
                told = live.stories.end
                yield sse.Message(_places(live, changed), "stories")
            # Only behind everything: who is cut off in the middle gets it all again.
            yield sse.Message(orjson.dumps({"kept": len(live.window)}), "upto", as_text(live.window.positions))
            begun = True
        await live.signal.wait()
        await asyncio.sleep(_TOGETHER_SECONDS)


def _is_after(row: Row, after: Mapping[int, int]) -> bool:
    return row.offset >= after.get(row.partition, 0)


def _encoded(rows: Iterable[Row]) -> bytes:
    return b"[" + b",".join(row.encoded for row in rows) + b"]"


def _places(live: Live, changed: Mapping[str, Place | None] | None) -> bytes:
    """Return which story items are in: those that changed, or all that are kept."""
    if changed is None:
        changed = {row.item_id: place for row in live.window.newest() if (place := live.stories.place(row.item_id))}
    return orjson.dumps({item: place and [place.story, place.size] for item, place in changed.items()})


@routes.get("/api/older")
async def older(request: web.Request) -> web.StreamResponse:
    """Give events before some offsets that pass a filter, the newest first, and from where to go on.

    So many records are read and no more; where few pass, the answer says how far it got, and one asks again.
    """
    before = positions_of(request.query.get("before", ""))
    rows, upto, read = await _older(request.app[SETTINGS], before, wanted_of(request.query))
    live = request.app[LIVE]
    places = {row.item_id: [place.story, place.size] for row in rows if (place := live.stories.place(row.item_id))}
    body = b'{"rows":%s,"stories":%s,"before":%s,"read":%d,"until":%s}' % (
        _encoded(rows),
        orjson.dumps(places),
        orjson.dumps(as_text(upto) if upto is not None else None),
        read,
        orjson.dumps(rows[-1].time if rows else None),
    )
    return web.Response(body=body, content_type="application/json")


async def _older(
    settings: Settings, before: Mapping[int, int], wanted: Wanted
) -> tuple[list[Row], dict[int, int] | None, int]:
    """Read backwards, all partitions abreast by time; return rows, where to go on (None: nowhere), and the count."""
    topic = settings.stream(ENRICHED.name)
    there = await scan_bounds(settings, topic)
    upto = {p: min(before.get(p, end), end) for p, end in there.end.items()}
    found: list[Row] = []
    read, stride = 0, _OLDER_STRIDE
    while len(found) < _OLDER_WANTED and read < _OLDER_READ:
        start = {p: max(there.kept[p], end - stride // len(upto) - 1) for p, end in upto.items()}
        if start == upto:
            return found, None, read
        records = [record async for record in scan(settings, topic, Bounds(there.kept, start, upto))]
        # What is older than the oldest record read of a partition may have neighbours that were not read yet.
        oldest: dict[int, int] = {}
        for record in records:
            oldest[record.partition] = min(oldest.get(record.partition, record.timestamp), record.timestamp)
        safe = max((t for p, t in oldest.items() if start[p] > there.kept[p]), default=0)
        taken = [record for record in records if record.timestamp >= safe]
        for record in taken:
            upto[record.partition] = min(upto[record.partition], record.offset)
        read += len(taken)
        stride *= 2
        rows = [row for record in taken if (row := row_of(record)) is not None and wanted.passes(row)]
        found += sorted(rows, key=lambda row: (-row.time, row.partition, -row.offset))
    return found, upto, read
