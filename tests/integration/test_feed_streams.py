"""The feeds as a stream: what changes on it a running poller follows, and what others leave half done it finishes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from schemas.codec import encode
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState, Writer
from streams.broker import admin
from streams.polling import states, subscriptions
from streams.polling.domains import partition_for
from streams.polling.poller import Poller
from streams.polling.share import Fence, Share
from streams.settings import Settings
from tests import site, streams_of
from tests.held import soon
from tests.server import Answer, Server, serving

pytestmark = pytest.mark.integration

_THEN = "2026-02-18T09:30:00.000Z"
_ID = soon("daily")
_OLD, _NEW = "127.0.0.2", "127.0.0.3"


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[tuple[Server, Settings]]:
    settings = replace(settings, partitions=2)
    await admin.apply(settings)
    async with serving("0.0.0.0") as server:  # noqa: S104 - every 127.x.y.z of this machine
        addresses = tuple(server.url("", host).removeprefix("http://") for host in (_OLD, _NEW))
        quick = {"poll_seconds": 1, "poll_floor_seconds": 1, "poll_most_seconds": 2, "poll_workers": 1}
        yield server, replace(settings, allow_private=addresses, **quick)  # type: ignore[arg-type]


@asynccontextmanager
async def _polling(settings: Settings) -> AsyncIterator[Poller]:
    """A poller in the group, ready; stopped in order at the end."""
    stop = asyncio.Event()
    fence = Fence(settings.session_seconds)
    async with (
        Poller(settings, may_poll=fence.holds) as poller,
        Share(settings, poller, fence) as share,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(share.follow())
        tasks.create_task(poller.run(stop))
        await asyncio.wait_for(share.ready.wait(), 30)
        try:
            yield poller
        finally:
            stop.set()
            following.cancel()


def _subscription(server: Server, host: str = _OLD, **more: Any) -> Subscription:
    feed = Feed(url=server.url("/feed", host), id=_ID)
    return structs.replace(Subscription(feed=feed, added=True), **more)


async def _write(settings: Settings, subscription: Subscription | None) -> None:
    await subscriptions.write(settings, await subscriptions.read(settings), {_ID: subscription})


async def _asked(server: Server, count: int, what: str, host: str | None = None) -> None:
    """Wait until the server was asked so often in all, or by one of its names."""

    async def often() -> bool:
        return len([seen for seen in server.requests if host in {None, seen.host}]) >= count

    await streams_of.until(often, seconds=30, what=what)


async def _partitions(settings: Settings, stream: str) -> set[int]:
    """The partitions that hold a record of the feed."""
    found: dict[int, bool] = {}
    for record in (await streams_of.read(settings, stream))[stream]:
        found[record.partition] = record.value is not None
    return {partition for partition, there in found.items() if there}


def _page(*numbers: int) -> bytes:
    return site.rss(*({"title": f"Report {n}", "link": f"https://daily.example/{n}"} for n in numbers))


async def _quiet(poller: Poller) -> None:
    """Wait until the poller knows that the feed is not to be polled, and has ended the poll under way."""

    async def quiet() -> bool:
        held = poller._held.get(_ID)
        return (held is None or not held.subscription.active) and not poller._under_way

    await streams_of.until(quiet, seconds=30, what="the feed is not polled any more")


async def test_a_running_poller_follows_the_stream(served: tuple[Server, Settings]) -> None:
    server, settings = served
    server.on("/feed", Answer(body=_page(1)))
    async with _polling(settings) as poller:
        await _write(settings, _subscription(server))
        await _asked(server, 2, "what is added is polled")
        await _write(settings, _subscription(server, paused=_THEN))
        await _quiet(poller)
        asked = len(server.requests)
        await _write(settings, _subscription(server, resumed=_THEN))
        await _asked(server, asked + 1, "what is resumed is polled")
        await _write(settings, None)
        await _quiet(poller)
        assert len(poller._agenda) == 0
    assert await _partitions(settings, "feeds") == set()
    assert await _partitions(settings, "feed-state") == set(), "its state goes with it"


async def test_a_feed_that_is_given_up_is_polled_again_when_it_is_resumed(served: tuple[Server, Settings]) -> None:
    server, settings = served
    server.on("/feed", Answer(410), Answer(410), Answer(body=_page(1)))
    async with _polling(settings) as poller:
        await _write(settings, _subscription(server))
        await _asked(server, 2, "it is asked twice")

        async def given_up() -> bool:
            return not poller._under_way and len(poller._agenda) == 0

        await streams_of.until(given_up, what="the feed is given up")
        await _write(settings, _subscription(server, resumed=_THEN))
        await _asked(server, 3, "it is asked again")
        await _events(settings, "gone", "recovered")


async def _events(settings: Settings, *kinds: str) -> list[dict[str, Any]]:
    """Wait until these and no others were said on feed-status."""
    found: list[dict[str, Any]] = []

    async def said() -> bool:
        records = (await streams_of.read(settings, "feed-status"))["feed-status"]
        found[:] = [json.loads(record.value) for record in records]
        assert [event["id"] for event in found] == [streams_of.headers(r)["ce_id"].decode() for r in records]
        return [event["event"] for event in found] == list(kinds)

    await streams_of.until(said, what=f"{kinds} on feed-status")
    return found


async def test_what_an_operator_should_know_comes_on_feed_status(served: tuple[Server, Settings]) -> None:
    server, settings = served
    challenge = Answer(403, body=b"<html><title>Just a moment...</title></html>", headers={"Server": "cloudflare"})
    server.on(
        "/feed", Answer(body=_page(1, 2, 3)), Answer(body=_page(7, 8, 9)), challenge, challenge, Answer(body=_page(9))
    )
    async with _polling(settings):
        await _write(settings, _subscription(server))
        (loss, blocked, recovered) = await _events(settings, "possible-loss", "blocked", "recovered")
    assert loss["since"] < loss["at"]
    assert "refused to us" in blocked["message"]
    assert recovered["was"] == "blocked"


async def test_a_publisher_who_moves_takes_the_feed_to_another_partition(served: tuple[Server, Settings]) -> None:
    """301 three times; from then on the feed belongs to whoever polls the new domain, with all that is known of it."""
    server, settings = served
    old, new = (partition_for(server.url("/", host), settings.partitions) for host in (_OLD, _NEW))
    assert old != new
    moved = server.url("/moved", _NEW)
    server.on("/feed", Answer(body=_page(1), headers={"ETag": '"1"'}), Answer(301, headers={"Location": moved}))
    server.on("/moved", Answer(body=_page(1), headers={"ETag": '"1"'}))
    async with _polling(settings):
        await _write(settings, _subscription(server))
        (event,) = await _events(settings, "moved")
        before = len(server.requests)
        await _asked(server, before + 2, "it is polled on")
    assert event["address"] == moved
    assert {seen.host for seen in server.requests[before:]} == {_NEW}, "only where it moved to"
    assert await _partitions(settings, "feeds") == await _partitions(settings, "feed-state") == {new}
    assert (await subscriptions.read(settings)).feeds[_ID].address == moved
    assert await streams_of.count(settings, "news.raw") == 1, "what was known of it went along"


async def test_a_new_address_in_the_list_takes_its_state_along(served: tuple[Server, Settings]) -> None:
    server, settings = served
    server.on("/feed", Answer(body=_page(1, 2)))
    async with _polling(settings):
        await _write(settings, _subscription(server))
        await _asked(server, 2, "it is polled")
        await _write(settings, _subscription(server, _NEW))
        await _asked(server, 2, "it is polled at its new address", _NEW)
    assert await streams_of.count(settings, "news.raw") == 2, "its items are known"
    assert len(await _partitions(settings, "feeds")) == 1


@pytest.mark.parametrize("written", [1, 3])
async def test_a_move_that_somebody_left_half_done_is_finished(served: tuple[Server, Settings], written: int) -> None:
    """After the mark; after the new record, before the old ones are deleted."""
    server, settings = served
    server.on("/feed", Answer(body=_page(1, 2)))
    old, new = (partition_for(server.url("/", host), settings.partitions) for host in (_OLD, _NEW))
    async with _polling(settings):
        await _write(settings, _subscription(server))
        await _asked(server, 2, "it is polled")
    goes = _subscription(server, _NEW)
    state = structs.replace((await states.load(settings))[_ID], writer=Writer())
    steps = [("feeds", structs.replace(goes, leaving=True), old), ("feed-state", state, new), ("feeds", goes, new)]
    async with streams_of.producer(settings) as client:
        for stream, value, partition in steps[:written]:
            await client.send_and_wait(settings.stream(stream), encode(value), key=_ID.encode(), partition=partition)
    async with _polling(settings):
        await _asked(server, 2, "it is polled at its new address", _NEW)
    assert await _partitions(settings, "feeds") == await _partitions(settings, "feed-state") == {new}
    assert await streams_of.count(settings, "news.raw") == 2, "its items are known"


async def test_what_an_older_poller_still_writes_is_written_over(served: tuple[Server, Settings]) -> None:
    """A state that was under way when its writer was frozen must not stay the last one: compaction keeps that."""
    server, settings = served
    server.on("/feed", Answer(body=_page(1), headers={"Cache-Control": "max-age=3600"}))
    await _write(settings, _subscription(server))
    await _wrote(settings, server, Writer(0, 900))
    async with _polling(settings):

        async def last() -> Any:
            records = (await streams_of.read(settings, "feed-state"))["feed-state"]
            return [json.loads(r.value)["status"] for r in records if r.value is not None][-1]

        async def ours() -> bool:
            return bool(await last() == 200)

        await streams_of.until(ours, what="its state is written")
        await _wrote(settings, server, Writer(0, 900))
        await streams_of.until(ours, what="our state is the last one again")
    assert len(server.requests) == 1


async def _wrote(settings: Settings, server: Server, writer: Writer) -> None:
    """Write the feed's state as somebody else, who found it due and a teapot."""
    url = server.url("/feed", _OLD)
    state = FeedState(feed_id=_ID, url=url, next_due=_THEN, status=418, writer=writer)
    partition = partition_for(url, settings.partitions)
    async with streams_of.producer(settings) as client:
        stream = settings.stream("feed-state")
        await client.send_and_wait(stream, encode(state), key=_ID.encode(), partition=partition)


async def test_states_of_a_group_that_the_broker_forgot_do_not_void_new_ones(served: tuple[Server, Settings]) -> None:
    """The broker forgets a group nobody is in, and counts generations from one again."""
    server, settings = served
    server.on("/feed", Answer(body=_page(1)))
    await _write(settings, _subscription(server))
    await _wrote(settings, server, Writer(0, 900))
    async with _polling(settings):
        await _asked(server, 2, "it is polled, and again")
    state = (await states.load(settings))[_ID]
    assert state.writer.term == 1
    assert state.status == 200
