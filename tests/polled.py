"""A feed that a test polls by hand, at the times it says: everything of the poller but Kafka."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from schemas.feed import Feed
from schemas.feed_state import FeedState
from streams.polling.fetch import Fetcher, Limits
from streams.polling.hosts import Hosts
from streams.polling.pages.reading import PageReading, PageRequest, read_page
from streams.polling.parsers import Parsers
from streams.polling.poll import Polled, Polls
from streams.polling.proxies import Proxies
from streams.polling.reading import Reading, Request, read
from streams.polling.schedule import Pace

START = datetime(2026, 2, 18, 9, 30, tzinfo=UTC)
PACE = Pace(usual=1200, floor=300, most=3600)
QUICK = Limits(total_seconds=2.0, connect_seconds=1.0, silence_seconds=1.0, body_bytes=2 * 1024 * 1024)


class Here(Parsers):
    """Parses in this process: starting parser processes is not what these tests are about."""

    async def read(self, request: Request, body: bytes) -> Reading:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as the parser process does
            return read(request, body)

    async def read_page(self, request: PageRequest, body: bytes) -> PageReading:
        return read_page(request, body)


class Desk:
    """A clock, a fetcher, and the feeds polled with them; states are kept as the poller keeps them."""

    def __init__(self, pace: Pace, gap: float) -> None:
        self.now = START
        self.pace = pace
        self.hosts = Hosts(gap=gap, clock=self._seconds)
        self.states: dict[str, FeedState] = {}

    def open(self, fetcher: Fetcher) -> None:
        self._polls = Polls(fetcher=fetcher, parsers=Here(1), pace=self.pace, clock=self._time)

    def _time(self) -> datetime:
        return self.now

    def _seconds(self) -> float:
        return self.now.timestamp()

    async def poll(self, url: str, *, after: timedelta = timedelta(0), stored: bool = True) -> Polled:
        """Poll a feed; its state is not kept where the broker did not take the items (``stored=False``)."""
        self.now += after
        polled = await self._polls.once(Feed(url=url, id="a-feed"), self.states.get(url))
        if stored:
            self.states[url] = polled.outcome.state
        return polled

    async def poll_when_due(self, url: str, times: int = 1) -> list[Polled]:
        """Poll a feed some times, each time when its state says."""
        found = []
        for _ in range(times):
            if (state := self.states.get(url)) is not None:
                self.now = max(self.now, datetime.fromisoformat(state.next_due))
            found.append(await self.poll(url))
        return found

    def wait(self, url: str) -> timedelta:
        """How long after now the feed is due."""
        return datetime.fromisoformat(self.states[url].next_due) - self.now


@asynccontextmanager
async def desk(
    *allow: str, limits: Limits = QUICK, proxies: Proxies | None = None, gap: float = 0.0, pace: Pace = PACE
) -> AsyncIterator[Desk]:
    """A desk that may fetch from ``host:port`` on this machine."""
    found = Desk(pace, gap)
    async with Fetcher(
        hosts=found.hosts, allow_private=allow, contact="https://desk.example/", proxies=proxies, limits=limits
    ) as fetcher:
        found.open(fetcher)
        yield found
