"""Feeds: how each is, when it is polled next and why, and what was lost."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
from aiohttp import web
from aiokafka import ConsumerRecord
from msgspec import structs

from schemas.feed import Subscription
from schemas.feed_state import FeedState
from schemas.feed_status import FeedStatus
from schemas.times import to_milliseconds
from streams.console.follow import Followed, follow
from streams.console.guard import problem
from streams.console.live import LIVE
from streams.console.state import SETTINGS
from streams.polling import states, subscriptions
from streams.polling.rhythm import DAY, rate, window
from streams.polling.schedule import NEVER
from streams.polling.why import in_words, why
from streams.scan import Bounds
from streams.table import FEED_STATE, FEED_STATUS, FEEDS

_STATUS_RECORDS = 5_000
_EVENTS = 20
_WEEK_MS = 7 * 86_400_000

_status = msgspec.json.Decoder(FeedStatus)

routes = web.RouteTableDef()


class Overview:
    """The feeds by partition and id: what is deleted where a feed was must not delete it where it is."""

    def __init__(self) -> None:
        """Begin empty."""
        self._subscriptions: dict[tuple[int, str], Subscription] = {}
        self._states: dict[tuple[int, str], FeedState] = {}
        self._events: dict[str, deque[FeedStatus]] = {}

    def take_feeds(self, records: Sequence[ConsumerRecord]) -> None:
        """Take in which feeds there are."""
        for record in records:
            _put(self._subscriptions, record, subscriptions.parse(record.value))

    def take_states(self, records: Sequence[ConsumerRecord]) -> None:
        """Take in how feeds are; what they list is let go, it is most of a state."""
        for record in records:
            state = states.read(record.value)
            known = self._states.get(_key(record))
            if state is not None and known is not None and state.writer < known.writer:
                continue  # void: somebody newer wrote before
            _put(self._states, record, structs.replace(state, listed=(), newest=()) if state is not None else None)

    def take_events(self, records: Sequence[ConsumerRecord]) -> None:
        """Take in what was said of feeds."""
        for record in records:
            try:
                event = _status.decode(record.value or b"")
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            self._events.setdefault(event.feed_id, deque(maxlen=_EVENTS)).append(event)

    @property
    def feeds(self) -> dict[str, tuple[Subscription, FeedState | None]]:
        """The feeds that were not removed, with their states."""
        found: dict[str, tuple[Subscription, FeedState | None]] = {}
        for key, subscription in self._subscriptions.items():
            if not subscription.removed and (key[1] not in found or not subscription.leaving):
                found[key[1]] = (subscription, self._states.get(key))
        return dict(sorted(found.items()))

    def events(self, feed_id: str) -> Sequence[FeedStatus]:
        """Return what was said of a feed, the oldest first."""
        return self._events.get(feed_id, ())


OVERVIEW = web.AppKey("feeds", Overview)


async def context(app: web.Application) -> AsyncIterator[None]:
    """Follow feeds, states and events as long as the application lives."""
    overview = app[OVERVIEW]
    followed = (
        Followed(FEEDS.name, _all, overview.take_feeds),
        Followed(FEED_STATE.name, _all, overview.take_states),
        Followed(FEED_STATUS.name, _newest, overview.take_events),
    )
    tasks = [asyncio.create_task(follow(app[SETTINGS], one, app[LIVE].health)) for one in followed]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@routes.get("/api/feeds")
async def feeds(request: web.Request) -> web.StreamResponse:
    """Give all feeds."""
    overview, now = request.app[OVERVIEW], datetime.now(UTC)
    rows = [_row(s, state, overview.events(feed_id), now) for feed_id, (s, state) in overview.feeds.items()]
    return web.Response(body=orjson.dumps({"feeds": rows}), content_type="application/json")


@routes.get("/api/feeds/{feed}")
async def feed(request: web.Request) -> web.StreamResponse:
    """Give one feed: when it is polled next and why, in plain words, and what was said of it."""
    overview, name, now = request.app[OVERVIEW], request.match_info["feed"], datetime.now(UTC)
    known = overview.feeds
    if name not in known:
        return problem(404, f"there is no feed {name[:120]}")
    subscription, state = known[name]
    others = [other for _, other in known.values() if other is not None and other.feed_id != name]
    said = {
        **_row(subscription, state, overview.events(name), now),
        "lines": list(why(subscription.url, state, now=now, others=others)) if subscription.active else [],
        "events": [msgspec.to_builtins(event) for event in reversed(overview.events(name))],
        "content": subscription.feed.content,
        "source": subscription.feed.source,
    }
    return web.Response(body=orjson.dumps(said), content_type="application/json")


def _row(
    subscription: Subscription, state: FeedState | None, events: Sequence[FeedStatus], now: datetime
) -> dict[str, Any]:
    """Return a feed as a line of the list. Times are milliseconds since the epoch, spans seconds."""
    listed = subscription.feed
    rhythm = state.rhythm if state is not None else None
    recent = time.time() * 1000 - _WEEK_MS
    due = datetime.fromisoformat(state.next_due) if state is not None else None
    return {
        "id": listed.id,
        "title": listed.title or (state.title if state is not None else None) or listed.publisher or listed.id,
        "url": subscription.url,
        "language": listed.language,
        "state": _state(subscription, state),
        "problem": state.problem if state is not None else None,
        "status": state.status if state is not None else None,
        "failures": state.failures if state is not None else 0,
        "polled": to_milliseconds(state.polled) if state is not None and state.polled else None,
        "next": round(due.timestamp() * 1000) if due is not None and due.year < NEVER.year else None,
        "why": in_words(state.reasons[0]) if state is not None and state.reasons else None,
        "window": window(rhythm, now) if rhythm is not None else None,
        "a_day": rate(rhythm) * DAY if rhythm is not None else None,
        "losses": sum(1 for e in events if e.event == "possible-loss" and to_milliseconds(e.at) > recent),
    }


def _state(subscription: Subscription, state: FeedState | None) -> str:
    """Return the one word that says how a feed is, the gravest first."""
    if subscription.paused is not None:
        return "paused"
    if state is None or state.polled is None:
        return "new"
    for standing in ("gone", "blocked"):
        if standing in state.standing:
            return standing
    if state.problem is not None:
        return "failing"
    return "stale" if "stale" in state.standing else "ok"


def _all(bounds: Bounds) -> Mapping[int, int]:
    return bounds.kept


def _newest(bounds: Bounds) -> Mapping[int, int]:
    each = _STATUS_RECORDS // len(bounds.end)
    return {p: max(bounds.kept[p], end - each) for p, end in bounds.end.items()}


def _key(record: ConsumerRecord) -> tuple[int, str]:
    return record.partition, record.key.decode("utf-8", "replace")


def _put(table: dict[tuple[int, str], Any], record: ConsumerRecord, value: Any) -> None:
    if value is None:
        table.pop(_key(record), None)
    else:
        table[_key(record)] = value
