"""Which generation a record belongs to: that of its place on news.unique, whatever is live."""

from __future__ import annotations

from schemas.pipeline import Generation
from schemas.record import Record
from streams.generations import Timeline


def _generation(number: int, **valid_from: int) -> Generation:
    return Generation(
        generation=number,
        version="1",
        knowledge=f"k{number}",
        valid_from={partition.removeprefix("p"): offset for partition, offset in valid_from.items()},
        started="2026-02-18T09:30:00.000Z",
    )


_KNOWN = [_generation(1), _generation(2, p0=10, p1=3), _generation(3, p0=10, p1=7)]


def test_a_record_has_the_newest_generation_whose_offsets_it_has_reached() -> None:
    at = Timeline(_KNOWN).at
    assert [at(0, offset) for offset in (0, 9, 10, 11)] == [1, 1, 3, 3]
    assert [at(1, offset) for offset in (2, 3, 6, 7)] == [1, 2, 2, 3]


def test_a_partition_that_is_not_named_belongs_to_the_generation_from_its_first_record() -> None:
    assert Timeline(_KNOWN).at(5, 0) == 3


def test_before_any_generation_it_is_none() -> None:
    assert Timeline([]).at(0, 0) == 0
    record = Record("news.unique", 1, 5, b"k", b"{}", [], 0)
    assert Timeline(_KNOWN)(record) == 2
