"""The parts of sharing feeds that need no Kafka: domains, states by writer, the fence, records in two partitions."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from aiokafka import ConsumerRecord
from msgspec import structs

from agents.identity.partitions import partition_of
from schemas.codec import encode
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState, Writer
from streams.polling import share, states
from streams.polling.domains import partition_for, registrable_domain
from streams.polling.share import Fence
from streams.polling.subscriptions import Roll


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("feeds.bbci.co.uk", "bbci.co.uk"),
        ("rss.dw.com", "dw.com"),
        ("WWW.Example.COM", "example.com"),
        ("one.blogspot.com", "one.blogspot.com"),
        ("вестник.рф", "xn--b1agjinxh.xn--p1ai"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("localhost", "localhost"),
        ("co.uk", "co.uk"),
        ("a..b", "a..b"),
        ("", ""),
    ],
)
def test_registrable_domains(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


def test_all_hosts_of_a_domain_are_in_one_partition() -> None:
    urls = ["https://feeds.bbci.co.uk/a", "http://www.bbci.co.uk:8080/b", "https://BBCI.co.uk/"]
    assert {partition_for(url, 8) for url in urls} == {partition_of(b"bbci.co.uk", 8)}


def _state(feed_id: str, term: int, generation: int, status: int = 200) -> bytes:
    writer = Writer(term, generation)
    return encode(FeedState(feed_id=feed_id, url="", next_due="2026-02-18T09:30:00.000Z", status=status, writer=writer))


def _status(table: states.Table, feed_id: str) -> int | None:
    state = states.read(table.states.get(feed_id))
    return state.status if state else None


def test_what_an_older_writer_wrote_behind_a_newer_is_void() -> None:
    table = states.Table()
    for generation, status in ((3, 200), (5, 304), (4, 500), (3, 404)):
        table.note(b"a", _state("a", 0, generation, status))
    assert _status(table, "a") == 304
    table.note(b"a", _state("a", 0, 5, 410))
    assert _status(table, "a") == 410, "the same writer again"
    table.note(b"a", _state("a", 1, 1, 200))
    assert _status(table, "a") == 200, "a group that was forgotten counts from one again, in another term"
    assert table.newest == Writer(1, 1)


def test_a_deleted_state_is_forgotten_with_its_writer() -> None:
    table = states.Table()
    table.note(b"a", _state("a", 0, 5))
    table.note(b"a", None)
    assert table.states == {}
    table.note(b"a", _state("a", 0, 0, 304))
    assert _status(table, "a") == 304, "a state that a move brought"


def test_a_state_that_cannot_be_read_counts_as_none() -> None:
    table = states.Table()
    table.note(b"a", b"{not json")
    assert states.read(table.states["a"]) is None
    assert states.glance(table.states["a"]) is None
    assert table.newest == Writer()


def test_a_state_in_a_form_of_its_own_is_glanced_at_as_it_is_read() -> None:
    state = FeedState(
        feed_id="a", url="https://a.example/", next_due="2026-02-18T09:30:00.000Z", address="https://b.example/"
    )
    seen = states.glance(encode(state))
    assert seen is not None
    assert structs.asdict(seen) == {name: getattr(state, name) for name in structs.asdict(seen)}


def test_the_fence_falls_without_word_from_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(share, "steady", lambda: now)
    fence = Fence(session_seconds=10)
    assert not fence.holds(), "before the first word"
    fence.renew(now)
    now += 4.9
    assert fence.holds()
    now += 0.2
    assert not fence.holds()
    fence.renew(now)
    assert fence.holds(), "the group was only slow"
    fence.fall()
    assert not fence.holds()


class _Placed(NamedTuple):
    partition: int
    subscription: Subscription | None


def _record(number: int, placed: _Placed) -> ConsumerRecord:
    value = None if placed.subscription is None else encode(placed.subscription)
    return ConsumerRecord("feeds", placed.partition, number, 1_000 + number, 1, b"a", value, None, 0, 0, ())


_OLD = Subscription(feed=Feed(url="https://old.example/", id="a"))
_NEW = Subscription(feed=Feed(url="https://new.example/", id="a"))
_LEAVING = structs.replace(_NEW, leaving=True)


@pytest.mark.parametrize(
    ("placed", "url", "places"),
    [
        ([_Placed(3, _OLD)], "https://old.example/", {3}),
        ([_Placed(3, _OLD), _Placed(3, _LEAVING)], "https://new.example/", {3}),
        ([_Placed(3, _OLD), _Placed(3, _LEAVING), _Placed(1, _NEW)], "https://new.example/", {1, 3}),
        ([_Placed(3, _OLD), _Placed(3, _LEAVING), _Placed(1, _NEW), _Placed(3, None)], "https://new.example/", {1}),
        ([_Placed(3, None)], None, set()),
    ],
)
def test_a_feed_is_known_at_every_point_of_its_move(placed: list[_Placed], url: str | None, places: set[int]) -> None:
    records = [_record(number, entry) for number, entry in enumerate(placed)]
    roll = Roll(sorted(records, key=lambda record: (record.partition, record.offset)))
    assert [subscription.url for subscription in roll.feeds.values()] == ([url] if url else [])
    assert all(subscription.active for subscription in roll.feeds.values())
    assert roll.places.get("a", set()) == places
