"""When a feed is polled next."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec import Struct

CEILING = timedelta(hours=24)
_JITTER = 0.1


class Pace(Struct, frozen=True):
    """The operator's limits, in seconds."""

    usual: int
    floor: int


def next_due(feed_id: str, *, now: datetime, pace: Pace, failures: int, retry_after: str | None = None) -> datetime:
    """Return when to poll a feed again.

    Args:
        feed_id: The feed; its hash shifts the time by up to a tenth, so that feeds do not move in step.
        now: The time of this poll.
        pace: The operator's limits.
        failures: Polls in a row that failed; the wait doubles with each.
        retry_after: Retry-After as the server wrote it.
    """
    seconds: float = max(pace.usual, pace.floor)
    if failures:
        seconds = max(pace.floor, min(pace.usual, 60)) * 2 ** min(failures, 12)
    if retry_after is not None and (asked := _retry_after(retry_after, now)) is not None:
        seconds = max(seconds, asked)
    seconds = min(seconds, CEILING.total_seconds())
    return now + timedelta(seconds=seconds * (1 + _JITTER * _shift(feed_id, now)))


def first_due(feed_id: str, *, now: datetime, spread: timedelta) -> datetime:
    """Return when to poll a feed that was never polled: at once, but not all of them in one moment."""
    return now + spread * (_shift(feed_id, None) + 1) / 2


def _shift(feed_id: str, now: datetime | None) -> float:
    """Return a number from -1 to 1 that looks random and is not."""
    seed = f"{feed_id}{now.isoformat() if now else ''}".encode()
    return int.from_bytes(hashlib.blake2b(seed, digest_size=4).digest(), "big") / 2**31 - 1


def _retry_after(written: str, now: datetime) -> float | None:
    written = written.strip()
    if written.isdecimal():
        return float(min(int(written[:9]), CEILING.total_seconds()))
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
