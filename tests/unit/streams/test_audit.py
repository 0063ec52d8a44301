"""The books of an audit: whatever is in order is called complete, whatever is not is found where it is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from agents.dead_letter import dead_letter
from schemas.errors import ConfigError, DataError
from schemas.record import Position, Record
from streams.audit import parse_when
from streams.ledger import Ledger, Span
from streams.outcomes import EXAMPLES, Kind, Outcome, Place, Report, feed_of, is_refusal, outcome_of

_PARTITIONS = 3
_SIZE = 40
_STREAM: dict[Kind, str] = {
    "letter": "news.dead-letter",
    "duplicate": "news.duplicates",
    "enriched": "news.enriched",
}


class Origin(Struct, frozen=True):
    """What is done with one raw record."""

    kind: Kind | None
    """None: nothing came of it."""
    done: bool = True
    copies: int = 0
    again: int = 0
    feed: str = "a"
    old: bool = False


def book(
    origins: Sequence[Origin], extra: Sequence[Outcome] = (), *, only: str | None = None, known_from: int = 0
) -> Report:
    """Keep the books of some raw records, spread over the partitions, with their outcomes."""
    places = {n: Position(n % _PARTITIONS, 100 + n // _PARTITIONS) for n in range(len(origins))}
    copies = [n for n, origin in enumerate(origins) for _ in range(origin.copies)]
    last = 100 + (len(origins) + len(copies) + _PARTITIONS) // _PARTITIONS + 1
    ledger = Ledger(
        {p: Span(kept=50, start=100, end=last) for p in range(_PARTITIONS)}, known_from=known_from, only=only
    )
    for n, origin in enumerate(origins):
        ledger.raw(places[n], feed=origin.feed, time=0 if origin.old else 1000, origin=None, done=origin.done)
    for m, n in enumerate(copies, len(origins)):
        at = Position(m % _PARTITIONS, 100 + m // _PARTITIONS)
        ledger.raw(at, feed=origins[n].feed, time=1000, origin=places[n], done=origins[n].done)
    outcomes = [
        result(origin.kind, places[n], feed=origin.feed)
        for n, origin in enumerate(origins)
        for _ in range(origin.again + 1)
        if origin.kind is not None
    ]
    for kind in _STREAM:  # in the order in which the streams are read
        for outcome in (*outcomes, *extra):
            if outcome.kind == kind:
                ledger.outcome(outcome)
    return ledger.report()


def result(kind: Kind, origin: Position | None, **more: Any) -> Outcome:
    fields: dict[str, Any] = {
        "id": f"{kind} {origin}".encode(),
        "generation": 1 if kind == "enriched" else 0,
        "feed": "a",
    }
    if kind == "letter" and origin is not None:
        fields["refused"] = Place("news.raw", origin.partition, origin.offset)
    return Outcome(kind, Place(_STREAM[kind], 0, 7), origin, **{**fields, **more})


_origins = st.lists(
    st.builds(
        Origin,
        kind=st.sampled_from(["letter", "duplicate", "enriched"]),
        done=st.booleans(),
        copies=st.integers(0, 2),
        again=st.integers(0, 2),
        feed=st.sampled_from(["a", "b"]),
    ),
    max_size=_SIZE,
)
_unfinished = st.lists(
    st.builds(Origin, kind=st.none(), done=st.just(value=False), copies=st.integers(0, 1)), max_size=_SIZE
)


@given(_origins, _unfinished)
def test_one_outcome_each_is_complete_whatever_is_repeated_re_keyed_or_under_way(
    finished: list[Origin], unfinished: list[Origin]
) -> None:
    origins = finished + unfinished
    report = book(origins)
    assert report.complete
    assert report.faults == ()
    assert report.total.origins == len(origins)
    assert report.total.under_way == len(unfinished)
    for kind, count in (
        ("enriched", report.total.enriched),
        ("duplicate", report.total.duplicates),
        ("letter", report.total.letters),
    ):
        assert count == sum(origin.kind == kind for origin in origins)
    assert report.total.sent_again == sum(origin.again > 0 for origin in origins)
    assert report.rekeyed == sum(origin.copies for origin in origins)


@given(_origins, st.integers(1, 60))
def test_every_missing_outcome_is_counted_and_the_first_are_named(finished: list[Origin], lost: int) -> None:
    report = book([*finished, *[Origin(None)] * lost])
    assert not report.complete
    assert report.total.missing == lost
    assert len(report.faults) == min(lost, EXAMPLES)
    places = {(f.place.partition, f.place.offset) for f in report.faults}
    assert len(places) == len(report.faults)
    first = len(finished)
    assert places <= {(n % _PARTITIONS, 100 + n // _PARTITIONS) for n in range(first, first + lost)}


@given(_origins, st.data())
def test_every_contradiction_is_counted(origins: list[Origin], data: st.DataObject) -> None:
    decided = [n for n, origin in enumerate(origins) if origin.kind in ("enriched", "duplicate")]
    against = data.draw(st.sets(st.sampled_from(decided))) if decided else set()
    extra = [
        result(
            "duplicate" if origins[n].kind == "enriched" else "enriched",
            Position(n % _PARTITIONS, 100 + n // _PARTITIONS),
        )
        for n in against
    ]
    report = book(origins, extra)
    assert report.total.contradicting == len(against)
    assert report.complete == (not against)
    assert {f.origin for f in report.faults} <= {f"{n % _PARTITIONS}:{100 + n // _PARTITIONS}" for n in against}


@given(_origins)
def test_rows_add_up(origins: list[Origin]) -> None:
    report = book([*origins, Origin(None), Origin(None, done=False, feed="b")])
    for row in (report.total, *report.feeds.values()):
        assert row.origins == (
            row.enriched
            + row.duplicates
            + row.letters
            + row.under_way
            + row.outcome_expired
            + row.missing
            + row.contradicting
        )
    assert report.total.origins == sum(row.origins for row in report.feeds.values())
    for feed, row in report.feeds.items():
        only = book([*origins, Origin(None), Origin(None, done=False, feed="b")], only=feed)
        assert (only.total, list(only.feeds)) == (row, [feed])


_AT = Position(0, 100)


@pytest.mark.parametrize(
    "extra",
    [
        result("enriched", _AT, id=b"other"),
        result("duplicate", _AT),
        result("letter", _AT),
    ],
)
def test_a_second_decision_of_the_same_generation_contradicts(extra: Outcome) -> None:
    report = book([Origin("enriched")], [extra])
    assert (report.total.contradicting, report.total.enriched) == (1, 0)
    assert report.faults[0].origin == "0:100"


def test_a_second_decision_of_another_generation_does_not() -> None:
    report = book([Origin("enriched")], [result("enriched", _AT, id=b"other", generation=2)])
    assert report.complete
    assert (report.total.enriched, report.total.redecided) == (1, 1)


@pytest.mark.parametrize("kind", ["enriched", "duplicate"])
def test_an_event_that_replaces_another_on_purpose_is_no_second_outcome(kind: Kind) -> None:
    report = book([Origin(kind)], [result("enriched", _AT, id=b"other", generation=2, follow_up=True)])
    assert report.complete
    assert (report.total.enriched + report.total.duplicates, report.total.redecided) == (1, 1)


@pytest.mark.parametrize("kind", ["enriched", "duplicate"])
def test_a_letter_and_another_outcome_are_a_retry_only_where_the_record_was_sent_again(kind: Kind) -> None:
    retried = book([Origin("letter", copies=1)], [result(kind, _AT)])
    assert retried.complete
    assert (retried.total.retried, retried.total.letters) == (1, 0)
    unexplained = book([Origin("letter")], [result(kind, _AT)])
    assert unexplained.total.contradicting == 1


def test_a_letter_for_a_re_keyed_record_is_retried_by_another_copy_of_it() -> None:
    refused = Place("news.raw", 1, 100)
    for copies, contradicting in ((1, 1), (2, 0)):
        letter = result("letter", _AT, refused=refused)
        report = book([Origin(None, copies=copies)], [letter, result("enriched", _AT)])
        assert report.total.contradicting == contradicting


def test_a_letter_of_enrich_is_retried_on_news_unique() -> None:
    for uniques, contradicting in ((1, 1), (2, 0)):
        ledger = Ledger({0: Span(kept=100, start=100, end=101)})
        ledger.raw(_AT, feed="a", time=0, origin=None, done=True)
        for _ in range(uniques):
            ledger.unique(_AT, done=True)
        ledger.outcome(result("letter", _AT, refused=Place("news.unique", 0, 3)))
        ledger.outcome(result("enriched", _AT))
        assert ledger.report().total.contradicting == contradicting


def test_what_waits_on_news_unique_or_under_its_right_key_is_under_way() -> None:
    for stream in ("news.unique", "news.raw"):
        ledger = Ledger({0: Span(kept=100, start=100, end=102)})
        ledger.raw(_AT, feed="a", time=0, origin=None, done=True)
        if stream == "news.unique":
            ledger.unique(_AT, done=False)
        else:
            ledger.raw(Position(0, 101), feed="a", time=0, origin=_AT, done=False)
        assert ledger.report().total.under_way == 1, stream


def test_a_record_that_was_read_again_after_offsets_were_set_back_is_no_contradiction() -> None:
    for kind in _STREAM:
        again = book(
            [Origin(kind), Origin("enriched")], [result("duplicate", _AT, of=Position(1, 100), redelivered=True)]
        )
        assert again.complete
        assert (again.total.sent_again, again.total.origins) == (1, 2)
        assert (again.total.enriched + again.total.letters + again.total.duplicates) == 2
    late = book([Origin(None)], [result("duplicate", _AT, redelivered=True)])
    assert (late.complete, late.total.duplicates, late.total.sent_again) == (True, 1, 0)


def test_what_is_repeated_must_have_been_passed_on() -> None:
    """An item that is dropped as a duplicate of itself is lost, though it has an outcome."""
    other = Position(1, 100)
    for of, origins in ((_AT, 2), (Position(9, 0), 2), (Position(1, 10_000), 2)):
        report = book([Origin(None), Origin("enriched")][:origins], [result("duplicate", _AT, of=of)])
        assert (report.total.contradicting, report.total.duplicates) == (1, 0), of
        assert report.faults[0].place == Place("news.duplicates", 0, 7)
    fine = book([Origin(None), Origin("enriched")], [result("duplicate", _AT, of=other)])
    assert (fine.complete, fine.total.duplicates) == (True, 1)
    expired = book([Origin(None)], [result("duplicate", _AT, of=Position(2, 3))])
    assert expired.complete
    lost = book([Origin(None), Origin("duplicate")], [result("duplicate", _AT, of=other)])
    assert (lost.total.contradicting, lost.total.duplicates) == (1, 1)
    assert (lost.faults[0].origin, lost.faults[0].place) == ("1:100", Place("news.raw", 1, 100))


@pytest.mark.parametrize(
    ("origin", "expired", "unexpected"),
    [
        (Position(0, 49), 1, 0),  # raw's retention has taken it
        (Position(0, 50), 0, 0),  # kept, but from before the time that is audited
        (Position(0, 99), 0, 0),
        (Position(0, 101), 0, 1),  # a gap
        (Position(0, 10**30), 0, 1),
        (Position(_PARTITIONS, 100), 0, 1),
        (None, 0, 1),
    ],
)
def test_an_outcome_without_its_raw_record_is_expired_or_a_fault(
    origin: Position | None, expired: int, unexpected: int
) -> None:
    report = book([Origin("enriched")], [result("duplicate", origin)])
    assert (report.expired, report.unexpected, report.total.contradicting) == (expired, unexpected, 0)
    assert report.complete == (not unexpected)
    assert [(f.kind, f.place) for f in report.faults] == [("unexpected", Place("news.duplicates", 0, 7))] * unexpected


def test_where_the_outcome_may_have_expired_nothing_is_called_missing() -> None:
    report = book([Origin(None, old=True), Origin("duplicate", old=True), Origin(None)], known_from=500)
    assert (report.total.outcome_expired, report.total.duplicates, report.total.missing) == (1, 1, 1)


def test_a_million_origins_take_less_than_twenty_megabytes() -> None:
    ledger = Ledger({0: Span(kept=0, start=0, end=1_000_000)})
    (page,) = ledger._pages.values()
    assert sum(sys.getsizeof(column) for column in (page.feed, page.flags, page.check, page.generation)) < 20_000_000


def _letter(stream: str, code: str, origin: bytes | None, *, partition: int = 2, offset: int = 5) -> Outcome:
    headers = [("origin", origin)] if origin is not None else []
    record = Record(stream, partition, offset, b"k", b"v", [*headers, ("ce_source", b"/feeds/a%20b")], 0)
    stage: Literal["dedupe", "enrich"] = "dedupe" if stream == "news.raw" else "enrich"
    written = dead_letter(record, stage, DataError(code, "why"))
    return outcome_of(Place("news.dead-letter", partition, 0), dict(written.headers))


def test_letters_are_read_as_they_are_written() -> None:
    plain = _letter("news.raw", "wrong-type", None)
    assert (plain.origin, plain.refused, plain.feed) == (Position(2, 5), Place("news.raw", 2, 5), "a b")
    copied = _letter("news.raw", "wrong-type", b"1:3")
    assert (copied.origin, copied.refused) == (Position(1, 3), Place("news.raw", 2, 5))
    enriching = _letter("news.unique", "internal-error", b"1:3")
    assert (enriching.origin, enriching.refused) == (Position(1, 3), Place("news.unique", 2, 5))


@pytest.mark.parametrize("claimed", [b"0:1", b"no position", b"0:" + b"9" * 100])
def test_a_record_refused_for_its_origin_header_is_its_own_origin(claimed: bytes) -> None:
    letter = _letter("news.raw", "wrong-origin", claimed)
    assert letter.origin == Position(2, 5)
    ledger = Ledger({0: Span(kept=0, start=0, end=2), 2: Span(kept=5, start=5, end=6)})
    ledger.raw(Position(0, 1), feed="a", time=0, origin=None, done=True)
    claims = Position(0, 1) if claimed == b"0:1" else None
    ledger.raw(Position(2, 5), feed="a", time=0, origin=claims, done=True)
    ledger.outcome(letter)
    ledger.outcome(result("enriched", Position(0, 1)))
    report = ledger.report()
    assert report.complete
    assert (report.total.origins, report.total.letters, report.total.enriched) == (2, 1, 1)


def test_a_foreign_record_on_news_unique_has_no_origin() -> None:
    assert _letter("news.unique", "wrong-origin", None).origin is None


def test_headers_of_any_kind_are_read() -> None:
    place = Place("news.enriched", 0, 0)
    assert outcome_of(place, {}).origin is None
    assert outcome_of(place, {"origin": b"1:2", "ce_generation": "٣".encode()}).generation == 0
    assert outcome_of(place, {"origin": b"1:2", "ce_generation": b"9" * 50}).generation == 0
    assert outcome_of(place, {"origin": b"1:2", "ce_reason": b"reprocessed"}).follow_up
    assert not outcome_of(place, {"origin": b"1:2", "ce_reason": b"edited"}).follow_up
    assert feed_of({"ce_source": b"/elsewhere"}) is None
    assert is_refusal({"dlq_stage": b"poll"})
    notice = Place("news.duplicates", 0, 0)
    assert outcome_of(notice, {}, b'{"of_origin": "3:17"}').of == Position(3, 17)
    assert outcome_of(notice, {}, b'{"of_origin": "3:17", "why": "redelivered"}').redelivered
    for value in (None, b"", b"{}", b"no JSON", b'{"of_origin": 3}', b'{"of_origin": "\xff"}', b'{"of_origin": "x"}'):
        assert outcome_of(notice, {}, value).of is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", "2026-02-18T10:00:00+00:00"),
        ("90m", "2026-02-18T10:30:00+00:00"),
        (" 3 D ", "2026-02-15T12:00:00+00:00"),
        ("1w", "2026-02-11T12:00:00+00:00"),
        ("2026-02-18", "2026-02-18T00:00:00+00:00"),
        ("2026-02-18T09:30", "2026-02-18T09:30:00+00:00"),
        ("2026-02-18T09:30:00+02:00", "2026-02-18T07:30:00+00:00"),
        ("2026-02-18T09:30:00.500Z", "2026-02-18T09:30:00.500+00:00"),
    ],
)
def test_when(text: str, moment: str) -> None:
    now = datetime(2026, 2, 18, 12, tzinfo=UTC)
    assert parse_when(text, now) == round(1000 * datetime.fromisoformat(moment).timestamp())


@pytest.mark.parametrize("text", ["", "h", "2x", "-2h", "2026-02-30", "yesterday", "999999999d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no time"):
        parse_when(text, datetime(2026, 2, 18, tzinfo=UTC))
