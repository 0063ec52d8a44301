"""RSS, RDF and Atom through feedparser, which reads what is broken too.

feedparser is given bytes in a buffer, never a string: of bytes it would first try to open a file of that name, and a
text that begins with ``http://`` it would fetch.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import feedparser

from streams.polling.formats.entries import (
    TEXT_TYPES,
    Entry,
    Hints,
    ParsedFeed,
    dates,
    enclosure,
    first_link,
    line,
    lines,
    may_be_link,
    texts,
)
from streams.polling.hints import skipped

FAILS = "feedparser fails over it"
_CHANNEL = 100_000
"""Characters at the beginning of a document in which skipHours and skipDays are looked for."""


def parse_lenient(text: str, *, url: str, now: datetime) -> ParsedFeed:
    """Read a feed document that has been decoded and repaired; see ``parse_feed``."""
    try:
        found = _parse(text.encode("utf-8", "replace"))
    except Exception as error:  # noqa: BLE001 - feedparser has errors of its own over what is broken in unheard-of ways
        return ParsedFeed(version="", problem=f"{FAILS}: {type(error).__name__}: {error}"[:300])
    return _convert(found, text, url, now)


def _parse(body: bytes) -> Any:
    # No content-location: feedparser would make an address of every guid that does not say it is none.
    headers = {"content-type": "application/xml; charset=utf-8"}
    return feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def _convert(found: Any, text: str, url: str, now: datetime) -> ParsedFeed:
    feed = found.feed
    skip_hours, skip_days = skipped(text[:_CHANNEL])
    return ParsedFeed(
        version=found.get("version") or "",
        title=line(feed.get("title")),
        language=line(feed.get("language")),
        rights=line(feed.get("rights")),
        hints=Hints(
            ttl=feed.get("ttl"),
            update_period=feed.get("sy_updateperiod"),
            update_frequency=feed.get("sy_updatefrequency"),
            skip_hours=skip_hours,
            skip_days=skip_days,
        ),
        entries=tuple(_entry(entry, base=url, now=now) for entry in found.entries),
        problem=f"{type(found.bozo_exception).__name__}: {found.bozo_exception}"[:300] if found.bozo else None,
    )


def _entry(entry: Any, *, base: str, now: datetime) -> Entry:
    contents = (c["value"] for c in entry.get("content", ()) if c.get("value") and c.get("type") in TEXT_TYPES)
    # Without a summary feedparser takes a content for one.
    summary, body = texts(entry.get("summary") if "summary_detail" in entry else None, contents)
    # dict.get: feedparser's own gives the publication date where there is no other.
    when = dates((entry.get("published"), entry.get("created")), dict.get(entry, "updated"), now=now)
    media = (enclosure(e.get("href"), e.get("type"), e.get("length")) for e in entry.get("enclosures", ()))
    alternates = (link.get("href") for link in entry.get("links", ()) if link.get("rel", "alternate") == "alternate")
    return Entry(
        title=entry.get("title") or "",
        link=first_link((entry.get("feedburner_origlink"), *alternates), base)
        or first_link(filter(may_be_link, (entry.get("link"), entry.get("id"))), base),
        guid=line(entry.get("id")),
        summary=summary,
        body=body,
        published=when.published,
        published_source=when.source,
        published_raw=when.raw,
        updated=when.updated,
        authors=lines(author.get("name") or author.get("email") for author in entry.get("authors", ()) if author),
        categories=lines(tag.get("term") for tag in entry.get("tags", ())),
        enclosures=tuple(file for file in media if file),
        language=line((entry.get("title_detail") or {}).get("language")),
    )
