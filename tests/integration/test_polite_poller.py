"""The poller as a whole, on Kafka: what it does at a start, and what it remembers over a restart."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.feed import Feed, Subscription
from streams.broker import admin
from streams.polling import states
from streams.polling.poller import Held, Poller
from streams.settings import Settings
from tests import site, streams_of
from tests.held import holding, soon
from tests.server import Answer, Server, raw, serving

pytestmark = pytest.mark.integration


def _page(number: int, *items: int) -> bytes:
    return site.rss(*({"title": f"Report {n}", "link": f"https://daily-{number}.example/{n}"} for n in items or (1,)))


def _feeds(server: Server, *numbers: int, host: str | None = None) -> list[Feed]:
    return [Feed(url=server.url(f"/{n}", host), id=soon(f"feed-{n}")) for n in numbers]


@asynccontextmanager
async def _polling(settings: Settings, feeds: Sequence[Feed]) -> AsyncIterator[Poller]:
    """A poller that runs; stopped in order at the end."""
    stop = asyncio.Event()
    async with holding(settings, feeds) as poller, asyncio.TaskGroup() as tasks:
        tasks.create_task(poller.run(stop))
        try:
            yield poller
        finally:
            stop.set()


async def _polled(settings: Settings, *feed_ids: str) -> None:
    """Wait until these feeds have a state."""

    async def known() -> bool:
        return set(feed_ids) <= set(await states.load(settings))

    await streams_of.until(known, what=f"{', '.join(feed_ids)} polled")


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[tuple[Server, Settings]]:
    await admin.apply(settings)
    async with serving() as server:
        port = server.address.rpartition(":")[2]
        yield server, replace(settings, allow_private=(server.address, f"localhost:{port}"))


async def test_a_no_burst_at_start_up_next_due_survives_a_restart(served: tuple[Server, Settings]) -> None:
    server, settings = served
    numbers = range(12)
    for n in numbers:
        server.on(f"/{n}", Answer(body=_page(n)))
    async with holding(settings, _feeds(server, *numbers)) as poller:
        await poller.poll_once()
    before = await states.load(settings)
    assert len(server.requests) == 12
    server.on("/new", Answer(body=_page(99)))
    async with _polling(settings, [*_feeds(server, *numbers), Feed(url=server.url("/new"), id=soon("new"))]):
        await _polled(settings, soon("new"))
    assert len(server.requests) == 13, "only the feed that is new is polled"
    after = await states.load(settings)
    assert all(after[feed_id] == state for feed_id, state in before.items())
    assert all(datetime.fromisoformat(s.next_due) > datetime.now(UTC) + timedelta(minutes=4) for s in before.values())


async def test_a_feed_that_was_due_while_nothing_ran_is_polled_at_once(served: tuple[Server, Settings]) -> None:
    server, settings = served
    server.on("/1", Answer(body=_page(1)))
    overdue = replace(settings, poll_seconds=1, poll_floor_seconds=1)
    async with holding(overdue, _feeds(server, 1)) as poller:
        await poller.poll_once()
    async with _polling(settings, _feeds(server, 1)):

        async def again() -> bool:
            return len(server.requests) == 2

        await streams_of.until(again, what="polled again")


async def test_c_429_is_host_wide_and_remembered_over_a_restart(served: tuple[Server, Settings]) -> None:
    server, settings = served
    server.on("/1", Answer(429, headers={"Retry-After": "3600"}))
    async with holding(settings, _feeds(server, 1)) as poller:
        await poller.poll_once()
    for n in (2, 3):
        server.on(f"/{n}", Answer(body=_page(n)))
    feeds = [*_feeds(server, 1, 2), *_feeds(server, 3, host="localhost")]
    async with _polling(settings, feeds):
        await _polled(settings, soon("feed-3"))
    assert [request.path for request in server.requests] == ["/1", "/3"], (
        "nothing more of the host that asked for peace"
    )


async def test_c_a_feed_that_is_gone_is_not_polled_any_more(served: tuple[Server, Settings]) -> None:
    server, settings = served
    server.on("/1", Answer(410))
    server.on("/2", Answer(body=_page(2)))
    for _ in range(2):
        async with holding(settings, _feeds(server, 1)) as poller:
            await poller.poll_once()
    async with _polling(settings, _feeds(server, 1, 2)):
        await _polled(settings, soon("feed-2"))
    assert len(server.seen("/1")) == 2


async def test_a_state_is_written_behind_the_items(served: tuple[Server, Settings]) -> None:
    """A state on Kafka means that the items are there: its validators may be trusted."""
    server, settings = served
    server.on("/1", Answer(body=_page(1, *range(50)), headers={"ETag": '"1"'}))
    async with holding(settings, _feeds(server, 1)) as poller:
        await poller.poll_once()
    found = await streams_of.read(settings, "news.raw", "feed-state")
    (state,) = found["feed-state"]
    assert len(found["news.raw"]) == 50
    assert max(record.timestamp for record in found["news.raw"]) <= state.timestamp


async def test_pages_hold_no_other_feed_up_and_are_broken_off_at_the_end(
    served: tuple[Server, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.polling.poller._STOP_SECONDS", 1.0)
    server, settings = served
    asked, left = asyncio.Event(), asyncio.Event()

    async def trickling(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"#")
                await writer.drain()
                await asyncio.sleep(0.2)
        finally:
            left.set()

    async with raw(trickling) as address:
        slow = f"localhost:{address.rpartition(':')[2]}"  # another host than the feeds'
        settings = replace(settings, allow_private=(*settings.allow_private, slow))
        server.on("/1", Answer(body=site.rss({"title": "Report", "link": f"http://{slow}/report"})))
        server.on("/2", Answer(body=_page(2)))
        first, second = soon("first"), soon("second")
        async with _polling(settings, [Feed(url=server.url("/1"), id=first, content="page")]) as poller:
            await asyncio.wait_for(asked.wait(), 20)
            poller.hold(Held(Subscription(feed=Feed(url=server.url("/2"), id=second))))
            await _polled(settings, second)
            assert not left.is_set(), "the article is still being fetched"
            stopped = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopped < 8, "it would have taken longer"
        await asyncio.wait_for(left.wait(), 5)
    assert set(await states.load(settings)) == {second}, "what was broken off is polled anew"


async def test_a_one_get_on_add(environment: dict[str, str]) -> None:
    """From the command to the item on news.raw a new feed costs one request."""
    async with serving() as server:
        server.on("/world/rss.xml", Answer(body=_page(1)))
        here = {**os.environ, **environment, "ALLOW_PRIVATE": server.address, "GEOWIRE_FEEDS": "none"}
        for command in (["feeds", "add", server.url("/world/rss.xml")], ["poll", "--once"]):
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", "streams.cli", *command, env=here)
            assert await process.wait() == 0
        assert [(request.method, request.path) for request in server.requests] == [("GET", "/world/rss.xml")]
    assert await streams_of.count(Settings.from_env(environment), "news.raw") == 1
