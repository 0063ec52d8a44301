"""When a feed is polled next, and why: a pure function of what is known, so that a simulation can drive it.

What is asked for is the longest of: the wait by the feed's own rhythm (``rhythm``), the publisher's ttl and update
period, the response's max-age and Expires, Retry-After. It is clamped to the operator's floor and to a day, moved out
of the hours and days the publisher excludes, and shifted by up to a tenth, so that feeds do not move in step.

Two things bound the obedience, both so that nothing is lost: a publisher's hint of more than an hour counts no further
than half of what the feed's page holds, and a feed that fails for a while is tried again before its page has turned
over. Retry-After is always obeyed, up to a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from schemas.polling import Asks, Kind, Reason, Rhythm, Rule
from streams.polling import hints
from streams.polling.rhythm import interval, rate, window

CEILING = 86_400.0
SPREAD = timedelta(seconds=20)
_JITTER = 0.1
_ALWAYS_OBEYED = 3_600.0
"""A hint up to this long counts whatever the feed's page holds."""
_LEAST_CHANCE = 0.05
"""The bound on an active feed's wait does not make polls that have a smaller chance than this to bring something."""
_DOUBLINGS_MAX = 12
_STOPS_AFTER = 2

_BOUNDS: frozenset[Rule] = frozenset({"window", "most", "last-chance"})
"""Rules that say how long a wait may be; the jitter only shortens it then."""

NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""When a feed is due that is not polled any more."""
NOTHING_ASKED = Asks()


class Pace(Struct, frozen=True, kw_only=True):
    """The operator's limits, in seconds.

    Attributes:
        usual: The wait for a feed that brings 24 items a day, and for one nothing is known of.
        floor: The shortest wait.
        most: The longest wait for an active feed; one that brings less than an item in 20 such waits may wait longer.
    """

    usual: float
    floor: float
    most: float = CEILING


class Trouble(Struct, frozen=True, kw_only=True):
    """How polling a feed goes wrong.

    Attributes:
        kind: What the last poll ended in.
        failures: Polls in a row that failed, this one included.
        lasting: Seconds since the last poll that succeeded; None: none ever did.
    """

    kind: Kind
    failures: int
    lasting: float | None = None


class Decision(Struct, frozen=True):
    """When to poll next, ``NEVER`` where polling stops, and why: the first reason is the one that decided."""

    due: datetime
    reasons: tuple[Reason, ...]


def first_due(feed_id: str, *, now: datetime, spread: timedelta = SPREAD) -> Decision:
    """Decide when to poll a feed that was never polled: at once, but not all of them in one moment."""
    wait = spread * (_phase(feed_id) + 1) / 2
    return Decision(now + wait, (Reason("first", wait.total_seconds()),))


def decide(
    feed_id: str,
    *,
    now: datetime,
    pace: Pace,
    rhythm: Rhythm | None = None,
    asks: Asks = NOTHING_ASKED,
    headers: Mapping[str, str] | None = None,
    trouble: Trouble | None = None,
) -> Decision:
    """Decide when to poll a feed again.

    Args:
        feed_id: The feed; its hash decides where in the jitter its polls fall.
        now: The time of this poll.
        pace: The operator's limits.
        rhythm: What was learnt of the feed; None: nothing.
        asks: What the publisher asks for.
        headers: Headers of this poll's response, names in lower case.
        trouble: How the poll failed; None: it did not.
    """
    headers = headers or {}
    if trouble is not None and trouble.kind == "gone" and trouble.failures >= _STOPS_AFTER:
        return Decision(NEVER, (Reason("gone", 0.0),))
    holds = window(rhythm, now)
    own = _own_pace(pace, rhythm, holds) if trouble is None else _back_off(pace, trouble, holds)
    asked = _publisher(asks, headers, holds, now)
    if trouble is not None and (seconds := hints.retry_after(headers.get("retry-after"), now)) is not None:
        asked.append(Reason("retry-after", min(seconds, CEILING)))
    return _settle(feed_id, now, pace=pace, own=own, asked=asked, asks=asks)


def hold(decision: Decision, until: datetime, *, now: datetime) -> Decision:
    """Return a decision put off because the host asked that nothing be fetched from it before a time."""
    if decision.due >= until:
        return decision
    return Decision(until, (Reason("host", (until - now).total_seconds()), *decision.reasons))


def _own_pace(pace: Pace, rhythm: Rhythm | None, holds: float | None) -> list[Reason]:
    """Return the wait by the feed's own rhythm: the last reason is the one that binds."""
    steps = [Reason("rate", round(interval(rhythm, pace.usual), 1))]
    if rhythm is not None:
        steps.append(Reason("most", round(max(pace.most, _LEAST_CHANCE / rate(rhythm)), 1)))
    if holds is not None:
        steps.append(Reason("window", round(holds / 4, 1)))
    return _binding(steps)


def _back_off(pace: Pace, trouble: Trouble, holds: float | None) -> list[Reason]:
    """Return the wait after a failure: it doubles with each, from what kind of failure it is."""
    base = max(pace.floor, 60.0) if trouble.kind in {"unavailable", "no-answer"} else max(pace.usual, pace.floor)
    steps = [Reason("failing", min(base * 2.0 ** min(trouble.failures - 1, _DOUBLINGS_MAX), CEILING))]
    if trouble.kind in {"unavailable", "no-answer"} and holds is not None and (trouble.lasting or 0.0) < holds:
        # What it listed last is not gone from its page yet: try again before it is.
        steps.append(Reason("last-chance", round(holds / 4, 1)))
    return _binding(steps)


def _binding(steps: list[Reason]) -> list[Reason]:
    """Return the first step, and behind it the one that shortens the wait most, if one does."""
    shortest = min(steps, key=lambda step: step.seconds)
    return [steps[0]] if shortest is steps[0] else [steps[0], shortest]


def _publisher(asks: Asks, headers: Mapping[str, str], holds: float | None, now: datetime) -> list[Reason]:
    control = headers.get("cache-control") or asks.cache_control
    fresh = hints.max_age(control, headers.get("age"))
    wishes: list[tuple[Rule, float | None]] = [("ttl", asks.ttl), ("sy", asks.sy), ("max-age", fresh)]
    if fresh is None:  # max-age overrides Expires (RFC 9111, 5.3)
        expires = headers.get("expires") or asks.expires
        wishes.append(("expires", hints.expires_in(expires, headers.get("date"), now)))
    believed = CEILING if holds is None else min(CEILING, max(_ALWAYS_OBEYED, holds / 2))
    return [Reason(rule, round(min(seconds, believed), 1)) for rule, seconds in wishes if seconds]


def _settle(feed_id: str, now: datetime, *, pace: Pace, own: list[Reason], asked: list[Reason], asks: Asks) -> Decision:
    """Clamp the longest wish, shift it within a tenth, move it out of the hours the publisher excludes."""
    longest = max([own[-1], *asked], key=lambda reason: reason.seconds)
    reasons = [longest, *(reason for reason in (*own, *asked) if reason is not longest)]
    seconds = longest.seconds
    if seconds < pace.floor:
        seconds = pace.floor
        reasons.insert(0, Reason("floor", seconds))
    elif seconds >= CEILING:
        seconds = CEILING
        reasons.insert(0, Reason("ceiling", seconds))
    obliged = min(CEILING, max([pace.floor, *(reason.seconds for reason in asked)]))
    low = max(seconds * (1 - _JITTER), obliged)
    bound = longest.rule in _BOUNDS and seconds == longest.seconds
    high = min(CEILING, seconds if bound else max(low, seconds) * (1 + _JITTER))
    share = (_phase(feed_id, now) + 1) / 2
    shifted = low + max(0.0, high - low) * share
    reasons.append(Reason("jitter", round(shifted - seconds, 1)))
    due = now + timedelta(seconds=shifted)
    allowed = _out_of(due, asks, share)
    if allowed != due:
        allowed = min(allowed, now + timedelta(seconds=CEILING))
        reasons.append(Reason("skip", round((allowed - due).total_seconds(), 1)))
    return Decision(allowed, tuple(reasons))


def _out_of(due: datetime, asks: Asks, share: float) -> datetime:
    """Return the first moment from ``due`` on that is in no excluded hour or day, some minutes into it."""
    if not asks.skip_hours and not asks.skip_days:
        return due
    moment = due.astimezone(UTC)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    for ahead in range(7 * 24):
        candidate = hour + timedelta(hours=ahead)
        if candidate.hour not in asks.skip_hours and candidate.weekday() not in asks.skip_days:
            return due if ahead == 0 else candidate + timedelta(minutes=10 * share)
    return due


def _phase(feed_id: str, now: datetime | None = None) -> float:
    """Return a number from -1 to 1 that looks random and is not."""
    seed = f"{feed_id}{now.isoformat() if now else ''}".encode()
    return int.from_bytes(hashlib.blake2b(seed, digest_size=4).digest(), "big") / 2**31 - 1
