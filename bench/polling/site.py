"""The sites that the benchmark polls: ten thousand feeds, each on a loopback address of its own; run as a process.

A feed is a captured page (from ``GEOWIRE_EVAL_DATA``; an invented one without it) into which new items are written: as
often as its rhythm says (mode ``rhythm``), or one for each ``bump`` (mode ``bump``). Answers 304 to its own ETag.
Hand-written on asyncio's protocol, so that the server costs little beside the poller.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from bisect import bisect_right
from html import escape
from pathlib import Path

import uvloop

from bench.polling.rhythms import DAY, Capture, captures, publications

_FIRST_ITEM = re.compile(rb"<item[\s>]")
_PATH = re.compile(rb"GET /feed/(\d+) ")
_COMMAND = re.compile(rb"GET /(rhythm|bump|still|count) ")
_IF_NONE_MATCH = re.compile(rb"\r\nif-none-match: *([^\r]*)\r\n", re.IGNORECASE)
AGES = "ages.json"
"""File that says how many seconds before the start of the measurement each feed was polled last."""
_LONGEST = 1_200.0
_NEWEST = 30
"""Items written into a page at most; older ones have left it."""


class Pages:
    """What each feed serves at the moment."""

    def __init__(self, data: Path | None, feeds: int, directory: Path) -> None:
        self._found = pages(data)
        self._started = time.time()
        self._directory = directory
        self._rhythms = [series(self._found[n % len(self._found)][0], n) for n in range(feeds)]
        self._polled = [0] * feeds
        self._rhythm = False
        self._bumps = 0
        self.requests = 0
        self.full = 0

    def command(self, name: bytes) -> bytes:
        """Change what is served; return what was asked of the server so far."""
        if name == b"rhythm":
            self._rhythm, self._started = True, time.time()
            ages = json.loads((self._directory / AGES).read_text())
            self._polled = [bisect_right(times, -age) for times, age in zip(self._rhythms, ages, strict=False)]
        elif name == b"bump":
            self._rhythm, self._bumps = False, self._bumps + 1
        return b"%d %d" % (self.requests, self.full)

    def page(self, feed: int, known: bytes | None) -> tuple[bytes, bytes | None]:
        """Return a feed's ETag and page; no page where the ETag is known."""
        self.requests += 1
        moment = time.time() - self._started
        came = bisect_right(self._rhythms[feed], moment) - self._polled[feed] if self._rhythm else 0
        etag = b'"%d-%d"' % (self._bumps, came)
        if known == etag:
            return etag, None
        self.full += 1
        body = self._found[feed % len(self._found)][1]
        place = _FIRST_ITEM.search(body)
        new = b"".join(_item(feed, self._bumps + n) for n in range(came, max(0, came - _NEWEST), -1))
        new += _item(feed, self._bumps) if self._bumps else b""
        return etag, body[: place.start()] + new + body[place.start() :] if place else body


def series(capture: Capture, number: int) -> list[float]:
    """Return when a feed publishes, in seconds from the start of the measurement: the week before, and after it."""
    rng = random.Random(number)  # noqa: S311
    return publications(capture, rng, start=-7 * DAY, end=_LONGEST)


def pages(data: Path | None) -> list[tuple[Capture, bytes]]:
    """Return the pages and their rhythms; a page has items that another can be written before."""
    found = captures(data)
    if data is None or not (data / "feeds/news").is_dir():
        return [(capture, _invented(capture)) for capture in found]
    files = {file.stem: file.read_bytes() for file in (data / "feeds/news").glob("*.xml")}
    return [(c, files[c.name]) for c in found if c.name in files and _FIRST_ITEM.search(files[c.name])]


def _invented(capture: Capture) -> bytes:
    items = b"".join(_item(hash(capture.name) % 1_000_000, n) for n in range(capture.listed))
    return b"<?xml version='1.0'?><rss version='2.0'><channel><title>Invented</title>" + items + b"</channel></rss>"


def _item(feed: int, number: int) -> bytes:
    sentence = f"Report {number} of feed {feed}: the talks on the maritime border go on, both sides say. "
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    return (
        f"<item><title>{escape(sentence)}</title><link>https://feed-{feed}.example/{number}</link>"
        f"<guid isPermaLink='false'>new-{feed}-{number}</guid><pubDate>{date}</pubDate>"
        f"<description>{escape(sentence * 6)}</description></item>"
    ).encode()


class _Connection(asyncio.Protocol):
    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head + b"\r\n"))  # type: ignore[attr-defined]

    def _answer(self, head: bytes) -> bytes:
        if command := _COMMAND.match(head):
            body = self._pages.command(command[1])
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        asked = _PATH.match(head)
        if asked is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        known = _IF_NONE_MATCH.search(head)
        etag, page = self._pages.page(int(asked[1]), known[1] if known else None)
        if page is None:
            return b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % etag
        kind = b"Content-Type: application/rss+xml\r\n"
        return b"HTTP/1.1 200 OK\r\nETag: %s\r\n%sContent-Length: %d\r\n\r\n" % (etag, kind, len(page)) + page


async def _serve(data: Path | None, feeds: int, directory: Path) -> None:
    pages = Pages(data, feeds, directory)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(pages), "0.0.0.0", 0, backlog=2048)  # noqa: S104
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[3]) if len(sys.argv) > 3 else None, int(sys.argv[1]), Path(sys.argv[2])))
