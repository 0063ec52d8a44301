"""What a site says to robots: its robots.txt and its tdmrep.json, fetched once a day and remembered.

A site whose robots.txt cannot be had (no answer, 5xx, 429) is left alone until it can; one that has none (any other
4xx) forbids nothing. A tdmrep.json that cannot be had reserves nothing, and the rights say that it was not seen.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec import Struct

from streams.polling import hints
from streams.polling.domains import host_of
from streams.polling.fetch import Fetcher, Response
from streams.polling.pages.rights import Reservation, TdmRule, of_site, parse_tdmrep
from streams.polling.pages.robots import MOST_BYTES, Robots, parse_robots

_DAY = 86_400.0
_HOUR = 3_600.0
_SOON = 600.0
"""Seconds after which a site is asked again that could not say what it allows."""
_REMEMBERED = 5_000
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500


class Site(Struct, frozen=True):
    """What one site (scheme, host and port) says.

    Attributes:
        until: When it is to be asked again, on the clock of ``Sites``.
        robots: Its robots.txt; None: it could not be had, nothing is fetched.
        tdm: Its tdmrep.json; None: it could not be had.
        problem: Why there is no robots.txt to go by.
    """

    until: float
    robots: Robots | None
    tdm: tuple[TdmRule, ...] | None = None
    problem: str | None = None

    def forbids(self, url: str) -> Reservation | None:
        """Return why an address must not be fetched, or its text not be taken."""
        if self.robots is None:
            return Reservation(f"what robots.txt allows could not be found out: {self.problem}")
        if not self.robots.allows(url):
            return Reservation("robots.txt forbids it")
        return of_site(self.tdm or (), url)


class Sites:
    """Sites, asked when needed and remembered."""

    def __init__(self, fetcher: Fetcher, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; ``clock`` gives seconds."""
        self._fetcher = fetcher
        self._clock = clock
        self._sites: OrderedDict[str, Site] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def of(self, url: str) -> Site:
        """Return what the site of an address says."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        lock = self._asking.setdefault(origin, asyncio.Lock())
        try:
            async with lock:  # one asks, the others wait for the answer
                site = self._sites.get(origin)
                if site is None or site.until <= self._clock():
                    site = self._sites[origin] = await self._ask(origin)
                self._sites.move_to_end(origin)
        finally:
            if not lock.locked():
                self._asking.pop(origin, None)
        while len(self._sites) > _REMEMBERED:
            self._sites.popitem(last=False)
        if site.robots is not None and site.robots.delay:
            self._fetcher.slow(host_of(url), site.robots.delay)
        return site

    async def _ask(self, origin: str) -> Site:
        response = await self._fetcher.get(f"{origin}/robots.txt", accept="text/plain, */*;q=0.1")
        if response.status is None or response.status == _TOO_MANY or response.status >= _SERVER_ERROR:
            return Site(self._clock() + _SOON, None, problem=response.problem)
        robots = parse_robots((response.body or b"")[:MOST_BYTES].decode("utf-8", "replace"))
        declared = await self._fetcher.get(f"{origin}/.well-known/tdmrep.json", accept="application/json, */*;q=0.1")
        unseen = declared.status is None or declared.status >= _SERVER_ERROR
        tdm = None if unseen else parse_tdmrep((declared.body or b"")[:MOST_BYTES])
        return Site(self._clock() + _fresh_for(response), robots, tdm)


def _fresh_for(response: Response) -> float:
    """Return for how long a robots.txt holds: as it says, an hour at least, a day at most."""
    said = hints.max_age(response.headers.get("cache-control"), response.headers.get("age"))
    return _DAY if said is None or response.status != _OK else min(max(float(said), _HOUR), _DAY)
