"""Feed documents written for tests, and how they are read."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from schemas.feed_state import Listed
from schemas.raw import FeedRef, HttpResponse, RawItem
from schemas.times import from_datetime
from streams.polling.formats.document import parse_feed
from streams.polling.formats.entries import Entry, ParsedFeed
from streams.polling.reading import Reading, Request, read

NOW = datetime(2026, 2, 18, 12, tzinfo=UTC)
URL = "https://daily.example/rss/world.xml"
XML = "application/xml"

_SPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)


def rss(*items: str, channel: str = "") -> str:
    """An RSS 2.0 document with the usual namespaces, from the insides of its items."""
    inside = "\n".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {_SPACES}><channel>'
        f"<title>The Daily Example</title><link>https://daily.example/</link>{channel}\n{inside}\n</channel></rss>"
    )


def parsed(document: str | bytes, *, content_type: str | None = XML, url: str = URL) -> ParsedFeed:
    body = document.encode() if isinstance(document, str) else document
    return parse_feed(body, url=url, content_type=content_type, now=NOW)


def only(document: str | bytes, *, content_type: str | None = XML, url: str = URL) -> Entry:
    """The one entry of a document."""
    (entry,) = parsed(document, content_type=content_type, url=url).entries
    return entry


def request(
    *, listed: tuple[Listed, ...] = (), first: bool = False, now: datetime = NOW, url: str = URL, feed: str = "daily"
) -> Request:
    return Request(
        feed=FeedRef(id=feed, url=url),
        fetched=from_datetime(now),
        http=HttpResponse(status=200, url=url),
        content_type=XML,
        listed=listed,
        first=first,
    )


def reading(
    document: str | bytes, *, before: Reading | None = None, first: bool = False, now: datetime = NOW
) -> Reading:
    """What the parser makes of a document, after it has read another."""
    body = document.encode() if isinstance(document, str) else document
    return read(request(listed=before.listed if before else (), first=first, now=now), body)


def items(found: Reading) -> list[RawItem]:
    return [msgspec.json.decode(item.record, type=RawItem) for item in found.items]
