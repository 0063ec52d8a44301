"""What a replay looks at, what counts as changed, and what a promotion makes of it."""

from __future__ import annotations

import asyncio
import io
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agents.enrich.enrich import Knowledge, enrich, load_knowledge
from agents.publish.publish import Provenance, identified
from agents.publish.withdraw import superseded
from schemas.codec import encode
from schemas.enriched import Enriched, RawRef
from schemas.errors import ConfigError, InfrastructureError
from schemas.record import Output, Record
from schemas.replay import Scope
from streams.cli.replay_diff import page, show
from streams.pipe import Line, raw_item
from streams.replay import reprocess
from streams.replay.compare import essence, kinds, look_of, text_change
from streams.replay.diff import Diff, Example
from streams.replay.plan import parse_offsets
from streams.replay.run import Fenced
from streams.replay.scope import admits, only_outputs, within

_HEADERS = [("ce_source", b"/feeds/wire"), ("ce_lang", b"en")]


@pytest.mark.parametrize(
    ("scope", "admitted"),
    [
        (Scope(), True),
        (Scope(feeds=("wire", "other")), True),
        (Scope(feeds=("other",)), False),
        (Scope(keys=("k",)), True),
        (Scope(keys=("l",), feeds=("wire",)), False),
        (Scope(languages=("en",)), True),
        (Scope(languages=("de",)), False),
    ],
)
def test_scope(scope: Scope, admitted: bool) -> None:  # noqa: FBT001
    assert admits(scope, b"k", _HEADERS) is admitted


def test_what_a_record_does_not_say_does_not_exclude_it() -> None:
    assert admits(Scope(languages=("de",)), b"k", [("ce_source", b"/feeds/wire")])
    assert not admits(Scope(feeds=("wire",)), b"k", [])


def test_a_scoped_step_keeps_its_state_and_does_not_decide_in_vain() -> None:
    decided = []

    def handle(record: Record) -> list[Output]:
        decided.append(record)
        return [Output(name, 0, record.key, b"{}", _HEADERS) for name in ("news.unique", "state")]

    record = Record("news.raw", 0, 0, b"k", b"{}", [("ce_source", b"/feeds/other")], 0)
    elsewhere = only_outputs(Scope(feeds=("other",)), handle, always="state")
    assert [output.stream for output in elsewhere(record)] == ["state"]
    assert len(decided) == 1
    failing = ValueError("x")
    about = within(Scope(feeds=("other",)), lambda records: [failing if r.offset else handle(r) for r in records])
    foreign = Record("news.raw", 0, 1, b"k", b"{}", [("ce_source", b"/feeds/wire")], 0)
    wrong = Record("news.raw", 0, 2, b"k", b"{}", record.headers, 0)
    assert list(about([foreign, wrong, record])) == [[], failing, []]
    assert len(decided) == 2


def test_offsets() -> None:
    assert parse_offsets("0:100-200, 3:50-") == {0: (100, 200), 3: (50, None)}
    for wrong in ("", "0", "0:5", "a:1-2", "0:-5", "0:1-2;3:4-5"):
        with pytest.raises(ConfigError, match="no range of offsets"):
            parse_offsets(wrong)


@cache
def _knowledge() -> Knowledge:
    return load_knowledge()


def _event(title: str = "Greek minister visits Ankara", text: str = "They met.", generation: int = 1) -> Enriched:
    item = raw_item(Line(title=title, text=text, url="https://wire.example/1", fetched="2026-02-18T09:30:00Z"))
    raw = RawRef(stream="news.raw", partition=0, offset=7)
    provenance = Provenance(reason="new", supersedes=None, raw=raw, generation=generation)
    return enrich(item, provenance, _knowledge())


def test_how_a_decision_came_about_is_no_difference() -> None:
    event = _event()
    pipeline = msgspec.structs.replace(event.pipeline, knowledge="other")
    other = msgspec.structs.replace(
        event, id="x", generation=9, reason="reprocessed", supersedes=superseded(event), pipeline=pipeline
    )
    assert kinds(essence(encode(event)), essence(encode(other))) == ()


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        (_event(text="They met on Monday."), ("text",)),
        (msgspec.structs.replace(_event(), topics=()), ("topics",)),
        (msgspec.structs.replace(_event(), countries=()), ("countries",)),
        (msgspec.structs.replace(_event(), topics=None, title=""), ("text", "topics")),
        (msgspec.structs.replace(_event(), authors=("A. Reporter",)), ("other",)),
    ],
)
def test_what_changed_is_named(other: Enriched, changed: tuple[str, ...]) -> None:
    event = msgspec.structs.replace(_event(), countries=_event().countries)
    assert set(kinds(essence(encode(event)), essence(encode(other)))) >= set(changed)


@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=60))
def test_a_change_of_text_is_shown_where_there_is_one(old: str, new: str) -> None:
    shown = text_change(old, new)
    assert (shown is None) == (old == new)
    assert shown is None or "[-" in shown or "{+" in shown


def test_a_reprocessed_event_says_what_it_supersedes_and_has_an_id_of_its_own() -> None:
    event = _event()
    new = reprocess.reprocessed(event, old=superseded(event), generation=2)
    assert (new.generation, new.reason, new.supersedes and new.supersedes.generation) == (2, "reprocessed", 1)
    assert new.id != event.id
    assert new == reprocess.reprocessed(event, old=superseded(event), generation=2), "the same again has the same id"
    assert new == identified(new)
    assert kinds(essence(encode(event)), essence(encode(new))) == ()


def test_a_publishers_word_stays_the_reason() -> None:
    killed = _event(text="This article has been withdrawn.")
    assert killed.reason == "withdrawn"
    assert reprocess.reprocessed(killed, old=superseded(_event()), generation=2).reason == "withdrawn"


def test_a_version_that_is_gone_is_withdrawn_or_gives_way_to_the_one_that_stands() -> None:
    gone, standing = msgspec.structs.replace(_event(), fetched="2026-02-20T09:30:00.000Z"), _event(text="Old text.")
    withdrawn = reprocess.withdrawn(gone, generation=2)
    assert (withdrawn.reason, withdrawn.text, withdrawn.fetched, withdrawn.generation) == (
        "withdrawn",
        "",
        gone.fetched,
        2,
    )
    carried = reprocess.carried(standing, gone=gone, generation=2)
    assert (carried.reason, carried.text, carried.fetched) == ("reprocessed", "Old text.", gone.fetched)
    assert carried.supersedes == superseded(gone)


async def test_a_replay_writes_to_streams_of_its_own_and_nowhere_else() -> None:
    written = []

    class Broker:
        async def send(self, topic: str, *_: object, **__: object) -> asyncio.Future[Any]:
            written.append(topic)
            return asyncio.Future()

    producer = Fenced(Broker(), "desk.replay.r.")
    await producer.send("desk.replay.r.news.enriched", b"x")
    for live in (
        "desk.news.enriched",
        "desk.news.raw",
        "desk.geowire-dedupe-changelog",
        "desk.replay.r2.news.enriched",
    ):
        with pytest.raises(InfrastructureError, match="must not write"):
            await producer.send(live, b"x")
    assert written == ["desk.replay.r.news.enriched"]


def test_the_page_shows_texts_and_runs_none_of_them() -> None:
    wicked = '<script>alert("x")</script>'
    look = look_of(msgspec.to_builtins(_event()))
    example = Example(
        what=("topics", "text"),
        item_id="i",
        fetched="2026-02-18T09:30:00.000Z",
        title=wicked,
        url="javascript:alert(1)",
        language="en",
        old=look,
        new=msgspec.structs.replace(look, topics=("x-<b>",)),
        text=f"a [-{wicked}-]{{+b+}}",
    )
    found = Diff(
        replay="r",
        compared=3,
        same=1,
        changed=1,
        by_kind={"topics": 1},
        added=1,
        gone=0,
        refused=0,
        gained={"x-<b>": 1},
        lost={},
        languages={"en": 1},
        examples=(example,),
    )
    html = page(found)
    assert "<script" not in html
    assert "javascript:" not in html
    assert "<del>&lt;script&gt;" in html
    assert "1 of 2 are shown" in html
    out = io.StringIO()
    show(found, Console(file=out, width=100))
    assert "x-<b>" in out.getvalue()
    assert "changed" in out.getvalue()
