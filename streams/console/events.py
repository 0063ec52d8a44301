"""``/events``: enriched events as they are published, as server-sent events that go on where they stopped.

Whoever filters is told of more than what passes: where a later version of an item does not pass, ``gone`` says so,
since an earlier one may have. The consumer's rule holds here as everywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import msgspec
import orjson
from aiohttp import web
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct

from schemas.codec import decode, encode
from schemas.enriched import Enriched
from schemas.envelope import header, header_text, header_words
from schemas.errors import DataError
from streams.console import sse
from streams.console.guard import problem
from streams.console.rows import Wanted, as_text, pair_of, positions_of, wanted_of
from streams.console.state import SETTINGS
from streams.reading import reader
from streams.scan import bounds_of
from streams.serving.excerpts import served
from streams.table import ENRICHED
from streams.tail import Filter

if TYPE_CHECKING:
    from streams.settings import Settings

routes = web.RouteTableDef()

READERS = web.AppKey("readers", set[object])
"""Who reads: each has a Kafka consumer of its own, so there is a limit."""
_MOST_READERS = 50
_WAIT_MS = 250
_BATCH = 500

_decoder = msgspec.json.Decoder(Enriched)


@routes.get("/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Send events that pass a filter: ``?topic=sanctions&country=IR&pair=IR-US&language=en&source=gulf-monitor``.

    From now on; with ``Last-Event-ID`` or ``?after=0:12,1:40`` from those offsets on, with ``?after=beginning`` from
    the first one that is kept.
    """
    readers = request.app[READERS]
    if len(readers) >= _MOST_READERS:
        return problem(503, f"{_MOST_READERS} read events already: try again, or read from Kafka")
    wanted = _Only(wanted_of(request.query))
    asked = request.headers.get("Last-Event-ID", "") or request.query.get("after", "")
    after = None if asked == "" else {} if asked == "beginning" else positions_of(asked)
    me = object()
    readers.add(me)
    try:
        return await sse.send(request, _messages(request.app[SETTINGS], wanted, after))
    finally:
        readers.discard(me)


class _Only:
    """Which events are sent: by their headers, and for pairs by their values."""

    def __init__(self, wanted: Wanted) -> None:
        self._pairs = wanted.pairs
        self._filter = Filter(
            topics=wanted.topics,
            countries=wanted.countries,
            languages=wanted.languages,
            geo=wanted.geo,
            sources=wanted.feeds,
        )

    def may_pass(self, record: ConsumerRecord) -> bool:
        """Whether a record's headers pass."""
        if not self._filter.passes(record):
            return False
        about = header_words(record.headers, "ce_countries")
        return not self._pairs or any(set(pair.split("-")) <= set(about) for pair in self._pairs)

    def passes(self, event: Enriched) -> bool:
        """Whether an event whose headers pass does."""
        return not self._pairs or not self._pairs.isdisjoint(pair_of(pair.a, pair.b) for pair in event.pairs)


class _Gone(Struct, frozen=True):
    """What is said of a version that does not pass, and takes the place of one that may have."""

    item_id: str
    fetched: str
    generation: int
    reason: str


async def _messages(settings: Settings, only: _Only, after: Mapping[int, int] | None) -> AsyncIterator[sse.Message]:
    async with reader(settings, settings.stream(ENRICHED.name)) as consumer:
        bounds = await bounds_of(consumer)
        at = {p: max(kept, (bounds.end if after is None else after).get(p, 0)) for p, kept in bounds.kept.items()}
        for partition, offset in at.items():
            consumer.seek(TopicPartition(settings.stream(ENRICHED.name), partition), offset)
        told = ""
        while True:
            # An id without an event, too: whoever is cut off before the first event goes on from here all the same.
            if as_text(at) != told:
                told = as_text(at)
                yield sse.Message(orjson.dumps({"after": told}), "position", told)
            batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
            for records in batches.values():
                for record in records:
                    at[record.partition] = record.offset + 1
                    if (message := _message(settings, only, record, at)) is not None:
                        told = as_text(at)
                        yield message


def _message(settings: Settings, only: _Only, record: ConsumerRecord, at: Mapping[int, int]) -> sse.Message | None:
    """Return what is sent of a record, None where it is nothing."""
    reason = header_text(record.headers, "ce_reason")
    if only.may_pass(record) and reason != "withdrawn":
        try:
            event = decode(_decoder, record.value)
        except DataError:
            return None
        if only.passes(event):
            return sse.Message(encode(served(event, settings.serve_text)), id=as_text(at))
    if reason == "new":
        return None
    gone = _Gone(
        item_id=(record.key or b"").decode("utf-8", "replace"),
        fetched=header_text(record.headers, "ce_time"),
        generation=int(header(record.headers, "ce_generation") or b"0"),
        reason=reason,
    )
    return sse.Message(encode(gone), "gone", as_text(at))
