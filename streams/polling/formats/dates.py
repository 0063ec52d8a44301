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
# Zones by name, as far as the name means one thing in news feeds; feedparser knows those of RFC 822 and takes all
# others for GMT. IST is India's: Ireland and Israel write offsets.
_ZONES = {
    "WAT": "+0100", "CET": "+0100", "MEZ": "+0100", "BST": "+0100", "WEST": "+0100", "CEST": "+0200", "MESZ": "+0200",
    "EET": "+0200", "SAST": "+0200", "CAT": "+0200", "EEST": "+0300", "EAT": "+0300", "MSK": "+0300", "TRT": "+0300",
    "PKT": "+0500", "IST": "+0530", "NPT": "+0545", "WIB": "+0700", "ICT": "+0700", "HKT": "+0800", "SGT": "+0800",
    "PHT": "+0800", "AWST": "+0800", "JST": "+0900", "KST": "+0900", "AEST": "+1000", "AEDT": "+1100", "NZST": "+1200",
    "NZDT": "+1300", "BRT": "-0300", "ART": "-0300", "CLT": "-0400",
}  # fmt: skip
_ZONE = re.compile(rf"(?<=\d\s)(?:{'|'.join(_ZONES)})\s*$")
_SHORT_OFFSET = re.compile(r"([+-])(\d):(\d\d)$")
_EPOCH = re.compile(r"(1\d{9})(?:\d{3})?$")
_COMPACT = re.compile(r"(\d{8})T?(\d{6})(Z|[+-]\d{4})?$")
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]\s*(?:(\d{1,2})[:時时]\s*(\d\d))?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d))?)?$")
_DAY_WITH_DOT = re.compile(r"\b(\d{1,2})\.(?=\s+[^\W\d_])")
_DE = re.compile(r"(?<=[\d\w])\s+de\s+(?=\w)", re.IGNORECASE)
_MONTHS_IN_YEAR = 12
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


# The two forms that nearly all feeds write, read at once; feedparser gives the same and takes twenty times as long.
_RFC_822 = re.compile(
    rf"(?:[A-Z][a-z]{{2}}, )?(\d{{1,2}}) ({'|'.join(_ENGLISH)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) "
    r"(?:GMT|UTC|Z|([+-]\d\d)(\d\d))$"
)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$")


def parse_date(written: str, *, now: datetime) -> datetime | None:
    """Read a date as a feed wrote it.

    Args:
        written: The date.
        now: When the feed was fetched: dates more than 24 hours ahead of it are not believed.

    Returns:
        An aware datetime in UTC, or None where it cannot be read or cannot be true.
    """
    text = written.strip()[:100]
    moment = _usual(text)
    if moment is None:
        text = _tidy(text)
        moment = _in_figures(text) or _by_feedparser(text)
    if moment is None:
        english = _in_english(text)
        moment = _by_feedparser(english) or _spelled_out(english)
    if moment is None or moment > now + _AHEAD or moment < _OLDEST:
        return None
    return moment


def _usual(text: str) -> datetime | None:
    try:
        if found := _RFC_822.match(text):
            day, month, year, hour, minute, second, hours, minutes = found.groups()
            moment = datetime(
                int(year), _ENGLISH.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
            )
            if hours is None:
                return moment
            ahead = int(minutes) if hours[0] == "+" else -int(minutes)
            return moment - timedelta(hours=int(hours), minutes=ahead)
        return datetime.fromisoformat(text).astimezone(UTC) if _RFC_3339.match(text) else None
    except (ValueError, OverflowError):
        return None


def _tidy(text: str) -> str:
    """Write a zone as an offset of four digits."""
    text = _GMT_OFFSET.sub(_numeric_offset, text)
    text = _ZONE.sub(lambda zone: _ZONES[zone[0].strip()], text)
    return _SHORT_OFFSET.sub(r"\g<1>0\2\3", text)


def _in_figures(text: str) -> datetime | None:
    """Read a date without words in forms that feedparser does not know or reads only half."""
    try:
        if found := _EPOCH.match(text):
            return datetime.fromtimestamp(int(found[1]), UTC)
        if found := _COMPACT.match(text):
            zone = (found[3] or "Z").replace("Z", "+0000")
            return datetime.strptime(f"{found[1]}{found[2]}{zone}", "%Y%m%d%H%M%S%z").astimezone(UTC)
        if found := _CJK.match(text):
            return datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
        if found := _SLASHED.match(text):
            return _slashed(found)
    except ValueError:
        return None
    return _dotted(text)


def _slashed(found: re.Match[str]) -> datetime | None:
    """Read ``18/02/2026`` where its order can be told."""
    first, second, year, hour, minute, seconds = (int(part or 0) for part in found.groups())
    if first <= _MONTHS_IN_YEAR and second <= _MONTHS_IN_YEAR and first != second:
        return None
    day, month = (second, first) if second > _MONTHS_IN_YEAR else (first, second)
    return datetime(year, month, day, hour, minute, seconds, tzinfo=UTC)


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

    text = _DE.sub(" ", _DAY_WITH_DOT.sub(r"\1", re.sub(r"^\s*[^\W\d_]+\.?,\s*", "", text)))
    return _MONTH.sub(month, text)
