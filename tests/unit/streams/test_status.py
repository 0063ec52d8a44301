"""What an operator is told to look at, and that it fits on a screen."""

from __future__ import annotations

import io

import msgspec
import pytest
from msgspec import structs
from rich.console import Console

from schemas.enriched import Pipeline
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState
from schemas.pipeline import Generation
from streams.broker.admin import Member
from streams.cli.audit import show_report
from streams.cli.status import show_status
from streams.outcomes import Fault, Place, Report, Row
from streams.polling import overview
from streams.polling.overview import Failing, Feeds
from streams.status import Letters, Status, StreamLook, judge, notes

_NOW = 1_771_400_000_000
_HOUR = 3_600_000

_FEEDS = Feeds(
    total=3,
    ok=2,
    failing=(),
    never_polled=1,
    paused=0,
    standing={},
    events={},
    polled=_NOW - 60_000,
    next_due=_NOW + 60_000,
)
_FAILING = Failing("a-feed", "HTTP 503", polls=4, succeeded=_NOW - 3 * _HOUR, next_due=_NOW + _HOUR)
_WELL = Status(
    time=_NOW,
    broker="127.0.0.1:9092",
    brokers=1,
    streams=(
        StreamLook("news.raw", 100, oldest=_NOW - 24 * _HOUR, newest=_NOW - 1000, step="dedupe", lag=7),
        StreamLook("news.unique", 90, oldest=_NOW - 24 * _HOUR, newest=_NOW - 1000, step="enrich", lag=0),
        StreamLook("pipeline", 1, compacted=True, oldest=_NOW - 24 * _HOUR, newest=_NOW - 24 * _HOUR),
    ),
    group="geowire",
    group_state="Stable",
    workers=(Member("faust", "10.0.0.1"),),
    feeds=_FEEDS,
    letters=Letters(0, {}, {"wrong-type": 3}),
    generation=Generation(
        generation=4, version="1.0.0", knowledge="ab12", valid_from={}, started="2026-02-18T09:30:00.000Z"
    ),
    here=Pipeline(version="1.0.0", knowledge="ab12"),
)


def attention(**changes: object) -> list[str]:
    return judge(msgspec.structs.replace(_WELL, **changes), poll_seconds=900)


def test_lag_with_a_worker_on_it_needs_nobody() -> None:
    assert attention() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"workers": ()}, "7 records wait and no worker is in the group"),
        ({"streams": (StreamLook("news.raw", None),)}, "streams are missing (news.raw)"),
        ({"streams": (StreamLook("news.raw", 1, differences=("4 partitions",)),)}, "differs from the stream table"),
        ({"feeds": msgspec.structs.replace(_FEEDS, ok=1, failing=(_FAILING,) * 2)}, "2 of 3 polled feeds are failing"),
        ({"feeds": msgspec.structs.replace(_FEEDS, standing={"gone": 2})}, "2 feeds are gone for good"),
        ({"feeds": msgspec.structs.replace(_FEEDS, polled=_NOW - _HOUR)}, "no feed was polled for 60 minutes"),
        ({"letters": Letters(2, {"wrong-type": 2}, {"wrong-type": 2})}, "2 dead letters within the last hour"),
        ({"problem": "cannot reach Kafka", "broker": None}, "cannot reach Kafka"),
        ({"here": None, "here_problem": "strip/forms/en.yaml: wrong"}, "cannot load its knowledge"),
    ],
)
def test_what_needs_attention_is_said_in_one_line(changes: dict[str, object], says: str) -> None:
    (line,) = attention(**changes)
    assert says in line


def test_what_is_no_trouble_is_not_called_one() -> None:
    assert attention(workers=(), streams=(StreamLook("news.raw", 5, step="dedupe", lag=0),)) == []
    assert attention(feeds=msgspec.structs.replace(_FEEDS, ok=2, failing=(_FAILING,) * 2)) == [], "half is not more"
    assert attention(feeds=msgspec.structs.replace(_FEEDS, polled=None, ok=0, never_polled=3)) == []
    assert attention(here=Pipeline(version="1.0.1", knowledge="cd34")) == []


def _state(name: str, *, problem: str | None = None, failures: int = 0, polled: bool = True) -> FeedState:
    moment = "2026-02-18T09:30:00.000Z"
    return FeedState(
        feed_id=name,
        url=f"https://{name}.example/feed",
        next_due=moment,
        polled=moment if polled else None,
        succeeded=moment if polled and problem is None else None,
        problem=problem,
        failures=failures,
    )


def _subscribed(*names: str, **more: object) -> dict[str, Subscription]:
    feeds = {name: Feed(url=f"https://{name}.example/feed", id=name) for name in names}
    return {name: structs.replace(Subscription(feed=feed), **more) for name, feed in feeds.items()}


def test_feeds_are_counted_that_are_polled() -> None:
    states = {
        state.feed_id: state
        for state in (
            _state("good"),
            _state("bad", problem="HTTP 404", failures=2),
            _state("worse", problem="no answer", failures=9),
            _state("resting", problem="HTTP 404", failures=99),
            _state("unknown", problem="HTTP 404", failures=99),
        )
    }
    states["good"] = structs.replace(states["good"], standing=("stale",))
    subscribed = {
        **_subscribed("good", "bad", "worse", "new"),
        **_subscribed("resting", paused="2026-02-18T09:30:00.000Z"),
        **_subscribed("struck", listed=True, removed=True),
    }
    found = overview.count(subscribed, states, ["possible-loss", "stale", "possible-loss"])
    assert (found.total, found.ok, found.never_polled, found.paused) == (4, 1, 1, 1)
    assert [feed.feed for feed in found.failing] == ["worse", "bad"]
    assert found.standing == {"stale": 1}
    assert found.events == {"possible-loss": 2, "stale": 1}


def shown(status: Status) -> list[str]:
    out = io.StringIO()
    show_status(status, judge(status, poll_seconds=900), Console(file=out, width=100))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_it_fits_into_a_hundred_columns_whatever_is_in_it() -> None:
    failing = Failing("a-" * 60, "connection refused by " * 9, polls=12, succeeded=None, next_due=_NOW - 1)
    status = msgspec.structs.replace(
        _WELL,
        workers=tuple(Member("faust", f"10.0.0.{n}") for n in range(40)),
        feeds=msgspec.structs.replace(_FEEDS, failing=(failing,) * 200),
        streams=tuple(
            StreamLook("news.dead-letter", 10**11, oldest=0, newest=0, step="dedupe", lag=10**11) for _ in range(8)
        ),
        letters=Letters(10**9, {"x" * 30: 10**9}, {f"{'x' * 30}{n}": 10**9 for n in range(50)}),
    )
    lines = shown(status)
    assert max(map(len, lines)) <= 100
    assert len(lines) < 60
    assert any("… and 190 more" in line for line in lines)


def test_it_says_when_a_worker_started_here_would_decide_otherwise() -> None:
    assert any("the same version and knowledge" in line for line in shown(_WELL))
    other = msgspec.structs.replace(_WELL, here=Pipeline(version="1.0.1", knowledge="cd34"))
    assert any("version 1.0.1, knowledge cd34" in line and "begins generation 5" in line for line in shown(other))


def test_what_stands_in_records_does_not_reach_the_terminal_as_a_command() -> None:
    hostile = "\x1b]0;title\x07[red]evil[/red]\x1b[2J"
    status = msgspec.structs.replace(
        _WELL,
        feeds=msgspec.structs.replace(_FEEDS, failing=(msgspec.structs.replace(_FAILING, problem=hostile),)),
        letters=Letters(0, {}, {hostile: 1}),
    )
    assert "\x1b" not in "".join(shown(status))
    assert any("[red]evil[/red]" in line for line in shown(status))
    place = Place("news.enriched", 0, 1)
    report = Report(
        total=Row(),
        feeds={hostile: Row(origins=1)},
        rekeyed=0,
        expired=0,
        unexpected=1,
        refused=0,
        unclustered=0,
        faults=(Fault("unexpected", place, None, hostile, hostile),),
    )
    out = io.StringIO()
    show_report(report, Console(file=out, width=100))
    assert "\x1b" not in out.getvalue()
    assert "[red]evil[/red]" in out.getvalue()


def test_a_report_on_a_thousand_feeds_shows_the_faulty_ones() -> None:
    feeds = {f"feed-{n}": Row(origins=n, enriched=n) for n in range(1000)}
    feeds["feed-3"] = Row(origins=3, enriched=2, missing=1)
    report = Report(
        total=Row(origins=10**9, missing=1),
        feeds=feeds,
        rekeyed=10**9,
        expired=10**9,
        unexpected=0,
        refused=0,
        unclustered=0,
        faults=tuple(Fault("missing", Place("news.raw", 0, n), f"0:{n}", "feed-3", "lost") for n in range(20)),
    )
    out = io.StringIO()
    show_report(report, Console(file=out, width=100))
    lines = out.getvalue().splitlines()
    assert len(lines) < 60
    assert max(len(line.rstrip()) for line in lines) <= 100
    assert any(line.startswith("feed-3 ") for line in lines)
    assert any("975 more" in line for line in lines)
    assert sum(line.startswith("  ! missing") for line in lines) == 20


def test_old_knowledge_of_office_holders_is_noted_and_nothing_fails() -> None:
    fresh = msgspec.structs.replace(_WELL, leaders_to="2025-10")
    old = msgspec.structs.replace(_WELL, leaders_to="2024-11")
    assert notes(fresh) == []
    (note,) = notes(old)
    assert "2024-11 (15 months ago)" in note
    assert judge(old, poll_seconds=900) == judge(fresh, poll_seconds=900)
