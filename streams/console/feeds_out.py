"""Feeds out: ``/feeds/diplomacy/CN-US.atom``, ``/feeds/en.json``: the newest events that stand, as excerpts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping

import msgspec
from aiohttp import web
from aiokafka import ConsumerRecord

from agents.classify.topics.catalogue import topic_ids
from schemas.codec import decode
from schemas.enriched import Enriched
from schemas.errors import DataError
from streams.console.follow import Followed, Health, follow
from streams.console.guard import problem
from streams.console.state import SETTINGS
from streams.console.window import Signal
from streams.scan import Bounds
from streams.serving.address import parse
from streams.serving.documents import atom, json_feed
from streams.serving.newest import MOST, Newest, entry_of
from streams.table import ENRICHED

routes = web.RouteTableDef()

_FORMS = {
    "atom": (atom, "application/atom+xml"),
    "json": (json_feed, "application/feed+json"),
}

_decoder = msgspec.json.Decoder(Enriched)


class Feeds:
    """What feeds are made of."""

    def __init__(self) -> None:
        """Begin empty."""
        self.newest = Newest()
        self.loaded = asyncio.Event()
        self.topics: list[str] = []

    def take(self, records: list[ConsumerRecord]) -> None:
        """Take in events."""
        for record in records:
            try:
                self.newest.take(entry_of(decode(_decoder, record.value)))
            except DataError:
                continue


FEEDS = web.AppKey("feeds", Feeds)


async def context(app: web.Application) -> AsyncIterator[None]:
    """Follow events as long as the application lives."""
    feeds, settings = app[FEEDS], app[SETTINGS]
    feeds.topics = topic_ids(settings.knowledge_dir)
    followed = Followed(ENRICHED.name, _newest, feeds.take, feeds.loaded.set)
    task = asyncio.create_task(follow(settings, followed, Health(Signal())))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _newest(bounds: Bounds) -> Mapping[int, int]:
    each = MOST // max(1, len(bounds.end))
    return {p: max(bounds.kept[p], end - each) for p, end in bounds.end.items()}


@routes.get("/feeds/{address:[^.]+}.{form:atom|json}")
async def feed(request: web.Request) -> web.StreamResponse:
    """Give a feed of what its address says: topics, countries, pairs and languages in any order; ``all`` of all."""
    feeds, address = request.app[FEEDS], request.match_info["address"]
    asked = parse(address, feeds.topics)
    if asked is None:
        return problem(
            404, f"{address[:100]!r} is no feed: topics, countries (CN), pairs (CN-US), languages (en), or all"
        )
    if not feeds.loaded.is_set():
        return problem(503, "events are being read: try again in some seconds")
    write, kind = _FORMS[request.match_info["form"]]
    url = str(request.url.with_query(None))
    body = write(feeds.newest.of(asked), address=address, url=url)
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    response = web.Response(headers={"Cache-Control": "no-cache"})
    response.etag = tag
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        response.set_status(304)
        return response
    response.body = body
    response.content_type = kind
    response.charset = "utf-8"
    return response
