"""What a poll means: the feed's next state, decided from its last one and what came back. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct, structs

from schemas.feed_state import FeedState, Listed, Validators
from schemas.polling import HostRest, Moved, Rhythm
from schemas.times import from_datetime
from streams.polling import hints, rhythm, validators
from streams.polling.domains import host_of
from streams.polling.fetch import Hop, Response
from streams.polling.reading import Reading
from streams.polling.schedule import Pace, Trouble, decide, hold
from streams.polling.trouble import Problem, of_page

_PERMANENT = frozenset({301, 308})
_SIGHTINGS = 3
"""Identical permanent redirects in a row after which the new address is the feed's."""
_BACK_AFTER = 3
"""Failures in a row after which an adopted address is given up for the one in the feed list."""
_NEWEST = 3
_NOT_MODIFIED = 304


class Outcome(Struct, frozen=True, kw_only=True):
    """What a poll came to.

    Attributes:
        state: The feed's new state; to be stored after the broker has the items.
        gap: The newest items seen last time are gone from the page: items in between may be lost.
        adopted: The address the feed moved to, where this poll settled it.
    """

    state: FeedState
    gap: bool = False
    adopted: str | None = None


def address(url: str, state: FeedState | None) -> str:
    """Return the address to poll: where the feed moved to for good, else the one in the feed list."""
    return state.address or url if state is not None and state.url == url else url


def is_unchanged(state: FeedState | None, response: Response) -> bool:
    """Whether a body is the one that was read last."""
    return state is not None and state.body_hash is not None and state.body_hash == response.digest


def after(
    feed_id: str,
    url: str,
    *,
    state: FeedState | None,
    response: Response,
    reading: Reading | None,
    now: datetime,
    pace: Pace,
) -> Outcome:
    """Decide what a poll came to.

    Args:
        feed_id: The feed.
        url: Its address in the feed list.
        state: Its state before the poll; None: never polled.
        response: What the poll brought.
        reading: What its body gave; None: there was none, or it was the same as before.
        now: The time of the poll.
        pace: The operator's limits.
    """
    if state is None or state.url != url:
        state = _forget(state, feed_id, url)
    problem = _problem(response, reading)
    new = _learn(state, response, reading, now) if problem is None else _count(state, problem)
    new = structs.replace(
        new,
        polled=from_datetime(now),
        status=response.status,
        host_rests=_host_rests(response),
    )
    trouble = None
    if problem is not None:
        succeeded = datetime.fromisoformat(state.succeeded) if state.succeeded else None
        lasting = (now - succeeded).total_seconds() if succeeded else None
        trouble = Trouble(kind=problem.kind, failures=new.failures, lasting=lasting)
    decision = decide(
        feed_id, now=now, pace=pace, rhythm=new.rhythm, asks=new.asks, headers=response.headers, trouble=trouble
    )
    if response.host_rests is not None:
        decision = hold(decision, datetime.fromtimestamp(response.host_rests, UTC), now=now)
    new = structs.replace(new, next_due=from_datetime(decision.due), reasons=decision.reasons)
    return Outcome(
        state=new,
        gap=problem is None and reading is not None and _gap(state.newest, reading.listed),
        adopted=new.address if new.address != state.address else None,
    )


def _forget(state: FeedState | None, feed_id: str, url: str) -> FeedState:
    """Return the state of a feed that is new, or whose address in the feed list is: its items are still known."""
    blank = FeedState(feed_id=feed_id, url=url, next_due="")
    if state is None:
        return blank
    return structs.replace(
        blank,
        succeeded=state.succeeded,
        rhythm=state.rhythm,
        listed=state.listed,
        newest=state.newest,
        fetched=state.fetched,
    )


def _problem(response: Response, reading: Reading | None) -> Problem | None:
    if response.problem is not None:
        return Problem(response.kind or "no-answer", response.problem)
    if reading is not None and not reading.version and not reading.entries:
        return of_page(response.headers, response.body or b"", reading.problem)
    return None


def _count(state: FeedState, problem: Problem) -> FeedState:
    """Return the state with one more failure; a 410 is counted by itself, since two of them end the polling."""
    again = state.kind is not None and (problem.kind == "gone") == (state.kind == "gone")
    failures = state.failures + 1 if again else 1
    back = state.address is not None and problem.kind in {"not-found", "gone", "not-a-feed"} and failures >= _BACK_AFTER
    return structs.replace(
        state,
        problem=problem.words,
        kind=problem.kind,
        failures=failures,
        address=None if back else state.address,
        moved=None,
    )


def _learn(state: FeedState, response: Response, reading: Reading | None, now: datetime) -> FeedState:
    """Return the state after a poll that brought a feed, the same feed again, or 304."""
    new = structs.replace(state, succeeded=from_datetime(now), problem=None, kind=None, failures=0)
    new = _follow(new, response.hops)
    if response.status == _NOT_MODIFIED:
        renewed = structs.replace(
            state.asks,
            cache_control=response.headers.get("cache-control", state.asks.cache_control),
            expires=response.headers.get("expires", state.asks.expires),
        )
        new = structs.replace(new, asks=renewed, trust=validators.after_304(state.trust, now))
        return structs.replace(new, rhythm=_observe(state, None, now))
    came = Validators(
        url=response.url,
        etag=response.headers.get("etag") or None,
        last_modified=response.headers.get("last-modified") or None,
    )
    trust = validators.after_full(
        state.trust,
        now,
        conditional=response.conditional,
        changed=not is_unchanged(state, response),
        before=state.validators,
        after=came,
    )
    new = structs.replace(new, validators=came, trust=trust, rhythm=_observe(state, reading, now))
    if reading is None:
        renewed = structs.replace(
            state.asks,
            cache_control=response.headers.get("cache-control"),
            expires=response.headers.get("expires"),
        )
        return structs.replace(new, asks=renewed)
    said = reading.hints
    return structs.replace(
        new,
        asks=hints.asks(
            ttl=said.ttl,
            update_period=said.update_period,
            update_frequency=said.update_frequency,
            skip_hours=said.skip_hours,
            skip_days=said.skip_days,
            headers=response.headers,
        ),
        body_hash=response.digest,
        title=reading.title,
        language=reading.language,
        listed=reading.listed,
        newest=_newest(reading),
    )


def _observe(state: FeedState, reading: Reading | None, now: datetime) -> Rhythm:
    """Return the feed's rhythm after this poll."""
    if reading is None:
        return rhythm.first((), now) if state.rhythm is None else rhythm.observe(state.rhythm, now, new=0)
    listed = [(item.item_id, _seconds(date)) for item, date in zip(reading.listed, reading.dates, strict=False)]
    dates = [date for _, date in listed if date is not None]
    if state.rhythm is None:
        return rhythm.first(dates, now)
    before = {item.item_id for item in state.listed}
    new = [date for item_id, date in listed if item_id not in before]
    dated = [date for date in new if date is not None]
    return rhythm.observe(state.rhythm, now, new=len(new), dates=dated, listed=dates)


def _newest(reading: Reading) -> tuple[str, ...]:
    """Return the newest items by their dates; without dates those at both ends of the page, one of which it is."""
    dated = [(date, item.item_id) for item, date in zip(reading.listed, reading.dates, strict=False) if date]
    if len(dated) < len(reading.listed):
        ends = (*reading.listed[:_NEWEST], *reading.listed[_NEWEST:][-_NEWEST:])
        return tuple(item.item_id for item in ends)
    return tuple(item_id for _, item_id in sorted(dated, key=lambda pair: pair[0], reverse=True)[:_NEWEST])


def _gap(newest: tuple[str, ...], listed: tuple[Listed, ...]) -> bool:
    """Whether all of the newest items are gone; a single one may have been taken back by the editors."""
    return bool(newest and listed) and not {item.item_id for item in listed} & set(newest)


def _follow(state: FeedState, hops: tuple[Hop, ...]) -> FeedState:
    """Note where permanent redirects lead; adopt the address when they said so often enough."""
    to = None
    for hop in hops:
        if hop.status not in _PERMANENT:
            break  # what lies behind a temporary redirect is temporary
        to = hop.to
    if to is None:
        return structs.replace(state, moved=None)
    times = state.moved.times + 1 if state.moved is not None and state.moved.to == to else 1
    if times < _SIGHTINGS:
        return structs.replace(state, moved=Moved(to=to, times=times))
    return structs.replace(state, moved=None, address=to)


def _host_rests(response: Response) -> HostRest | None:
    if response.host_rests is None:
        return None
    until = datetime.fromtimestamp(response.host_rests, UTC)
    return HostRest(host=host_of(response.url), until=from_datetime(until))


def _seconds(date: str | None) -> float | None:
    return datetime.fromisoformat(date).timestamp() if date else None
