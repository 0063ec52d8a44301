"""Dates as feeds write them. What cannot be read stays unread: a wrong date is worse than none."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime, timedelta

from feedparser.datetimes import _parse_date

_AHEAD = timedelta(hours=24)
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)

# The sign as it is meant: GMT+9 is nine hours ahead. (POSIX reads it the other way round, and so do some parsers.)
_GMT_OFFSET = re.compile(r"\b(?:GMT|UTC)\s*([+-])\s*(\d{1,2})(?::?(\d\d))?\b", re.IGNORECASE)
_DOTTED = re.compile(r"^\s*(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*(.*)$")
_MONTH = re.compile(r"[^\W\d_]{3,12}\.?", re.UNICODE)
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPELLED_OUT = ("%b %d, %Y %I:%M %p", "%b %d, %Y %H:%M", "%b %d, %Y", "%d %b %Y %H:%M", "%d %b %Y")
# Month names of feeds that localise RFC 822 dates, by the first letters that tell them apart.
_MONTHS: dict[str, tuple[str, ...]] = {
    "pt": ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
    "de": ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"),
    "fr": ("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"),
    "it": ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"),
    "nl": ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
    "tr": ("oca", "şub", "mar", "nis", "may", "haz", "tem", "ağu", "eyl", "eki", "kas", "ara"),
    "pl": ("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"),
    "ru": ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
    "id": ("jan", "feb", "mar", "apr", "mei", "jun", "jul", "agu", "sep", "okt", "nov", "des"),
}
_BY_NAME = {name: _ENGLISH[i] for names in _MONTHS.values() for i, name in enumerate(names)} | {
    **{name.casefold(): name for name in _ENGLISH},
    "maj": "May",
    "mae": "Mar",
    "mrz": "Mar",
    "maerz": "Mar",
    "dez": "Dec",
}


def parse_date(written: str, *, now: datetime) -> datetime | None:
    """Read a date as a feed wrote it.

    Args:
        written: The date.
        now: When the feed was fetched: dates more than 24 hours ahead of it are not believed.

    Returns:
        An aware datetime in UTC, or None where it cannot be read or cannot be true.
    """
    text = _GMT_OFFSET.sub(_numeric_offset, written.strip()[:100])
    english = _in_english(text)
    moment = _dotted(text) or _by_feedparser(text) or _by_feedparser(english) or _spelled_out(english)
    if moment is None or moment > now + _AHEAD or moment < _OLDEST:
        return None
    return moment


def _by_feedparser(text: str) -> datetime | None:
    try:
        parsed = _parse_date(text)
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _numeric_offset(found: re.Match[str]) -> str:
    return f"{found[1]}{int(found[2]):02d}{found[3] or '00'}"


def _dotted(text: str) -> datetime | None:
    """Read ``05.02.2025 14:30``, day first as everywhere dots are used."""
    found = _DOTTED.match(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = (int(part) if part else 0 for part in found.groups()[:6])
    zone = re.fullmatch(r"([+-])(\d\d):?(\d\d)", found[7].strip())
    offset = (
        timedelta(hours=int(zone[2]), minutes=int(zone[3])) * (-1 if zone[1] == "-" else 1) if zone else timedelta()
    )
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - offset
    except ValueError:
        return None


def _spelled_out(text: str) -> datetime | None:
    for form in _SPELLED_OUT:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _in_english(text: str) -> str:
    """Replace a localised month by its English abbreviation, and drop a localised weekday."""

    def month(word: re.Match[str]) -> str:
        folded = word[0].rstrip(".").casefold()
        for length in range(len(folded), 2, -1):
            if english := _BY_NAME.get(folded[:length]):
                return english
        return word[0]

    return _MONTH.sub(month, re.sub(r"^\s*[^\W\d_]+\.?,\s*", "", text))
