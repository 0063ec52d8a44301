"""One poll of one feed, without Kafka: fetch it, read what is new, decide what it came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct, structs

from schemas.feed import Feed
from schemas.feed_state import FeedState
from schemas.times import from_datetime
from streams.polling import outcome, validators
from streams.polling.answers import asking, read_answer
from streams.polling.fetch import Fetcher, Response
from streams.polling.outcome import Outcome
from streams.polling.pages.pages import Pages
from streams.polling.parsers import Parsers
from streams.polling.reading import Reading
from streams.polling.schedule import Pace


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

    async def once(self, feed: Feed, state: FeedState | None, answered: Callable[[], None] | None = None) -> Polled:
        """Poll a feed once. Never raises for what the network or the document does.

        Args:
            feed: The feed.
            state: What is known of it; None: it was never polled.
            answered: Called when its host has answered.
        """
        url = outcome.address(feed.url, state)
        response = await self._fetcher.get(url, validators.to_send(state, self._clock()))
        if answered is not None:
            answered()
        now = self._clock()
        fetched = _after_the_last(state, now)
        reading = await self._read(feed, state, response, fetched)
        came = outcome.after(
            feed.id, feed.url, state=state, response=response, reading=reading, now=now, pace=self._pace
        )
        if reading is not None and reading.items:
            came = structs.replace(came, state=structs.replace(came.state, fetched=from_datetime(fetched)))
        return Polled(fetched=fetched, response=response, reading=reading, outcome=came)

    async def _read(self, feed: Feed, state: FeedState | None, response: Response, fetched: datetime) -> Reading | None:
        """Parse a body that is new; None where there is none."""
        if response.body is None or outcome.is_unchanged(state, response):
            return None
        request = asking(
            response,
            feed.ref,
            fetched=from_datetime(fetched),
            listed=state.listed if state else (),
            first=state is None or state.succeeded is None,
            pages=feed.content == "page",
        )
        reading = await read_answer(response, request, fetcher=self._fetcher, parsers=self._parsers)
        return await self._pages.fill(reading) if request.pages and reading.items else reading


def _after_the_last(state: FeedState | None, now: datetime) -> datetime:
    """Return the fetch time of a poll: now, but behind that of the items before.

    Consumers take the version with the greatest fetch time. A clock that was set back, or one poller's that is behind
    another's, must not make an edit older than what it replaces.
    """
    if state is None or state.fetched is None:
        return now
    return max(now, datetime.fromisoformat(state.fetched) + timedelta(milliseconds=1))
