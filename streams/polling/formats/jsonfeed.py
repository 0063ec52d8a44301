"""JSON Feed 1.0 and 1.1, in which feedparser finds no entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from streams.polling.formats.entries import (
    Entry,
    ParsedFeed,
    dates,
    enclosure,
    first_link,
    items_of,
    line,
    lines,
    texts,
)


def parse_json(text: str, *, url: str, now: datetime) -> ParsedFeed:
    """Read a JSON Feed.

    Args:
        text: The document.
        url: Where it came from, for relative links.
        now: When it was fetched.
    """
    try:
        feed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return ParsedFeed(version="", problem=f"neither XML nor valid JSON: {error}")
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return ParsedFeed(version="", problem="a JSON document, but not a JSON Feed: it has no list of items")
    version = "json11" if str(feed.get("version", "")).rstrip("/").endswith("1.1") else "json1"
    base = _text(feed.get("home_page_url")) or url
    items = [item for item in feed["items"] if isinstance(item, dict)]
    return ParsedFeed(
        version=version,
        title=line(feed.get("title")),
        language=line(feed.get("language")),
        entries=tuple(_entry(item, base=base, now=now) for item in items),
    )


def _entry(item: dict[str, Any], *, base: str, now: datetime) -> Entry:
    contents = (text for name in ("content_html", "content_text") if (text := _text(item.get(name))))
    summary, body = texts(_text(item.get("summary")), contents)
    when = dates([item.get("date_published")], item.get("date_modified"), now=now)
    authors = items_of(item.get("authors")) or [item.get("author")]
    attached = [a for a in items_of(item.get("attachments")) if isinstance(a, dict)]
    media = (enclosure(a.get("url"), a.get("mime_type"), a.get("size_in_bytes")) for a in attached)
    identifier = item.get("id")
    return Entry(
        title=_text(item.get("title")) or "",
        # An id that is an address stands in for the link; one that is none must not become one by being made absolute.
        link=first_link((item.get("url"), item.get("external_url")), base) or first_link((identifier,), ""),
        guid=line(str(identifier)) if isinstance(identifier, str | int | float) else None,
        summary=summary,
        body=body,
        published=when.published,
        published_source=when.source,
        published_raw=when.raw,
        updated=when.updated,
        authors=lines(author.get("name") for author in authors if isinstance(author, dict)),
        categories=lines(items_of(item.get("tags"))),
        enclosures=tuple(file for file in media if file),
        language=line(item.get("language")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
