"""A feed document → its entries: RSS, RDF and Atom through feedparser, JSON Feed directly.

feedparser is given bytes in a buffer, never a string: of bytes it would first try to open a file of that name, and a
text that begins with ``http://`` it would fetch.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import feedparser
import orjson
from msgspec import Struct

from agents.identity.urls import is_web_address
from schemas.raw import Enclosure, PublishedSource
from schemas.times import from_datetime
from streams.polling.dates import parse_date
from streams.polling.decode import decode, repair
from streams.polling.hints import skipped

_TEXT_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "")
_LONGEST_FIELD = 4_000


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
        version: feedparser's name of the format (``rss20``, ``atom10``, …), or ``json1``; empty where it is no feed.
        problem: What is wrong with the document although entries could be read, or why none could.
    """

    version: str
    title: str | None = None
    language: str | None = None
    rights: str | None = None
    hints: Hints = Hints()
    entries: tuple[Entry, ...] = ()
    problem: str | None = None


def parse_feed(body: bytes, *, url: str, content_type: str | None, now: datetime) -> ParsedFeed:
    """Parse a feed document. Never raises for what the document holds; says in ``problem`` what is wrong with it.

    Args:
        body: The document, decompressed.
        url: Where it came from, for relative links.
        content_type: The Content-Type header.
        now: When it was fetched; dates far ahead of it are not believed.
    """
    if not body.strip():
        return ParsedFeed(version="", problem="the body is empty")
    text, _ = decode(body, content_type)
    if text.lstrip()[:1] == "{":
        return _json_feed(text, url=url, now=now)
    found = _parse_xml(repair(text).encode("utf-8", "replace"), url)
    if not found.entries:
        # Repairs are for real feeds; where they leave nothing, what the publisher wrote gets its chance.
        original = _parse_bytes(body, url, content_type)
        found = original if original.entries or not found.version else found
    return _from_feedparser(found, url=url, now=now, text=text)


def _parse_xml(xml: bytes, url: str) -> Any:
    return _parse_bytes(xml, url, "application/xml; charset=utf-8")


def _parse_bytes(body: bytes, url: str, content_type: str | None) -> Any:
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _from_feedparser(found: Any, *, url: str, now: datetime, text: str) -> ParsedFeed:
    feed = found.feed
    problem = None
    if not found.version and not found.entries:
        problem = _not_a_feed(text)
    elif found.bozo:
        problem = f"{type(found.bozo_exception).__name__}: {found.bozo_exception}"[:300]
    skip_hours, skip_days = skipped(text)
    return ParsedFeed(
        version=found.version or "",
        title=_line(feed.get("title")),
        language=_line(feed.get("language")),
        rights=_line(feed.get("rights")),
        hints=Hints(
            ttl=feed.get("ttl"),
            update_period=feed.get("sy_updateperiod"),
            update_frequency=feed.get("sy_updatefrequency"),
            skip_hours=skip_hours,
            skip_days=skip_days,
        ),
        entries=tuple(_entry(entry, base=feed.get("link") or url, now=now) for entry in found.entries),
        problem=problem,
    )


def _entry(entry: Any, *, base: str, now: datetime) -> Entry:
    summary = entry.get("summary") or None
    contents = [c["value"] for c in entry.get("content", ()) if c.get("value") and c.get("type") in _TEXT_TYPES]
    # The longest: content[0] is a caption or a title in nine of ten entries that have several.
    longest = max([*contents, summary or ""], key=len) or None
    published, source, raw = _date(entry, now)
    updated = parse_date(entry["updated"], now=now) if entry.get("updated") else None
    return Entry(
        title=entry.get("title") or "",
        link=_link(entry, base),
        guid=_line(entry.get("id")),
        summary=summary,
        body=longest if longest != summary else None,
        published=published,
        published_source=source,
        published_raw=raw,
        updated=from_datetime(updated) if updated else None,
        authors=_authors(entry),
        categories=tuple(dict.fromkeys(term for t in entry.get("tags", ()) if (term := _line(t.get("term"))))),
        enclosures=_enclosures(entry),
        language=_line((entry.get("title_detail") or {}).get("language")),
    )


def _link(entry: Any, base: str) -> str | None:
    candidates = [
        entry.get("feedburner_origlink"),
        *(link.get("href") for link in entry.get("links", ()) if link.get("rel", "alternate") == "alternate"),
        entry.get("link"),
    ]
    for candidate in candidates:
        if candidate and is_web_address(link := _absolute(candidate, base)):
            return link
    return None


def _absolute(link: str, base: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return ""


def _date(entry: Any, now: datetime) -> tuple[str | None, PublishedSource, str | None]:
    raw = None
    fields: tuple[tuple[str, PublishedSource], ...] = (
        ("published", "feed"),
        ("created", "feed"),
        ("updated", "updated"),
    )
    for name, source in fields:
        written = entry.get(name)
        if not isinstance(written, str) or not written.strip():
            continue
        raw = raw or written.strip()[:100]
        if (moment := parse_date(written, now=now)) is not None:
            return from_datetime(moment), source, raw
    return None, "ingest", raw


def _authors(entry: Any) -> tuple[str, ...]:
    names = [_line(author.get("name") or author.get("email")) for author in entry.get("authors", ()) if author]
    return tuple(dict.fromkeys(name for name in names if name))


def _enclosures(entry: Any) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(url=href, type=_line(item.get("type")), length=_number(item.get("length")))
        for item in entry.get("enclosures", ())
        if is_web_address(href := (item.get("href") or "").strip())
    )


def _json_feed(text: str, *, url: str, now: datetime) -> ParsedFeed:
    """Read a JSON Feed (1.0, 1.1), in which feedparser finds no entries."""
    try:
        feed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return ParsedFeed(version="", problem=f"neither XML nor valid JSON: {error}")
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return ParsedFeed(version="", problem="a JSON document, but not a JSON Feed: it has no list of items")
    version = "json11" if str(feed.get("version", "")).rstrip("/").endswith("1.1") else "json1"
    items = [item for item in feed["items"] if isinstance(item, dict)]
    return ParsedFeed(
        version=version,
        title=_line(feed.get("title")),
        language=_line(feed.get("language")),
        entries=tuple(_json_entry(item, base=_text(feed.get("home_page_url")) or url, now=now) for item in items),
    )


def _json_entry(item: dict[str, Any], *, base: str, now: datetime) -> Entry:
    summary = _text(item.get("summary"))
    longest = max(_text(item.get("content_html")) or "", _text(item.get("content_text")) or "", key=len) or None
    written = _text(item.get("date_published"))
    published = parse_date(written, now=now) if written else None
    modified = _text(item.get("date_modified"))
    updated = parse_date(modified, now=now) if modified else None
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    links = (_absolute(link, base) for name in ("url", "external_url", "id") if (link := _text(item.get(name))))
    identifier = item.get("id")
    return Entry(
        title=_text(item.get("title")) or "",
        link=next((link for link in links if is_web_address(link)), None),
        guid=_line(str(identifier)) if identifier is not None else None,
        summary=summary,
        body=longest,
        published=from_datetime(published or updated) if published or updated else None,  # type: ignore[arg-type]
        published_source="feed" if published else "updated" if updated else "ingest",
        published_raw=written[:100] if written else None,
        updated=from_datetime(updated) if updated else None,
        authors=tuple(n for a in authors or () if isinstance(a, dict) and (n := _line(a.get("name")))),
        categories=tuple(t for tag in _list(item.get("tags")) if (t := _line(tag))),
        enclosures=tuple(
            Enclosure(url=a["url"], type=_line(a.get("mime_type")), length=_number(a.get("size_in_bytes")))
            for a in _list(item.get("attachments"))
            if isinstance(a, dict) and isinstance(a.get("url"), str) and is_web_address(a["url"])
        ),
        language=_line(item.get("language")),
    )


def _not_a_feed(text: str) -> str:
    start = text.lstrip()[:500].lower()
    if "<!doctype html" in start or "<html" in start:
        return "a web page, not a feed"
    return "not a feed in any format that is known"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _line(value: Any) -> str | None:
    """Return a short text on one line, or None where there is none."""
    return " ".join(value.split())[:_LONGEST_FIELD] or None if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1 << 53 else None
