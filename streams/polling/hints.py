"""What publishers and servers say about when to come again, read into seconds. Nothing is believed here yet.

Hints lie both ways: a ``ttl`` of 1 or 600 minutes, an update period of ``dayly`` or ``always``, a frequency of 0.1.
What is not a plain positive number or a known word counts as not said; ``schedule`` clamps the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from schemas.polling import Asks

_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 30 * 86_400, "yearly": 365 * 86_400}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_NUMBER = re.compile(r"\s*([0-9]{1,9})\s*$")
_HOURS = 24
_SKIPPED = re.compile(r"<skip(Hours|Days)\b[^>]{0,100}>(.{0,2000}?)</skip\1>", re.IGNORECASE | re.DOTALL)
_SKIPPED_ENTRY = re.compile(r"<(?:hour|day)\b[^>]{0,100}>\s*([^<]{1,20}?)\s*<", re.IGNORECASE)


def asks(
    *,
    ttl: str | None = None,
    update_period: str | None = None,
    update_frequency: str | None = None,
    skip_hours: Sequence[str] = (),
    skip_days: Sequence[str] = (),
    headers: Mapping[str, str],
) -> Asks:
    """Read what a feed's document and the headers it came with ask for."""
    minutes = _number(ttl)
    period = _PERIODS.get((update_period or "").strip().lower())
    frequency = 1 if update_frequency is None else _number(update_frequency)
    hours = {hour % _HOURS for text in skip_hours if (hour := _number(text, least=0)) is not None and hour <= _HOURS}
    days = {_DAYS.index(day) for text in skip_days if (day := text.strip().lower()) in _DAYS}
    return Asks(
        ttl=minutes * 60 if minutes else None,
        sy=period // frequency if period and frequency else None,
        skip_hours=tuple(sorted(hours)) if len(hours) < _HOURS else (),
        skip_days=tuple(sorted(days)) if len(days) < len(_DAYS) else (),
        cache_control=_short(headers.get("cache-control")),
        expires=_short(headers.get("expires")),
    )


def skipped(document: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return skipHours and skipDays as an RSS document writes them; feedparser keeps the last entry only."""
    found: dict[str, tuple[str, ...]] = {"hours": (), "days": ()}
    for kind, entries in _SKIPPED.findall(document):
        found[kind.lower()] = tuple(_SKIPPED_ENTRY.findall(entries))
    return found["hours"], found["days"]


def max_age(cache_control: str | None, age: str | None) -> int | None:
    """Return for how many more seconds a response may be taken as fresh, by Cache-Control and Age."""
    found = _MAX_AGE.search(cache_control or "")
    if found is None:
        return None
    return max(0, int(found[1]) - (_number(age, least=0) or 0))


def expires_in(expires: str | None, date: str | None, now: datetime) -> float | None:
    """Return in how many seconds Expires is, by the server's own clock where it says what that shows."""
    moment = http_date(expires)
    if moment is None:
        return None
    return max(0.0, (moment - (http_date(date) or now)).total_seconds())


def retry_after(written: str | None, now: datetime) -> float | None:
    """Return how many seconds Retry-After asks to wait, written as seconds or as a date; None where it is neither."""
    if written is None:
        return None
    seconds = _number(written, least=0)
    if seconds is not None:
        return float(seconds)
    moment = http_date(written)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def http_date(written: str | None) -> datetime | None:
    """Return an HTTP date as an aware datetime; None where it is none or no such time exists."""
    try:
        moment = parsedate_to_datetime((written or "").strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        # A date at the edge of the calendar could not be compared with anything.
        return moment if timedelta(days=1) < moment - datetime.min.replace(tzinfo=UTC) else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _number(written: str | None, *, least: int = 1) -> int | None:
    found = _NUMBER.match(written or "")
    return int(found[1]) if found and int(found[1]) >= least else None


def _short(header: str | None) -> str | None:
    return header[:200] if header else None
