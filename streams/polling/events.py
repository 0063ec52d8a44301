"""What an operator should know of a feed, found by comparing its states before and after a poll. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from agents.identity.ids import feed_event_id
from schemas.feed import Feed
from schemas.feed_state import FeedState
from schemas.feed_status import FeedEvent, FeedStatus, Standing
from schemas.times import from_datetime
from streams.polling.outcome import Outcome
from streams.polling.reading import Reading
from streams.polling.schedule import NEVER

STALE = timedelta(days=30)
"""A feed that answers and has brought nothing for so long is stale."""
_BLOCKED_AFTER = 2
"""Refusals in a row after which a feed counts as blocked: a single one happens to everybody."""
_NEVER = from_datetime(NEVER)
_BLOCKS = frozenset({"blocked", "login", "denied"})
_FORBIDDEN = 403
"""Taken for a rate limit at first (servers say it for 429); one that stays is meant."""


def standing(before: FeedState | None, came: Outcome, reading: Reading | None) -> Outcome:
    """Return what a poll came to, its state completed by when the feed last brought news, and by what holds of it.

    Args:
        before: The state before the poll.
        came: What the poll came to.
        reading: What its body gave; None: there was none, or it was the same as before.
    """
    state = structs.replace(came.state, news=_news(before, came.state, reading))
    holds = set(before.standing if before else ())
    if state.problem is None:
        holds -= {"gone", "blocked"}
    if state.next_due == _NEVER:
        holds.add("gone")
    refused = state.kind in _BLOCKS or state.status == _FORBIDDEN
    if refused and state.failures >= _BLOCKED_AFTER + (state.kind not in _BLOCKS):
        holds.add("blocked")
    if state.news is not None and state.polled is not None:
        silent = datetime.fromisoformat(state.polled) - datetime.fromisoformat(state.news)
        holds = holds | {"stale"} if silent > STALE else holds - {"stale"}
    ordered: tuple[Standing, ...] = tuple(sorted(holds))
    return structs.replace(came, state=structs.replace(state, standing=ordered))


def events(feed: Feed, before: FeedState | None, came: Outcome) -> list[FeedStatus]:
    """Return what has happened.

    Args:
        feed: The feed.
        before: Its state before the poll.
        came: What the poll came to, with its ``standing``.
    """
    after = came.state
    polled_before = before.polled if before else None

    def event(kind: FeedEvent, message: str, **more: Any) -> FeedStatus:
        return FeedStatus(
            id=feed_event_id(feed.id, f"{kind} {more.get('was') or ''}", polled_before or ""),
            event=kind,
            feed_id=feed.id,
            url=feed.url,
            publisher=feed.publisher,
            at=after.polled or "",
            message=message,
            **more,
        )

    found = []
    if came.gap:
        found.append(
            event(
                "possible-loss",
                "the newest items seen last time are gone from the page: what came between may be lost",
                since=polled_before,
            )
        )
    if came.adopted:
        found.append(event("moved", f"has moved for good to {came.adopted}", address=came.adopted))
    now, then = set(after.standing), set(before.standing if before else ())
    found += [event(kind, words, **more) for kind, words, more in _begun(after) if kind in now - then]
    found += [event("recovered", f"is {was} no longer", was=was) for was in sorted(then - now)]
    return found


def _begun(after: FeedState) -> Iterator[tuple[Standing, str, dict[str, Any]]]:
    yield "gone", "its publisher says that it is gone for good (HTTP 410): it is not polled any more", {}
    yield "blocked", f"it is refused to us: {after.problem}", {}
    yield "stale", f"answers, but has brought nothing new since {(after.news or '')[:10]}", {"since": after.news}


def _news(before: FeedState | None, after: FeedState, reading: Reading | None) -> str | None:
    """Return when the feed last brought something new: its newest date at the first sight, then when it was seen."""
    last = before.news if before else None
    if reading is None or after.problem is not None:
        return last
    if last is None:
        return min(reading.newest or after.polled or "", after.polled or "") or None
    return after.polled if reading.items else last
