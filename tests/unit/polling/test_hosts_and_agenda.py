"""Checklist B, the hosts: one request at a time, a gap between two, whatever leads to the host; a cap over all."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from streams.polling.agenda import Agenda
from streams.polling.fetch import Limits
from streams.polling.hosts import Hosts, RestingError
from tests import site
from tests.polled import QUICK, desk
from tests.server import Answer, serving

_FEED = Answer(body=site.rss({"title": "Report", "link": "https://daily.example/1"}))
_GAP = 0.05


async def test_b_one_request_at_a_time_to_a_host_and_a_gap_between_two() -> None:
    async with serving() as server, desk(server.address, gap=_GAP) as polls:
        polls.hosts._clock = time.time
        for n in range(6):
            server.on(f"/{n}", _FEED)
        server.delay = 0.02
        await asyncio.gather(*(polls.poll(server.url(f"/{n}")) for n in range(6)))
    times = sorted(request.at for request in server.requests)
    assert server.most_at_a_time["127.0.0.1"] == 1
    assert min(later - earlier for earlier, later in pairwise(times)) >= _GAP + server.delay


async def test_b_the_limit_is_of_the_host_actually_fetched_redirects_included() -> None:
    """Two sites redirect to one; it gets one request at a time, with the gap between two."""
    async with serving() as one, serving() as other, serving() as target:
        sites = (one, other)
        allowed = [site.address for site in (*sites, target)]
        async with desk(*allowed, gap=_GAP) as polls:
            polls.hosts._clock = time.time
            target.on("/feed", _FEED)
            for source in sites:
                source.on("/feed", Answer(302, headers={"Location": target.url("/feed", "localhost")}))
            await asyncio.gather(*(polls.poll(source.url("/feed")) for source in sites))
            await polls.poll(target.url("/feed", "localhost"))
    times = sorted(request.at for request in target.requests)
    assert len(times) == 3
    assert {request.host for request in target.requests} == {"localhost"}
    assert target.most_at_a_time["localhost"] == 1
    assert min(later - earlier for earlier, later in pairwise(times)) >= _GAP


async def test_b_hosts_do_not_wait_for_each_other() -> None:
    async with serving() as server, desk(server.address, gap=0.0) as polls:
        server.on("/feed", _FEED)
        server.delay = 0.1
        started = time.monotonic()
        await asyncio.gather(*(polls.poll(server.url("/feed", host)) for host in ("127.0.0.1", "localhost")))
    assert sum(server.most_at_a_time.values()) == 2
    assert time.monotonic() - started < 0.19


async def test_b_a_global_cap_over_all_hosts() -> None:
    names = [f"127.0.0.{n}" for n in range(1, 13)]
    limits = Limits(connections=3, total_seconds=QUICK.total_seconds)
    async with serving("0.0.0.0") as server:  # noqa: S104 - every loopback address is a host of its own
        port = server.address.rpartition(":")[2]
        async with desk(*(f"{name}:{port}" for name in names), limits=limits) as polls:
            server.on("/feed", _FEED)
            server.delay = 0.02
            await asyncio.gather(*(polls.poll(server.url("/feed", name)) for name in names))
    assert len(server.requests) == 12
    assert server.most_of_all == 3


async def test_b_waiting_for_a_host_does_not_count_against_the_deadline() -> None:
    limits = Limits(total_seconds=0.3)
    async with serving() as server, desk(server.address, gap=0.1, limits=limits) as polls:
        polls.hosts._clock = time.time
        server.delay = 0.1
        for n in range(4):
            server.on(f"/{n}", _FEED)
        polled = await asyncio.gather(*(polls.poll(server.url(f"/{n}")) for n in range(4)))
    assert [found.outcome.state.problem for found in polled] == [None] * 4


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_b_a_resting_host_is_not_asked_and_its_rest_survives_a_restart() -> None:
    clock = _Clock()
    hosts = Hosts(gap=1.0, clock=clock)
    until = hosts.rest("a.example", 600)
    assert until == 1_600
    with pytest.raises(RestingError):
        async with hosts.turn("a.example"):
            pass
    again = Hosts(gap=1.0, clock=clock)
    again.rest_until("a.example", until)
    assert again.free_at("a.example") == 1_600
    clock.now = 1_600.5
    async with again.turn("a.example"):
        pass


async def test_b_hosts_that_are_not_asked_any_more_are_forgotten() -> None:
    clock = _Clock()
    hosts = Hosts(gap=1.0, clock=clock)
    hosts.rest("rests.example", 1e6)
    for n in range(20_000):
        clock.now += 1
        async with hosts.turn(f"{n}.example"):
            pass
    assert len(hosts._hosts) < 5_000
    assert hosts.free_at("rests.example") > clock.now


# The agenda


def _agenda() -> tuple[Agenda, Hosts, _Clock]:
    clock = _Clock()
    hosts = Hosts(gap=1.0, clock=clock)
    return Agenda(hosts, clock=clock), hosts, clock


async def _take(agenda: Agenda) -> str | None:
    """What the agenda gives now; None where it would wait."""
    try:
        turn = await asyncio.wait_for(agenda.take(), 0.01)
    except TimeoutError:
        return None
    return turn.feed_id if turn is not None else None


async def test_b_agenda_gives_feeds_when_they_are_due_one_a_host() -> None:
    agenda, _, clock = _agenda()
    agenda.put("late", "b.example", 1_100)
    agenda.put("second", "a.example", 999)
    agenda.put("first", "a.example", 998)
    agenda.put("other", "c.example", 999.5)
    assert [await _take(agenda) for _ in range(3)] == ["first", "other", None]
    agenda.done("a.example")
    assert await _take(agenda) == "second"
    clock.now = 1_100
    assert await _take(agenda) == "late"
    assert len(agenda) == 0


async def test_b_agenda_keeps_the_gap_and_the_rest_of_a_host() -> None:
    agenda, hosts, clock = _agenda()
    agenda.put("one", "a.example", 999)
    agenda.put("two", "a.example", 999)
    assert await _take(agenda) == "one"
    async with hosts.turn("a.example"):
        pass
    agenda.done("a.example")
    assert await _take(agenda) is None
    clock.now += 1
    assert await _take(agenda) == "two"
    agenda.put("three", "a.example", 999)
    hosts.rest("a.example", 500)
    agenda.done("a.example")
    clock.now += 499
    assert await _take(agenda) is None
    clock.now += 2
    assert await _take(agenda) == "three"


async def test_b_agenda_a_feed_may_be_moved_and_dropped() -> None:
    agenda, _, clock = _agenda()
    agenda.put("moved", "a.example", 900)
    agenda.put("moved", "a.example", 1_010)
    agenda.put("dropped", "b.example", 900)
    agenda.drop("dropped")
    assert await _take(agenda) is None
    clock.now = 1_010
    assert await _take(agenda) == "moved"
    assert await _take(agenda) is None


async def test_b_agenda_a_feed_that_goes_to_another_host_waits_there() -> None:
    agenda, _, _ = _agenda()
    agenda.put("first", "a.example", 900)
    agenda.put("moved", "a.example", 901)
    assert await agenda.take() == ("first", "a.example")
    agenda.put("moved", "b.example", 902)
    assert await agenda.take() == ("moved", "b.example")
    agenda.done("a.example")
    assert await _take(agenda) is None
    agenda.put("again", "a.example", 903)
    assert await _take(agenda) == "again", "the host is free"


async def test_b_agenda_cleared_it_gives_only_what_is_put_anew() -> None:
    agenda, _, _ = _agenda()
    for name in ("one", "two"):
        agenda.put(name, "a.example", 900)
    assert await _take(agenda) == "one"
    agenda.clear()
    agenda.done("a.example")
    assert await _take(agenda) is None
    agenda.put("three", "a.example", 900)
    assert await _take(agenda) == "three"


async def test_b_agenda_a_busy_host_keeps_nobody_else_waiting() -> None:
    agenda, _, _ = _agenda()
    for n in range(100):
        agenda.put(f"many-{n}", "many.example", 900 + n / 1000)
    agenda.put("single", "single.example", 999)
    assert await _take(agenda) == "many-0"
    assert await _take(agenda) == "single"
    assert await _take(agenda) is None


async def test_b_agenda_wakes_for_what_is_put_while_it_waits() -> None:
    agenda, _, _ = _agenda()
    waiting = asyncio.create_task(agenda.take())
    await asyncio.sleep(0)
    agenda.put("now", "a.example", 1)
    assert await asyncio.wait_for(waiting, 5) == ("now", "a.example")
    waiting = asyncio.create_task(agenda.take())
    await asyncio.sleep(0)
    agenda.close()
    assert await asyncio.wait_for(waiting, 5) is None


async def test_b_agenda_ten_thousand_feeds_on_a_thousand_hosts() -> None:
    agenda, _, clock = _agenda()
    for n in range(10_000):
        agenda.put(f"feed-{n}", f"{n % 1_000}.example", 1_000 + n % 20)
    taken = []
    for _ in range(60):
        while (feed_id := await _take(agenda) if agenda._heap or agenda._free else None) is not None:
            taken.append(feed_id)
        for host in list(agenda._busy):
            agenda.done(host)
        clock.now += 1
    assert len(taken) == len(set(taken)) == 10_000
