"""What a feed document holds, whatever its format: entries, and what the publisher says of the feed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from msgspec import Struct

from agents.identity.urls import is_web_address
from schemas.raw import Enclosure, PublishedSource
from schemas.times import from_datetime
from streams.polling.formats.dates import parse_date

TEXT_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain", ""})
"""Media types of contents that are the text of an entry."""

_LONGEST_FIELD = 4_000
_LONGEST_DATE = 100


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of a feed document, before identity."""

    title: str = ""
    link: str | None = None
    guid: str | None = None
    summary: str | None = None
    body: str | None = None
    published: str | None = None
    published_source: PublishedSource = "ingest"
    published_raw: str | None = None
    updated: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    language: str | None = None


class Hints(Struct, frozen=True, kw_only=True):
    """What the publisher says about how often to come; as written, not believed yet."""

    ttl: str | None = None
    update_period: str | None = None
    update_frequency: str | None = None
    skip_hours: tuple[str, ...] = ()
    skip_days: tuple[str, ...] = ()


class ParsedFeed(Struct, frozen=True, kw_only=True):
    """A feed document, parsed.

    Attributes:
        version: Name of the format (``rss20``, ``atom10``, ``json11``, ``news-sitemap``, …); empty where it is no feed.
        problem: What is wrong with the document although entries could be read, or why none could.
        sitemaps: Addresses of the sitemaps that an index names, the newest first.
    """

    version: str
    title: str | None = None
    language: str | None = None
    rights: str | None = None
    hints: Hints = Hints()
    entries: tuple[Entry, ...] = ()
    sitemaps: tuple[str, ...] = ()
    problem: str | None = None


class Dates(Struct, frozen=True):
    """The dates of an entry, as far as they can be believed."""

    published: str | None
    source: PublishedSource
    raw: str | None
    updated: str | None


def dates(published: Iterable[object], updated: object, *, now: datetime) -> Dates:
    """Read the dates of an entry.

    Args:
        published: The ways the feed says when it was published, the best first.
        updated: When it was last changed; stands in where nothing says when it was published.
        now: When the document was fetched.
    """
    raw = None
    changed = _moment(updated, now)
    for written in published:
        if isinstance(written, str) and written.strip():
            raw = raw or written.strip()[:_LONGEST_DATE]
            if (moment := _moment(written, now)) is not None:
                return Dates(moment, "feed", raw, changed)
    if raw is None and isinstance(updated, str) and updated.strip():
        raw = updated.strip()[:_LONGEST_DATE]
    return Dates(changed, "updated" if changed else "ingest", raw, changed)


def texts(summary: str | None, contents: Iterable[str]) -> tuple[str | None, str | None]:
    """Return an entry's summary and its body, the longest text it has; None where that is the summary.

    Which of several contents is the article cannot be told by their order: the first is a caption or a title in nine
    of ten entries that have several.
    """
    longest = max((*contents, summary or ""), key=len) or None
    return summary or None, longest if longest != summary else None


def first_link(candidates: Iterable[object], base: str) -> str | None:
    """Return the first of some links that is an http(s) address once it is made absolute."""
    for candidate in candidates:
        # An empty link would be the document's own address.
        if isinstance(candidate, str) and candidate.strip() and is_web_address(link := absolute(candidate, base)):
            return link
    return None


def may_be_link(guid: object) -> bool:
    """Whether a guid that says it is the item's address looks like one; many are numbers or words."""
    return isinstance(guid, str) and (guid.startswith("/") or is_web_address(guid))


def absolute(link: str, base: str) -> str:
    """Return a link as an absolute address; empty where that makes none."""
    link = link.strip()
    if link.startswith(("https://", "http://")):
        return link
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def enclosure(url: object, kind: object, length: object) -> Enclosure | None:
    """Return a media file, or None where its address is none."""
    if not isinstance(url, str) or not is_web_address(url := url.strip()):
        return None
    return Enclosure(url=url, type=line(kind), length=_number(length))


def lines(values: Iterable[object]) -> tuple[str, ...]:
    """Return short texts, each on one line and each once."""
    return tuple(dict.fromkeys(text for value in values if (text := line(value))))


def line(value: object) -> str | None:
    """Return a short text on one line, or None where there is none."""
    return " ".join(value.split())[:_LONGEST_FIELD] or None if isinstance(value, str) else None


def items_of(value: Any) -> list[Any]:
    """Return a list, an empty one where it is none."""
    return value if isinstance(value, list) else []


def _moment(written: object, now: datetime) -> str | None:
    if not isinstance(written, str) or not written.strip():
        return None
    moment = parse_date(written, now=now)
    return from_datetime(moment) if moment else None


def _number(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1 << 53 else None
