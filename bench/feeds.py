"""Reading feed documents on one core: milliseconds a document, beside plain feedparser.

The documents are the captured news feeds below ``GEOWIRE_EVAL_DATA``; without it one of our own with 50 items.
"""

from __future__ import annotations

import io
import statistics
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import feedparser
from msgspec import structs

from schemas.raw import FeedRef, HttpResponse
from schemas.times import from_datetime
from streams.polling.formats.document import parse_feed
from streams.polling.reading import Request, read

_URL = "https://bench.example/feed"
_NOW = datetime(2026, 2, 20, tzinfo=UTC)
_ROUNDS = 3


def run(data: Path | None) -> None:
    """Print milliseconds a document: of the parse alone, and of the whole reading, in which every item is new."""
    warnings.simplefilter("ignore")
    documents = _captures(data) or [_own()]
    request = Request(
        feed=FeedRef(id="bench", url=_URL),
        fetched=from_datetime(_NOW),
        http=HttpResponse(status=200, url=_URL),
        content_type=None,
        listed=(),
        first=False,
    )
    first = [read(request, body) for body in documents]
    # As a poll finds it: one item is new, the others are listed as they were.
    known = [structs.replace(request, listed=found.listed[1:]) for found in first]
    print(f"{len(documents)} documents, {sum(found.entries for found in first):,} entries\n")
    print("| | median ms | mean ms | documents a second |\n|---|---|---|---|")
    _row("plain feedparser", [partial(_plain, body) for body in documents])
    _row("parsed", [partial(parse_feed, body, url=_URL, content_type=None, now=_NOW) for body in documents])
    _row("read, every item new", [partial(read, request, body) for body in documents])
    _row("read, one item new", [partial(read, *pair) for pair in zip(known, documents, strict=True)])


def _plain(body: bytes) -> object:
    return feedparser.parse(io.BytesIO(body))


def _row(name: str, calls: list[Callable[[], object]]) -> None:
    times = [min(_timed(call) for _ in range(_ROUNDS)) for call in calls]
    mean = statistics.mean(times)
    print(f"| {name} | {statistics.median(times) * 1e3:.1f} | {mean * 1e3:.1f} | {1 / mean:,.0f} |")


def _timed(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def _captures(data: Path | None) -> list[bytes]:
    room = data / "feeds" / "news" if data else None
    return [file.read_bytes() for file in sorted(room.iterdir())] if room is not None and room.is_dir() else []


def _own() -> bytes:
    items = "".join(
        f"<item><title>Report {n}</title><link>https://bench.example/{n}</link><guid>https://bench.example/{n}</guid>"
        f"<pubDate>Wed, 18 Feb 2026 {n % 24:02d}:00:00 GMT</pubDate>"
        f"<description>{'The ministers met. ' * 12}</description><category>World</category></item>"
        for n in range(50)
    )
    return f"<rss version='2.0'><channel><title>Bench</title>{items}</channel></rss>".encode()
