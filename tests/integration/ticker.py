"""Newsrooms on many addresses of this machine that publish by the clock: what a poller misses is gone for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests import site
from tests.newsrooms import Newsrooms
from tests.server import Server, serving

_EVERY = 1.5
"""Seconds between two items of a feed."""
_WINDOW = 24
"""Items a page lists: what it says stays for 36 s."""


class Ticker(Newsrooms):
    """What they published."""

    def __init__(self, server: Server, count: int) -> None:
        super().__init__(server, [f"127.0.{1 + n // 200}.{1 + n % 200}" for n in range(count)])

    def published(self) -> set[str]:
        """The titles of all items so far."""
        return {f"{host} reports {n}" for host in self.hosts for n in range(self._count())}

    def asked(self, since: float = 0.0) -> Counter[str]:
        """How often each feed was asked for since a time of the event loop's clock."""
        return Counter(seen.host for seen in self._server.requests if seen.at >= since)

    def _count(self) -> int:
        return 1 + int(self._age / _EVERY)

    def _page(self, host: str) -> bytes:
        numbers: Sequence[int] = range(self._count())[-_WINDOW:]
        return site.rss(*({"title": f"{host} reports {n}", "link": f"http://{host}/{n}"} for n in reversed(numbers)))


@asynccontextmanager
async def ticking(count: int, *, delay: float = 0.2) -> AsyncIterator[Ticker]:
    """Serve ``count`` feeds; each answer takes a while, so that there is always a poll under way."""
    async with serving("0.0.0.0") as server:  # noqa: S104 - every 127.x.y.z of this machine
        server.delay = delay
        yield Ticker(server, count)
