"""What one poll of a feed shows: format, window, texts, dates, identity, manners, rights, and what is wrong with it."""

from __future__ import annotations

import codecs
import math
import statistics
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from agents.identity.urls import canonical_url, names_a_story
from agents.normalise.normalise import normalise
from schemas.raw import RawItem
from streams.polling import hints
from streams.polling.fetch import Response
from streams.polling.formats.decode import charset_of, decode, unpack
from streams.polling.reading import Reading
from streams.polling.trouble import of_page

FULL = 800
"""Characters from which a text counts as the whole article; as ``coverage.text`` of an event has it."""

_PERMANENT = frozenset({301, 308})
_SEVERAL = 3
_USUAL = 0.8
_NAMES = {
    "rss090": "RSS 0.90",
    "rss091u": "RSS 0.91",
    "rss091n": "RSS 0.91 (Netscape)",
    "rss092": "RSS 0.92",
    "rss093": "RSS 0.93",
    "rss094": "RSS 0.94",
    "rss10": "RSS 1.0 (RDF)",
    "rss20": "RSS 2.0",
    "rss": "RSS, unknown version",
    "atom01": "Atom 0.1",
    "atom02": "Atom 0.2",
    "atom03": "Atom 0.3",
    "atom10": "Atom 1.0",
    "atom": "Atom, unknown version",
    "json1": "JSON Feed 1.0",
    "json11": "JSON Feed 1.1",
    "news-sitemap": "news sitemap",
    "cdf": "CDF",
}
_raw = msgspec.json.Decoder(RawItem)


class Texts(Struct, frozen=True, kw_only=True):
    """How much of the articles the feed carries, in items and characters."""

    kind: Literal["full", "mixed", "summaries", "headlines", "nothing"]
    full: int = 0
    summaries: int = 0
    headlines: int = 0
    median: int = 0


class Window(Struct, frozen=True, kw_only=True):
    """From the oldest item listed to the newest.

    ``hours`` is the time in which the newest four fifths came (a page may keep an old item for years), and so what an
    outage may last without a loss; ``per_day`` is their rate.
    """

    oldest: str
    newest: str
    hours: float
    per_day: float | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """What publisher and server ask for between two polls, as written; null: nothing."""

    ttl: str | None = None
    update_period: str | None = None
    update_frequency: str | None = None
    skip_hours: tuple[str, ...] = ()
    skip_days: tuple[str, ...] = ()
    cache_control: str | None = None
    expires: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """What a check found.

    Attributes:
        source: What was checked: an address or a file.
        url: The address that answered; null: a file.
        status: HTTP status.
        feed: Whether it is a feed.
        format: Name of the format.
        charset: Character set it was read with.
        title: Title of the feed.
        language: Language the feed states.
        items: Items listed.
        window: From the oldest to the newest; null: no dates.
        texts: How much of the articles it carries.
        undated: Items without a date that can be read.
        unread_dates: Some of the dates that cannot be read, as written.
        etag: Whether the server sends one.
        last_modified: Whether the server sends one.
        asked: What publisher and server ask for.
        statement: What the feed says about reuse.
        tdm_reserved: Whether text and data mining is reserved.
        problems: What is wrong, in plain words, the worst first.
        feeds: Feeds that the page names, where it is no feed itself.
    """

    source: str
    url: str | None = None
    status: int | None = None
    feed: bool
    format: str | None = None
    charset: str | None = None
    title: str | None = None
    language: str | None = None
    items: int = 0
    window: Window | None = None
    texts: Texts = Texts(kind="nothing")
    undated: int = 0
    unread_dates: tuple[str, ...] = ()
    etag: bool = False
    last_modified: bool = False
    asked: Asked = Asked()
    statement: str | None = None
    tdm_reserved: bool | None = None
    problems: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()


def report(source: str, response: Response, reading: Reading | None, *, feeds: tuple[str, ...] = ()) -> Report:
    """Say what an answer shows.

    Args:
        source: What was asked for.
        response: The answer; of a file one with status 0.
        reading: What the body gave; None: there was none.
        feeds: Feeds that the page names, where it is no feed itself.
    """
    url, status = (response.url, response.status) if response.status else (None, None)
    if reading is None or not reading.version:
        said = reading.problem if reading is not None else None
        problem = response.problem or of_page(response.headers, response.body or b"", said).words
        return Report(source=source, url=url, status=status, feed=False, problems=(problem,), feeds=feeds)
    items = [_raw.decode(item.record) for item in reading.items]
    undated = [item for item in items if item.published is None]
    return Report(
        source=source,
        url=url,
        status=status,
        feed=True,
        format=_NAMES.get(reading.version, reading.version),
        charset=_charset(response),
        title=reading.title,
        language=reading.language,
        items=len(items),
        window=_window(reading),
        texts=_texts(items),
        undated=len(undated),
        unread_dates=tuple(dict.fromkeys(item.published_raw for item in undated if item.published_raw))[:_SEVERAL],
        etag="etag" in response.headers,
        last_modified="last-modified" in response.headers,
        asked=_asked(response, reading),
        statement=items[0].rights.statement if items else None,
        tdm_reserved=items[0].rights.tdm_reserved if items else None,
        problems=tuple(_problems(source, response, reading, items)),
    )


def _window(reading: Reading) -> Window | None:
    dates = sorted((datetime.fromisoformat(date) for date in reading.dates if date), reverse=True)
    if not dates or reading.oldest is None or reading.newest is None:
        return None
    usual = dates[: max(1, math.ceil(len(dates) * _USUAL))]
    hours = (usual[0] - usual[-1]).total_seconds() / 3600
    return Window(
        oldest=reading.oldest,
        newest=reading.newest,
        hours=round(hours, 1),
        per_day=round((len(usual) - 1) / hours * 24, 1) if hours >= 1 else None,
    )


def _texts(items: list[RawItem]) -> Texts:
    lengths = [len(normalise(item.body or item.summary or "").text) for item in items]
    if not lengths:
        return Texts(kind="nothing")
    full, headlines = sum(length >= FULL for length in lengths), sum(length == 0 for length in lengths)
    kind: Literal["full", "mixed", "summaries", "headlines"]
    if full * 10 >= len(lengths) * 9:
        kind = "full"
    elif full * 4 >= len(lengths):
        kind = "mixed"
    else:
        kind = "headlines" if headlines * 2 > len(lengths) else "summaries"
    return Texts(
        kind=kind,
        full=full,
        headlines=headlines,
        summaries=len(lengths) - full - headlines,
        median=round(statistics.median(lengths)),
    )


def _asked(response: Response, reading: Reading) -> Asked:
    said = reading.hints
    return Asked(
        ttl=said.ttl,
        update_period=said.update_period,
        update_frequency=said.update_frequency,
        skip_hours=said.skip_hours,
        skip_days=said.skip_days,
        cache_control=response.headers.get("cache-control"),
        expires=response.headers.get("expires"),
    )


def _problems(source: str, response: Response, reading: Reading, items: list[RawItem]) -> Iterator[str]:
    if reading.problem:
        yield reading.problem
    if not items:
        yield "it lists no items"
    yield from _moves(source, response)
    named, charset = charset_of(response.headers.get("content-type")), _charset(response)
    if named and charset and not _same_charset(named, charset):
        yield f"the header says {named}, but it is {charset}"
    yield from _identity(reading, items)
    if items and (undated := sum(item.published is None for item in items)):
        yield f"{undated} of {len(items)} items have no date that can be read"
    if response.status and not response.headers.keys() & {"etag", "last-modified"}:
        yield "the server sends neither ETag nor Last-Modified: every poll transfers the whole feed"
    yield from _nonsense(reading)


def _charset(response: Response) -> str | None:
    try:
        body = unpack(response.body or b"")
    except ValueError:
        return None
    return None if body.lstrip()[:1] == b"{" else decode(body, response.headers.get("content-type"))[1]


def _same_charset(one: str, other: str) -> bool:
    try:
        return codecs.lookup(one).name == codecs.lookup(other).name
    except LookupError:
        return False


def _moves(source: str, response: Response) -> Iterator[str]:
    if response.hops and response.url != source:
        for_good = all(hop.status in _PERMANENT for hop in response.hops)
        how = "for good: use that address" if for_good else "for the time being"
        yield f"redirects to {response.url} {how}"


def _identity(reading: Reading, items: list[RawItem]) -> Iterator[str]:
    if repeated := reading.entries - reading.empty - len(items):
        yield f"entries that repeat another entry of the document, and are read as one item with it: {repeated}"
    if reading.empty:
        yield f"entries that say nothing, neither title nor text nor link: {reading.empty}"
    guids = Counter(item.guid for item in items if item.guid)
    shared = sum(count for count in guids.values() if count > 1)
    if shared:
        yield f"items that share a guid with another, so that it does not count for them: {shared}"
    canonical = [canonical_url(item.link) if item.link else None for item in items]
    vague = sum(link is None or not names_a_story(link) for link in canonical)
    if vague:
        yield f"items without a link of their own, told apart by guid or text: {vague}"
    if items and not guids and vague:
        yield "no item has a guid: an item without a link is another one when its text changes"


def _nonsense(reading: Reading) -> Iterator[str]:
    said = reading.hints
    read = hints.asks(
        ttl=said.ttl, update_period=said.update_period, update_frequency=said.update_frequency, headers={}
    )
    if said.ttl and read.ttl is None:
        yield f"its ttl is no number of minutes: {said.ttl[:40]!r}"
    if said.update_period and read.sy is None:
        yield f"its update period is none that the format knows: {said.update_period[:40]!r}"
