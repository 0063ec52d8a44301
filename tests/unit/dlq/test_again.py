"""A dead letter becomes the record that it was, or it is said why not."""

from __future__ import annotations

import pytest

from agents.dead_letter import dead_letter
from schemas.envelope import Headers, header
from schemas.errors import DataError, Stage
from schemas.record import Output, Record
from streams.dlq.again import Refusal, again
from streams.dlq.letters import Wanted, letter_of
from tests.items import encoded, partition_of, raw_item, timestamp

_NOW = 1_770_000_000_000
_DAY = 86_400_000
_KEPT: dict[str, int | None] = {"news.raw": 90 * _DAY, "news.unique": 90 * _DAY}
_PARTITIONS = 8


def _letter(record: Record, code: str = "internal-error", stage: Stage = "dedupe") -> Record:
    output = dead_letter(record, stage, DataError(code, "it tripped"))
    return Record(output.stream, output.partition, 17, output.key, output.value, output.headers, _NOW)


def _raw(headers: Headers | None = None, *, time: int = _NOW, fetched: int = _NOW) -> Record:
    item = raw_item("https://wire.example/1", title="A report", fetched=fetched)
    key = item["item_id"].encode()
    return Record("news.raw", partition_of(key, _PARTITIONS), 5, key, encoded(item), headers or [], time)


def _again(letter: Record) -> Output:
    found = again(letter, partitions=_PARTITIONS, now=_NOW, retention_ms=_KEPT)
    assert isinstance(found, Output), found
    return found


def test_a_raw_record_comes_back_with_its_origin_its_headers_and_its_time() -> None:
    record = _raw([("ce_source", b"/feeds/wire"), ("x", b"y")], time=_NOW - _DAY)
    output = _again(_letter(record))
    assert (output.stream, output.partition, output.key, output.value, output.time) == (
        "news.raw",
        record.partition,
        record.key,
        record.value,
        record.time,
    )
    assert header(output.headers, "origin") == f"{record.partition}:5".encode()
    assert header(output.headers, "retry") == f"{record.partition}:17".encode()
    assert (header(output.headers, "ce_source"), header(output.headers, "x")) == (b"/feeds/wire", b"y")
    assert not [key for key, _ in output.headers if key.startswith("dlq_")]


def test_a_raw_record_in_the_wrong_place_comes_back_into_the_right_one() -> None:
    right = _raw()
    wrong = Record("news.raw", (right.partition + 1) % _PARTITIONS, 9, None, right.value, [], _NOW)
    output = _again(_letter(wrong))
    assert (output.partition, output.key) == (right.partition, right.key)
    assert header(output.headers, "origin") == f"{wrong.partition}:9".encode()


def test_a_unique_record_comes_back_to_unique() -> None:
    headers = [("origin", b"2:3"), ("ce_reason", b"edited"), ("supersedes", b"{}")]
    output = _again(_letter(Record("news.unique", 4, 8, b"k", b"{}", headers, _NOW), stage="enrich"))
    assert (output.stream, output.partition, header(output.headers, "origin")) == ("news.unique", 4, b"2:3")
    assert header(output.headers, "ce_reason") == b"edited"


def test_a_record_refused_for_its_origin_comes_back_with_its_own() -> None:
    output = _again(_letter(_raw([("origin", b"7:99")]), code="wrong-origin"))
    assert header(output.headers, "origin") == f"{_raw().partition}:5".encode()


def test_a_fetch_time_that_was_ahead_is_the_record_time_once_it_is_past() -> None:
    ahead = _raw(time=_NOW - 3_600_000, fetched=_NOW - 60_000)
    assert _again(_letter(ahead, code="fetched-ahead")).time == _NOW - 60_000
    still = _raw(time=_NOW, fetched=_NOW + 3_600_000)
    assert _again(_letter(still, code="fetched-ahead")).time == _NOW


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (_letter(_raw(time=_NOW - 91 * _DAY)), "91 days old and news.raw keeps 90"),
        (
            Record("news.dead-letter", 0, 1, b"k", b"", [("dlq_stage", b"poll"), ("dlq_code", b"too-large")], _NOW),
            "the poller refused the item",
        ),
        (_letter(Record("news.next-year", 0, 1, b"k", b"{}", [], _NOW)), "no stream of this version"),
    ],
)
def test_what_cannot_be_tried_again_says_why(record: Record, reason: str) -> None:
    refused = again(record, partitions=_PARTITIONS, now=_NOW, retention_ms=_KEPT)
    assert isinstance(refused, Refusal)
    assert reason in refused.reason


def test_a_letter_says_that_it_was_tried_again_before() -> None:
    output = _again(_letter(_raw()))
    record = Record(output.stream, output.partition, 50, output.key, output.value, output.headers, _NOW)
    letter = letter_of(_letter(record))
    assert letter.again == f"{record.partition}:17"
    assert letter.origin == f"{_raw().partition}:5", "the origin stays that of the first"
    assert timestamp(letter.time) == timestamp(_NOW)


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (Wanted(), True),
        (Wanted(stage="enrich"), False),
        (Wanted(code="internal-error", feed="wire", since=_NOW), True),
        (Wanted(feed="other"), False),
        (Wanted(since=_NOW + 1), False),
        (Wanted(places=("0:17",)), False),
    ],
)
def test_filters(wanted: Wanted, taken: bool) -> None:  # noqa: FBT001
    record = _letter(_raw([("ce_source", b"/feeds/wire")]))
    assert record.partition != 0
    assert wanted.takes(letter_of(record)) is taken
