"""A feed document's bytes → its entries, whatever the format and whatever is wrong with it."""

from __future__ import annotations

from datetime import datetime
from xml.parsers.expat import ExpatError

from msgspec import structs

from streams.polling.formats.decode import decode, repair, unpack
from streams.polling.formats.elements import UnusualError, count_items
from streams.polling.formats.entries import ParsedFeed
from streams.polling.formats.jsonfeed import parse_json
from streams.polling.formats.lenient import FAILS, parse_lenient
from streams.polling.formats.wellformed import parse_wellformed


def parse_feed(body: bytes, *, url: str, content_type: str | None, now: datetime) -> ParsedFeed:
    """Parse a feed document. Never raises for what the document holds; says in ``problem`` what is wrong with it.

    Args:
        body: The document, decompressed.
        url: Where it came from, for relative links.
        content_type: The Content-Type header.
        now: When it was fetched; dates far ahead of it are not believed.
    """
    try:
        body = unpack(body)
    except ValueError as error:
        return ParsedFeed(version="", problem=str(error))
    if not body.strip():
        return ParsedFeed(version="", problem="the body is empty")
    text, _ = decode(body, content_type)
    if text.lstrip()[:1] == "{":
        return parse_json(text, url=url, now=now)
    return _xml(text, url=url, now=now)


def _xml(text: str, *, url: str, now: datetime) -> ParsedFeed:
    """Read XML: as it is, else mended, else as feedparser makes it out."""
    try:
        return parse_wellformed(text, url=url, now=now)
    except UnusualError:
        fault = None
    except ExpatError as error:
        fault = str(error)
    mended, started = repair(text), count_items(text)
    if fault is not None:
        try:
            found = parse_wellformed(mended, url=url, now=now)
            if len(found.entries) >= started:
                return structs.replace(found, problem=found.problem or f"broken XML, mended ({fault})")
        except UnusualError:
            pass
        except ExpatError as error:
            fault = str(error)
    found = parse_lenient(mended, url=url, now=now)
    if len(found.entries) < started:
        # What mends one fault may make another worse.
        found = max(found, parse_lenient(text, url=url, now=now), key=lambda read: len(read.entries))
    if not found.version and not found.entries:
        failure = found.problem if (found.problem or "").startswith(FAILS) else None
        return ParsedFeed(version="", problem=failure or _not_a_feed(text))
    fault = fault or found.problem
    return structs.replace(found, problem=f"broken XML ({fault}); read as far as it goes" if fault else None)


def _not_a_feed(text: str) -> str:
    start = text.lstrip()[:500].lower()
    if "<!doctype html" in start or "<html" in start:
        return "a web page, not a feed"
    return "not a feed in any format that is known"
