"""Feeds that publish by the clock and correct every third report: what must have come out in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from tests import site
from tests.newsrooms import Newsrooms
from tests.server import Server, serving


class Newsroom(Newsrooms):
    """What they published, and how it is corrected."""

    def __init__(self, server: Server, count: int, *, every: float, corrected_after: float, window: int) -> None:
        super().__init__(server, [f"127.0.3.{n + 1}" for n in range(count)])
        self._every = every
        self._corrected_after = corrected_after
        self._window = window

    def final(self) -> set[str]:
        """The titles that the items have in the end."""
        return {title for host in self.hosts for title, _ in self._items(host)}

    def supersedes(self) -> dict[str, str]:
        """For each corrected title the one before."""
        pairs = (pair for host in self.hosts for pair in self._items(host))
        return {title: before for title, before in pairs if before is not None}

    def _items(self, host: str) -> Iterator[tuple[str, str | None]]:
        """Yield all items so far, oldest first: title, and the title it had before."""
        age = self._age
        for number in range(1 + int(age / self._every)):
            first = f"{host} reports {number}"
            corrected = number % 3 == 0 and age - number * self._every > self._corrected_after
            yield (f"{first}, corrected", first) if corrected else (first, None)

    def _page(self, host: str) -> bytes:
        items = list(enumerate(self._items(host)))[-self._window :]
        return site.rss(*({"title": title, "link": f"http://{host}/{n}"} for n, (title, _) in reversed(items)))


@asynccontextmanager
async def publishing(
    count: int, *, every: float = 4.0, corrected_after: float = 20.0, window: int = 90
) -> AsyncIterator[Newsroom]:
    """Serve ``count`` feeds; with these figures a page keeps what it lists for six minutes."""
    async with serving("0.0.0.0") as server:  # noqa: S104 - every 127.x.y.z of this machine
        server.delay = 0.05
        yield Newsroom(server, count, every=every, corrected_after=corrected_after, window=window)
