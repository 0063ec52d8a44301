"""``geowire explain``: one article, decided by the stream's own functions, from whatever it comes in."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from selectolax.lexbor import LexborHTMLParser

from agents.enrich.enrich import enrich, load_knowledge
from agents.identity.urls import is_web_address
from agents.publish.publish import Provenance
from schemas.enriched import Enriched, RawRef
from schemas.errors import ConfigError, InfrastructureError
from schemas.raw import FeedRef, RawItem
from schemas.times import from_datetime
from streams.pipe import Line, raw_item
from streams.polling.answers import asking
from streams.polling.feedlist import feed_id
from streams.polling.fetch import Fetcher, Response
from streams.polling.pages.article import read_article
from streams.polling.pages.reading import LEAST
from streams.polling.reading import read

if TYPE_CHECKING:
    from streams.settings import Settings

_events = msgspec.json.Decoder(Enriched)
_lines = msgspec.json.Decoder(Line)
_items = msgspec.json.Decoder(RawItem)


def explain(
    settings: Settings, source: str, *, title: str | None, language: str | None, number: int
) -> tuple[Enriched, int]:
    """Return the event for an article, and how many articles the source holds.

    Args:
        settings: Knowledge overlay, addresses that may be fetched.
        source: A file, an http(s) address, or ``-``. It may hold plain text (the first line is the headline), an HTML
            page, a feed document, a line as ``geowire pipe`` reads it, a raw item, or an enriched event.
        title: Headline, where the source has none or another is meant.
        language: BCP 47 code, where it should not be detected.
        number: Which article of a feed document, from 1.

    Raises:
        ConfigError: The source cannot be read, or holds no article of that number.
        InfrastructureError: The address cannot be fetched.
    """
    body, content_type, url = _load(settings, source)
    try:
        return _events.decode(body), 1
    except msgspec.DecodeError:
        items = _articles(body, url=url, content_type=content_type, title=title)
    if not 1 <= number <= len(items):
        raise ConfigError(f"{source} holds {len(items)} articles, there is no number {number}: use --item")
    item = items[number - 1]
    if language:
        item = msgspec.structs.replace(item, language=language)
    provenance = Provenance(reason="new", supersedes=None, raw=RawRef(stream="-", partition=0, offset=0), generation=0)
    return enrich(item, provenance, load_knowledge(settings.knowledge_dir)), len(items)


def _load(settings: Settings, source: str) -> tuple[bytes, str | None, str | None]:
    if is_web_address(source):
        return (*asyncio.run(_fetch(settings, source)), source)
    try:
        return (sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()), None, None
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror}; give a file, an http(s) address or -") from error


async def _fetch(settings: Settings, url: str) -> tuple[bytes, str | None]:
    async with Fetcher.of(settings) as fetcher:
        response = await fetcher.get(url)
    if response.body is None:
        raise InfrastructureError(f"{url} cannot be fetched: {response.problem}")
    return response.body, response.headers.get("content-type")


def _articles(body: bytes, *, url: str | None, content_type: str | None, title: str | None) -> list[RawItem]:
    for decoder in (_items, _lines):
        try:
            found = decoder.decode(body.strip())
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        return [raw_item(found) if isinstance(found, Line) else found]
    address = url or "http://localhost/feed"
    response = Response(url=address, status=200, headers={"content-type": content_type} if content_type else {})
    request = asking(response, FeedRef(id=feed_id(address), url=address), fetched=from_datetime(datetime.now(UTC)))
    listed = [_items.decode(item.record) for item in read(request, body).items]
    return listed or [raw_item(_page(body.decode("utf-8", "replace"), url, title))]


def _page(text: str, url: str | None, title: str | None) -> Line:
    if text.lstrip()[:1] != "<":
        first, _, rest = text.lstrip().partition("\n")
        return Line(title=title, text=text, url=url) if title else Line(title=first, text=rest, url=url)
    page = LexborHTMLParser(text)
    heading = page.css_first("h1") or page.css_first("title")
    article = read_article(text, url or "http://localhost/")
    body = article.html if len(article.text) >= LEAST else text
    return Line(title=title or (heading.text(strip=True) if heading else ""), text=body, url=url)
