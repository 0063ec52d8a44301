"""One poll of one feed, without Kafka: fetch it, read what is new, decide what it came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, structs

from schemas.feed import Feed
from schemas.feed_state import FeedState
from schemas.raw import HttpResponse, Rights
from schemas.times import from_datetime
from streams.polling import outcome, validators
from streams.polling.fetch import Fetcher, Response
from streams.polling.outcome import Outcome
from streams.polling.pages.pages import Pages
from streams.polling.parsers import Parsers
from streams.polling.reading import Reading, Request, together
from streams.polling.schedule import Pace

_SITEMAPS = 2
"""Sitemaps of an index that are read: at the turn of the day its news are in two."""


def utc_now() -> datetime:
    """Return the time, aware."""
    return datetime.now(UTC)


class Polled(Struct, frozen=True, kw_only=True):
    """What a poll brought.

    Attributes:
        fetched: When it was.
        response: What the server answered.
        reading: What the body gave; None: there was none, or it was the same as before.
        outcome: What it came to; its state is to be stored after the broker has the items.
    """

    fetched: datetime
    response: Response
    reading: Reading | None
    outcome: Outcome


class Polls:
    """Polls feeds, one at a time a call."""

    def __init__(
        self, *, fetcher: Fetcher, parsers: Parsers, pace: Pace, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Prepare; fetcher and parsers are opened and closed by the caller."""
        self._fetcher = fetcher
        self._parsers = parsers
        self._pages = Pages(fetcher, parsers)
        self._pace = pace
        self._clock = clock

    async def once(self, feed: Feed, state: FeedState | None) -> Polled:
        """Poll a feed once. Never raises for what the network or the document does."""
        url = outcome.address(feed.url, state)
        response = await self._fetcher.get(url, validators.to_send(state, self._clock()))
        fetched = self._clock()
        reading = await self._read(feed, state, response, fetched)
        came = outcome.after(
            feed.id, feed.url, state=state, response=response, reading=reading, now=fetched, pace=self._pace
        )
        return Polled(fetched=fetched, response=response, reading=reading, outcome=came)

    async def _read(self, feed: Feed, state: FeedState | None, response: Response, fetched: datetime) -> Reading | None:
        """Parse a body that is new; None where there is none."""
        if response.body is None or outcome.is_unchanged(state, response):
            return None
        request = Request(
            feed=feed.ref,
            fetched=from_datetime(fetched),
            http=_exchange(response),
            content_type=response.headers.get("content-type"),
            listed=state.listed if state else (),
            first=state is None or state.succeeded is None,
            pages=feed.content == "page",
            rights=_rights(response),
        )
        reading = await self._parsers.read(request, response.body)
        if reading.sitemaps:
            reading = await self._follow(reading, request)
        return await self._pages.fill(reading) if request.pages and reading.items else reading

    async def _follow(self, index: Reading, request: Request) -> Reading:
        """Read the newest sitemaps of an index as one feed."""
        readings = []
        for url in index.sitemaps[:_SITEMAPS]:
            response = await self._fetcher.get(url)
            if response.body is not None:
                named = structs.replace(
                    request, http=_exchange(response), content_type=response.headers.get("content-type")
                )
                readings.append(await self._parsers.read(named, response.body))
        return together(index, readings)


def _exchange(response: Response) -> HttpResponse:
    return HttpResponse(
        status=response.status or 0,
        url=response.url,
        etag=response.headers.get("etag"),
        last_modified=response.headers.get("last-modified"),
    )


def _rights(response: Response) -> Rights:
    said = response.headers.get("tdm-reservation", "").strip()
    return Rights(statement=response.headers.get("tdm-policy"), tdm_reserved={"1": True, "0": False}.get(said))
