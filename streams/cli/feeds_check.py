"""What ``geowire feeds check`` does and prints: one poll of one feed, and what it shows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import structs
from rich.text import Text

from agents.identity.urls import is_web_address
from schemas.errors import ConfigError
from schemas.raw import FeedRef, RawItem
from schemas.times import from_datetime
from streams.cli.audit import printable
from streams.cli.show import console, write_json
from streams.polling.answers import asking, read_answer
from streams.polling.check import FULL, Report, report
from streams.polling.discover import candidates_of_page
from streams.polling.feedlist import feed_id
from streams.polling.fetch import Fetcher, Response
from streams.polling.formats.decode import decode
from streams.polling.pages.pages import Pages
from streams.polling.parsers import Parsers
from streams.polling.poll import utc_now
from streams.polling.reading import Reading, read
from streams.polling.why import span
from streams.settings import Settings

_NOWHERE = "http://localhost/feed"


def run_check(settings: Settings, source: str, *, page: bool, as_json: bool) -> bool:
    """Check a feed and print what was found.

    Returns:
        Whether it is a feed.

    Raises:
        ConfigError: The file cannot be read.
        InfrastructureError: The parser process does not start.
    """
    if is_web_address(source):
        found, newest = asyncio.run(_poll(settings, source, page=page))
    elif page:
        raise ConfigError("--page fetches an article: give the address of the feed, not a file")
    else:
        found, newest = _of_file(source), None
    if as_json:
        builtins = msgspec.to_builtins(found)
        write_json(builtins if newest is None else builtins | {"page": msgspec.to_builtins(newest)})
    else:
        for label, words in _lines(found, newest):
            console.print(Text(f"{label:<11} {printable(words)}"), soft_wrap=True, highlight=False)
    return found.feed


async def _poll(settings: Settings, url: str, *, page: bool) -> tuple[Report, RawItem | None]:
    async with Fetcher.of(settings) as fetcher, Parsers(1) as parsers:
        response = await fetcher.get(url)
        if response.body is None:
            return report(url, response, None), None
        request = asking(response, FeedRef(id=feed_id(url), url=url), fetched=from_datetime(utc_now()), pages=page)
        reading = await read_answer(response, request, fetcher=fetcher, parsers=parsers)
        feeds = () if reading.version else _feeds_of(response)
        newest = await _newest(Pages(fetcher, parsers), reading) if page and reading.items else None
    return report(url, response, reading, feeds=feeds), newest


async def _newest(pages: Pages, reading: Reading) -> RawItem:
    """Return the newest item, with its page's text where that can be had."""
    filled = await pages.fill(structs.replace(reading, items=reading.items[-1:]))
    return msgspec.json.decode(filled.items[0].record, type=RawItem)


def _of_file(source: str) -> Report:
    try:
        body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror}; give a file, an http(s) address or -") from error
    response = Response(url=_NOWHERE, body=body)
    reading = read(asking(response, FeedRef(id="file", url=_NOWHERE), fetched=from_datetime(utc_now())), body)
    return report(source, response, reading, feeds=() if reading.version else _feeds_of(response))


def _feeds_of(response: Response) -> tuple[str, ...]:
    body, content_type = response.body or b"", response.headers.get("content-type")
    if "<" not in decode(body[:1024], content_type)[0]:
        return ()
    return tuple(candidate.url for candidate in candidates_of_page(body, response.url, content_type))[:10]


def _lines(found: Report, newest: RawItem | None) -> Iterator[tuple[str, str]]:
    if not found.feed:
        yield "no feed", found.problems[0]
        yield from (("its feeds" if not number else "", url) for number, url in enumerate(found.feeds))
        return
    about = (found.format, found.title and f"“{found.title}”", found.language, found.charset, f"{found.items} items")
    yield "feed", " · ".join(part for part in about if part)
    yield "window", _window(found)
    yield "texts", _texts(found)
    yield "dates", _dates(found)
    if found.url is not None:
        yield "validators", _validators(found)
    yield "asks", _asks(found)
    yield "rights", _rights(found)
    if newest is not None:
        yield "page", _page(newest)
    yield from (("problems" if not number else "", problem) for number, problem in enumerate(found.problems))
    if not found.problems:
        yield "problems", "none"


def _window(found: Report) -> str:
    window = found.window
    if window is None:
        return "not known: no item says when it was published"
    rate = f", about {window.per_day:g} items a day" if window.per_day is not None else ""
    usual = f"four fifths of it within {span(window.hours * 3600)}{rate}"
    return f"from {window.oldest[:16]}Z to {window.newest[:16]}Z, {usual}: so long an outage loses nothing"


def _texts(found: Report) -> str:
    texts = found.texts
    counts = f"{texts.full} of {found.items} items have {FULL} characters or more, the median is {texts.median}"
    hint = "; `content: page` in the feed list would fetch the articles"
    return {
        "full": f"full text: {counts}",
        "mixed": f"full text for some: {counts}{hint}",
        "summaries": f"summaries: {counts}{hint}",
        "headlines": f"headlines alone for {texts.headlines} of {found.items} items{hint}",
        "nothing": "no items",
    }[texts.kind]


def _dates(found: Report) -> str:
    if not found.undated:
        return "all read"
    shown = f", among them {', '.join(repr(written) for written in found.unread_dates)}" if found.unread_dates else ""
    return f"{found.undated} of {found.items} items have none that can be read{shown}"


def _validators(found: Report) -> str:
    names = [name for name, sent in (("ETag", found.etag), ("Last-Modified", found.last_modified)) if sent]
    return f"{' and '.join(names)}: a poll that finds nothing new can be answered with 304" if names else "none"


def _asks(found: Report) -> str:
    asked = found.asked
    said = (
        ("ttl", asked.ttl and f"{asked.ttl} min"),
        ("update period", asked.update_period),
        ("update frequency", asked.update_frequency),
        ("skipHours", " ".join(asked.skip_hours)),
        ("skipDays", " ".join(asked.skip_days)),
        ("Cache-Control", asked.cache_control),
        ("Expires", asked.expires),
    )
    return ", ".join(f"{name} {words}" for name, words in said if words) or "nothing"


def _rights(found: Report) -> str:
    tdm = {True: "text and data mining is reserved", False: "text and data mining is not reserved", None: ""}
    said = (found.statement, tdm[found.tdm_reserved])
    return "; ".join(part for part in said if part) or "nothing said"


def _page(newest: RawItem) -> str:
    page = newest.page
    if page is None or page.problem is not None:
        return f"{newest.link}: {page.problem if page else 'not asked for'}"
    return f"{page.url}: {len(newest.body or '')} characters of HTML, text and links"
