"""What the console keeps in memory is bounded, and each reader gets everything once."""

from __future__ import annotations

from schemas.story import Member, Story
from streams.console.rows import Row, row_of
from streams.console.window import Signal, Stories, Told, Window
from tests.unit.console.test_rows import record


def row(offset: int) -> Row:
    made = row_of(record(offset=offset))
    assert made is not None
    return made


def offsets(window: Window, number: int) -> list[int]:
    return [found.offset for found in window.since(number)]


async def test_readers_go_on_where_they_were() -> None:
    window = Window(Signal(), most=5)
    window.load([row(2), row(0), row(1)])
    assert offsets(window, 0) == [0, 1, 2]
    upto = window.end
    window.add([row(3), row(4)])
    assert offsets(window, upto) == [3, 4]
    assert window.positions == {3: 5}


async def test_the_oldest_go_first_and_what_is_read_again_is_left_out() -> None:
    window = Window(Signal(), most=3)
    window.load([])
    window.add([row(n) for n in range(5)])
    window.add([row(3), row(4), row(5)])
    assert offsets(window, 0) == [3, 4, 5]
    assert window.first == 3
    assert [found.offset for found in window.newest()] == [5, 4, 3]


def told(name: str, *items: str, merged_into: str | None = None) -> Told:
    at = "2026-02-18T09:30:00.000Z"
    members = tuple(Member(item_id=item, fetched=at) for item in items)
    return Told(Story(story=name, members=members, size=len(items), merged_into=merged_into), 0, 0)


async def test_stories_grow_merge_and_go() -> None:
    stories = Stories(Signal())

    def sizes() -> dict[str, int]:
        return {item: place.size for item in "abcd" if (place := stories.place(item))}

    stories.note("b", told("b", "b"))
    assert sizes() == {}
    stories.note("b", told("b", "b", "c"))
    upto = stories.end
    assert sizes() == {"b": 2, "c": 2}
    stories.note("a", told("a", "a", "b", "c"))
    stories.note("b", told("b", merged_into="a"))
    assert sizes() == {"a": 3, "b": 3, "c": 3}
    assert set(stories.changes(upto) or ()) == {"a", "b", "c"}
    stories.note("a", None)
    assert sizes() == {}
    changed = stories.changes(upto)
    assert changed is not None
    assert all(place is None for place in changed.values())


async def test_too_many_changes_are_not_told_one_by_one() -> None:
    stories = Stories(Signal())
    for n in range(1_500):
        stories.note(f"{n}", told(f"{n}", f"{n}", f"{n}x"))
    assert stories.changes(0) is None
    assert stories.changes(stories.end) == {}
