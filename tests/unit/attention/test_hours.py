"""What is counted of an hour: items by the version that stands, whatever the order and however often it is said."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.attention import Attention
from schemas.codec import encode
from schemas.enriched import Country, Geopolitical, Pair, Topic
from streams.attention.hours import Hour, Said, said_by
from tests.unit.console.test_rows import EXAMPLE

_HOUR = "2026-02-18T09"


def said(**changes: Any) -> Said:
    found = said_by(encode(msgspec.structs.replace(EXAMPLE, **changes)))
    assert found is not None
    return found


def counted(*events: Said) -> dict[str, Attention]:
    hour = Hour()
    for one in events:
        hour.note(one)
    return dict(hour.count(_HOUR))


def test_topics_countries_and_pairs_of_an_hour() -> None:
    trade = said(
        item_id="b",
        topics=(Topic(id="trade"),),
        countries=(
            Country(code="PE", role="about", mentions=1),
            Country(code="US", role="mentioned", mentions=1),
        ),
        pairs=(Pair(a="US", b="PE", sentences=1, topics=("trade",)),),
    )
    found = counted(said(item_id="a"), trade)
    assert set(found) == {"all", "diplomacy", "territorial_disputes", "trade"}
    every = found["all"]
    assert (every.hour, every.items) == (_HOUR, 2)
    assert every.countries == {"CL": 1, "PE": 2}
    assert every.pairs == {"CL-PE": 1, "PE-US": 1}
    assert found["trade"].pairs == {"PE-US": 1}
    assert found["diplomacy"].countries == {"CL": 1, "PE": 1}


def test_other_news_and_what_was_withdrawn_do_not_count_what_is_unknown_does() -> None:
    assert counted(said(geopolitical=Geopolitical(value=False))) == {}
    assert counted(said(reason="withdrawn")) == {}
    unknown = counted(said(geopolitical=Geopolitical(value=None), topics=None))
    assert [(topic, one.items) for topic, one in unknown.items()] == [("all", 1)]


def test_what_is_no_event_says_nothing() -> None:
    for value in (None, b"", b"no JSON", b'{"item_id": 1}'):
        assert said_by(value) is None


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_the_order_and_repetitions_change_nothing(order: list[int], again: list[int]) -> None:
    events = [
        said(item_id="a", fetched="2026-02-18T09:10:00.000Z"),
        said(item_id="a", fetched="2026-02-18T09:20:00.000Z", topics=(Topic(id="trade"),)),
        said(item_id="a", fetched="2026-02-18T09:20:00.000Z", generation=2, topics=(Topic(id="sanctions"),)),
        said(item_id="b", fetched="2026-02-18T09:00:00.000Z"),
        said(item_id="b", fetched="2026-02-18T09:30:00.000Z", reason="withdrawn"),
        said(item_id="c"),
    ]
    found = counted(*(events[n] for n in [*order, *again]))
    assert {topic: one.items for topic, one in found.items()} == {
        "all": 2,
        "diplomacy": 1,
        "sanctions": 1,
        "territorial_disputes": 1,
    }
