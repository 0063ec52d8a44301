"""The client's types, filters and stories against what geowire itself writes."""

from __future__ import annotations

import json

import msgspec
import pytest

import geowire
from geowire.filters import make
from geowire.subscription import parse
from schemas.codec import encode
from schemas.enriched import Enriched
from schemas.envelope import enriched_headers
from schemas.generate import EXAMPLES
from schemas.story import Member, Story

_EVENT = (EXAMPLES / "enriched.json").read_bytes()
_HEADERS = dict(enriched_headers(msgspec.json.decode(_EVENT, type=Enriched)))


def test_the_types_say_what_the_schema_says() -> None:
    event = msgspec.json.decode(_EVENT, type=geowire.Event)
    read = json.loads(msgspec.json.encode(event))
    assert (read.pop("gone"), read.pop("story")) == (False, None)
    assert read == json.loads(_EVENT)


def test_words_and_fields_of_later_versions_are_read() -> None:
    later = {**json.loads(_EVENT), "reason": "translated", "next_year": 1}
    assert msgspec.convert(later, geowire.Event).reason == "translated"


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"topics": ["sanctions", "diplomacy"]}, True),
        ({"topics": ["sanctions"]}, False),
        ({"countries": ["pe"]}, True),
        ({"countries": ["FR"], "topics": ["diplomacy"]}, False),
        ({"languages": ["en"], "geo": True}, True),
        ({"languages": ["de"]}, False),
        ({"geo": False}, False),
        ({"sources": ["another feed"]}, False),
    ],
)
def test_filters_look_at_headers(wanted: dict[str, list[str] | bool], *, passes: bool) -> None:
    asked = {"topics": (), "countries": (), "languages": (), "sources": (), "geo": None, **wanted}
    assert make(**asked).passes(_HEADERS) is passes  # type: ignore[arg-type]


def test_a_feed_is_named_by_its_id() -> None:
    source = json.loads(_EVENT)["source"]["feed_id"]
    assert make((), (), (), [source], geo=None).passes(_HEADERS)


def test_mistakes_are_said() -> None:
    with pytest.raises(TypeError, match="topics='sanctions'"):
        geowire.subscribe(topics="sanctions")
    with pytest.raises(ValueError, match="exclude each other"):
        geowire.subscribe(group="desk", state="desk.db")
    with pytest.raises(ValueError, match="is no position"):
        geowire.subscribe(start="yesterday")
    assert parse("0:12,1:40") == {0: 12, 1: 40}


def _story(name: str, *members: str, size: int | None = None, merged_into: str | None = None) -> bytes:
    listed = tuple(Member(item_id=member, fetched="2026-02-18T09:30:00.000Z") for member in members)
    return encode(Story(story=name, members=listed, size=size or len(listed), merged_into=merged_into))


def test_stories_grow_merge_come_apart_and_go() -> None:
    stories = geowire.Stories()
    assert stories.of("b") == "b"
    stories.take("a", _story("a", "a", "b"), 1)
    stories.take("c", _story("c", "c", "d"), 2)
    assert [stories.of(item) for item in "abcd"] == list("aacc")
    stories.take("a", _story("a", "a", "b", "c", "d"), 3)
    stories.take("c", _story("c", merged_into="a"), 3)
    assert {stories.of(item) for item in "abcd"} == {"a"}
    assert stories.get("c") == stories.get("a")
    stories.take("a", _story("a", "a", "c", "d"), 4)
    assert stories.of("b") == "b", "it was rewritten, and left"
    stories.take("a", _story("a", "a", "b"), 2)
    assert stories.of("b") == "b", "that was before"
    stories.take("a", _story("a", "a", "d", size=200), 5)
    assert stories.of("c") == "a", "of a long story only the newest are listed"
    stories.take("a", None, 6)
    assert stories.of("a") == "a"
    assert stories.get("a") is None
