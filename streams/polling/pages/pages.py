"""The pages of a feed's new items: asked for one at a time a host, as their site allows, and read.

A page that cannot be had, or must not be used, costs the item nothing but its full text: it goes out with what the feed
has and the reason why. Where that reason may pass (no answer, an error of the server's, no time left) the page is tried
again when the feed next changes, three times in all.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from schemas.feed_state import Listed, Validators
from schemas.raw import Page
from streams.polling.domains import host_of
from streams.polling.fetch import Fetcher, Response
from streams.polling.pages.reading import PageReading, PageRequest, without_page
from streams.polling.pages.rights import Reservation, of_headers
from streams.polling.pages.sites import Sites
from streams.polling.parsers import Parsers
from streams.polling.reading import Item, Reading
from streams.polling.trouble import PollError

HTML = "text/html, application/xhtml+xml, */*;q=0.1"
"""Accept for pages."""

_MOST = 100
"""Pages a poll; more new items than this are a feed's archive."""
_SECONDS = 300.0
"""How long the pages of one poll may take together."""
_SLOWEST = 60.0
"""Crawl-delay, in seconds, above which no page is asked for: news would be old."""
_TRIES = 3
_PASSING = frozenset({"no-answer", "unavailable", "rate-limited"})
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_NOT_MODIFIED = 304
_REMEMBERED_BYTES = 16 * 1024 * 1024


class Visit(Struct, frozen=True):
    """What came of asking for a page.

    Attributes:
        page: How it was asked for.
        body: The page.
        content_type: Its Content-Type header.
        tdm_reserved: As in ``PageRequest``.
        problem: Why there is no body to take.
        reservation: What forbids taking it.
        passing: Whether the problem may pass.
    """

    page: Page
    body: bytes | None = None
    content_type: str | None = None
    tdm_reserved: bool | None = None
    problem: str | None = None
    reservation: Reservation | None = None
    passing: bool = False


class Pages:
    """Fetches and reads pages."""

    def __init__(self, fetcher: Fetcher, parsers: Parsers, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; fetcher and parsers are opened and closed by the caller."""
        self._fetcher = fetcher
        self._parsers = parsers
        self._clock = clock
        self._sites = Sites(fetcher, clock=clock)
        self._remembered = _Remembered()

    async def fill(self, reading: Reading) -> Reading:
        """Return a reading with the articles' own texts in its items, where they could be had."""
        until = self._clock() + _SECONDS
        by_host: dict[str, list[Item]] = {}
        for item in reading.items:
            by_host.setdefault(host_of(item.link or ""), []).append(item)
        left = _Count(_MOST)
        rows = (self._row(items, reading.headlines, until, left) for items in by_host.values())
        found = {item_id: filled for row in await asyncio.gather(*rows) for item_id, filled in row.items()}
        items = (found[item.item_id] for item in reading.items)
        waiting = {item_id for item_id, filled in found.items() if filled.passing}
        return structs.replace(
            reading,
            items=tuple(filled.item for filled in items if not (filled.again and filled.problem)),
            listed=tuple(_counted(listed, waiting) for listed in reading.listed),
            pages_taken=sum(not filled.problem for filled in found.values()),
            pages_missed=sum(bool(filled.problem) for filled in found.values()),
        )

    async def _row(
        self, items: Iterable[Item], headlines: tuple[str, ...], until: float, left: _Count
    ) -> dict[str, _Filled]:
        """Fill the items of one host, one after the other."""
        return {item.item_id: await self._one(item, headlines, until, left) for item in items}

    async def _one(self, item: Item, headlines: tuple[str, ...], until: float, left: _Count) -> _Filled:
        url = (item.link or "").partition("#")[0]
        if not url:
            visit = Visit(Page(url=""), problem="the item has no link")
        elif item.old:
            visit = Visit(Page(url=url), problem="it was old when the feed was polled for the first time")
        elif self._clock() >= until or not left.take():
            visit = Visit(Page(url=url), problem="the feed has brought too many items at once", passing=True)
        else:
            visit = await self._visit(url)
        read = await self._read(item, visit, headlines)
        filled = read.item or without_page(item.record, visit.page, read.problem or "").item or item
        return _Filled(filled, read.problem, visit.passing, item.again)

    async def _visit(self, url: str) -> Visit:
        """Ask for a page, unless its site forbids it."""
        forbidden: list[Reservation] = []

        async def permit(address: str) -> None:
            site = await self._sites.of(address)
            if (reservation := site.forbids(address)) is not None:
                forbidden.append(reservation)
                raise PollError("unavailable" if site.robots is None else "denied", reservation.statement)
            if site.robots is not None and site.robots.delay > _SLOWEST:
                raise PollError("denied", f"robots.txt asks for {site.robots.delay:g} s between two requests")

        known = self._remembered.get(url)
        response = await self._fetcher.get(url, known.validators if known else None, accept=HTML, permit=permit)
        page = Page(url=response.url, status=response.status)
        if response.problem is not None:
            passing = response.kind in _PASSING
            reservation = forbidden[0] if forbidden and not passing else None
            return Visit(page, problem=response.problem, reservation=reservation, passing=passing)
        if (reservation := of_headers(response.headers)) is not None:
            return Visit(page, problem=reservation.statement, reservation=reservation)
        site = await self._sites.of(response.url)
        visit = Visit(page, tdm_reserved=None if site.tdm is None else False)
        if response.status == _NOT_MODIFIED and known is not None:
            return structs.replace(visit, body=zlib.decompress(known.packed), content_type=known.content_type)
        content_type = response.headers.get("content-type", "")
        if content_type and not content_type.lower().startswith(_HTML_TYPES):
            return structs.replace(visit, problem=f"not a web page but {content_type[:80]}")
        self._remembered.put(url, response)
        return structs.replace(visit, body=response.body, content_type=content_type)

    async def _read(self, item: Item, visit: Visit, headlines: tuple[str, ...]) -> PageReading:
        if visit.body is None:
            return without_page(item.record, visit.page, visit.problem or "the page is empty", visit.reservation)
        request = PageRequest(
            record=item.record,
            page=visit.page,
            content_type=visit.content_type,
            headlines=headlines,
            tdm_reserved=visit.tdm_reserved,
        )
        return await self._parsers.read_page(request, visit.body)


class _Filled(Struct, frozen=True):
    item: Item
    problem: str | None = None
    passing: bool = False
    again: bool = False


class _Count:
    """So many, and then no more."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self) -> bool:
        self._left -= 1
        return self._left >= 0


class _Known(Struct, frozen=True):
    validators: Validators
    packed: bytes
    content_type: str | None


class _Remembered:
    """The pages fetched last that can be asked for conditionally: items are edited, and listed by other feeds too."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, _Known] = OrderedDict()
        self._bytes = 0

    def get(self, url: str) -> _Known | None:
        return self._pages.get(url)

    def put(self, url: str, response: Response) -> None:
        etag, modified = response.headers.get("etag"), response.headers.get("last-modified")
        if response.body is None or not (etag or modified):
            return
        if (before := self._pages.pop(url, None)) is not None:
            self._bytes -= len(before.packed)
        validators = Validators(url=response.url, etag=etag, last_modified=modified)
        packed = zlib.compress(response.body, 1)
        self._pages[url] = _Known(validators, packed, response.headers.get("content-type"))
        self._bytes += len(packed)
        while self._bytes > _REMEMBERED_BYTES:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= len(oldest.packed)


def _counted(listed: Listed, waiting: set[str]) -> Listed:
    """Return what is remembered of an item, with the tries at its page counted."""
    tries = listed.tries + 1 if listed.item_id in waiting else 0
    return structs.replace(listed, tries=tries if tries < _TRIES else 0)
