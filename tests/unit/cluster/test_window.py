"""What is kept, for how long, and what becomes of what comes too late."""

from __future__ import annotations

import pytest

from agents.cluster.agent import LATENESS, Cluster
from agents.cluster.items import LISTED
from schemas.errors import DataError
from schemas.record import Record
from schemas.signature import Signature
from tests.unit.cluster.broker import WINDOW, Broker, ran, records
from tests.unit.cluster.reports import HOUR, START, signature

_COPY = [1, 2, 3, 4, 5]
_KEPT = WINDOW + LATENESS


def test_copies_further_apart_than_the_window_are_two_stories() -> None:
    broker, _ = ran([signature("a", _COPY), signature("b", _COPY, fetched=START + WINDOW + 1)])
    assert broker.stories() == {"a": ["a"], "b": ["b"]}
    broker, _ = ran([signature("a", _COPY), signature("b", _COPY, fetched=START + WINDOW)])
    assert broker.stories() == {"a": ["a", "b"]}


def test_a_story_goes_on_under_its_name_when_its_first_items_have_left_the_window() -> None:
    days = [signature(f"day-{n}", _COPY, fetched=START + n * 24 * HOUR) for n in range(10)]
    broker, cluster = ran(days)
    assert broker.stories() == {"day-0": [f"day-{n}" for n in range(10)]}
    assert len(cluster.stories.items) <= 1 + _KEPT // (24 * HOUR)
    again, _ = ran(days[6:], _until(days, 6), 6)
    assert again.stories() == broker.stories(), "also across a restart"


def _until(signatures: list[Signature], count: int) -> Broker:
    broker, _ = ran(signatures[:count])
    return broker


def test_state_is_bounded_by_the_window() -> None:
    """A thousand items a day, some of them copies: what is held, and what the changelog holds, does not grow."""
    step = 24 * HOUR // 100
    held = []
    broker = Broker()
    cluster = Cluster(WINDOW)
    cluster.take_over({}, 0)
    for number in range(1_500):
        text = [number // 2 % 50 * 10 + n for n in range(4)]
        (record,) = records([signature(f"item-{number}", text, fetched=START + number * step)], number)
        broker.log += cluster.handle(record)
        held.append(len(cluster.stories.items))
    assert max(held) == held[-1] <= _KEPT // step + 1
    assert len(cluster.stories.told) <= 2 * held[-1]
    assert len(broker.stored()) <= 3 * held[-1]
    fresh = Cluster(WINDOW)
    fresh.take_over(broker.stored(), 1_500)
    assert fresh.stories.items.keys() == cluster.stories.items.keys()
    assert fresh.stories.told == cluster.stories.told


def test_what_comes_too_late_is_left_alone() -> None:
    now = START + 2 * _KEPT
    broker, _ = ran([signature("new", _COPY, fetched=now), signature("old", _COPY)])
    assert broker.stories() == {"new": ["new"]}
    edit = signature("old", _COPY, fetched=now, reason="edited", superseded=START)
    broker, _ = ran([signature("old", _COPY), signature("new", [7, 8, 9], fetched=now), edit])
    assert broker.stories()["old"] == ["old"], "its story is closed, and must not be told as another"
    assert len([o for o in broker.log if o.stream == "news.stories" and o.key == b"old"]) == 1


def test_edits_and_withdrawals_take_items_out_of_their_story() -> None:
    copies = [signature(name, _COPY, fetched=START + n) for n, name in enumerate("abc")]
    edit = signature("a", [20, 21, 22], fetched=START + HOUR, reason="edited", superseded=START)
    broker, _ = ran([*copies, edit])
    assert broker.stories() == {"a": ["a"], "b": ["b", "c"]}
    gone = signature("a", [], fetched=START + HOUR, reason="withdrawn")
    broker, _ = ran([*copies, gone])
    assert broker.stories() == {"b": ["b", "c"]}
    assert broker.names() == {"a": "b"}, "the story goes on under another name"
    broker, _ = ran([copies[0], gone])
    assert broker.told() == {}, "of a withdrawn single item there is no story"
    assert ran([gone, copies[0]])[0].told() == {}, "an older version does not bring it back"


def test_a_bridge_merges_two_stories_and_its_edit_parts_them() -> None:
    left, right = signature("left", range(1, 7)), signature("right", range(5, 11), fetched=START + 1)
    bridge = signature("bridge", range(3, 9), fetched=START + 2)
    broker, _ = ran([left, right])
    assert broker.stories() == {"left": ["left"], "right": ["right"]}
    broker, _ = ran([left, right, bridge])
    assert broker.stories() == {"left": ["left", "right", "bridge"]}
    assert broker.names() == {"right": "left"}
    edit = signature("bridge", [30, 31, 32], fetched=START + HOUR, reason="edited", superseded=START + 2)
    broker, _ = ran([left, right, bridge, edit])
    assert broker.stories() == {"left": ["left"], "right": ["right"], "bridge": ["bridge"]}
    assert broker.names() == {}


def test_the_same_signature_again_says_nothing_new() -> None:
    copies = [signature("a", _COPY), signature("b", _COPY, fetched=START + 1)]
    _, cluster = ran(copies)
    assert [cluster.handle(record) for record in records(copies, 2)] == [[], []]


def test_a_story_of_hundreds_lists_the_first_and_the_newest() -> None:
    count = LISTED + 50
    broker, cluster = ran([signature(f"item-{n:04d}", _COPY, fetched=START + n) for n in range(count)])
    story = broker.told()["item-0000"]
    assert story.size == count
    listed = [member.item_id for member in story.members]
    assert listed == ["item-0000", *(f"item-{n:04d}" for n in range(count - LISTED + 1, count))]
    fresh = Cluster(WINDOW)
    fresh.take_over(broker.stored(), count)
    assert all(fresh.stories.story_of(f"item-{n:04d}") == "item-0000" for n in range(count)), "listed or not"
    assert fresh.stories.told == cluster.stories.told


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        (None, [("origin", b"0:1")], "empty"),
        (b"\xc1 no msgpack", [("origin", b"0:1")], "wrong-type"),
        (b"[1, 2]", [("origin", b"0:1")], "wrong-type"),
        (b"", [], "empty"),
        (b"x", [("ce_type", b"geowire.item.signature.v9")], "unknown-version"),
    ],
)
def test_what_is_no_signature_is_refused(value: bytes | None, headers: list[tuple[str, bytes]], code: str) -> None:
    cluster = Cluster(WINDOW)
    cluster.take_over({}, 0)
    with pytest.raises(DataError) as refused:
        cluster.handle(Record("news.signatures", 0, 0, b"k", value, headers, START))
    assert refused.value.code == code
    assert cluster.follows(1), "and the next record is taken"
