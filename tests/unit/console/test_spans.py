"""The text of an event as it came: what was removed in its place, evidence marked, nothing lost or said twice."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.enriched import Enriched, Evidence, Removed, Topic, Uncertain
from streams.console.spans import text_spans, title_spans
from tests.unit.console.test_rows import EXAMPLE


def event(text: str, **changes: Any) -> Enriched:
    plain = {"removed": (), "uncertain": (), "topics": (), "countries": (), "places": (), "actors": ()}
    return msgspec.structs.replace(EXAMPLE, text=text, **{**plain, **changes})


def evidence(field: str, start: int, end: int) -> Evidence:
    return Evidence(field=field, start=start, end=end, text="", rule="r")  # type: ignore[arg-type]


def test_what_was_removed_stands_in_its_place() -> None:
    spans = text_spans(EXAMPLE)
    whole = "".join(span["text"] for span in spans)
    assert whole[105:171] == EXAMPLE.removed[0].text
    (removed,) = [span for span in spans if "removed" in span]
    assert (removed["removed"], removed["rule"]) == ("interjection", "en.read-also")
    marked = {span["text"]: span["marks"] for span in spans if "marks" in span}
    assert marked["foreign ministers"] == ["topic/diplomacy"]
    assert marked["Santiago"] == ["country/CL"]


def test_the_title_has_its_evidence() -> None:
    marked = {span["text"]: span["marks"] for span in title_spans(EXAMPLE) if "marks" in span}
    assert marked == {
        "Chile": ["country/CL"],
        "Peru": ["country/PE"],
        "talks": ["topic/diplomacy"],
        "maritime border": ["topic/territorial_disputes"],
    }


def test_evidence_that_overlaps_is_marked_for_both_where_it_does() -> None:
    topics = (
        Topic(id="a", evidence=(evidence("text", 0, 6),)),
        Topic(id="b", evidence=(evidence("text", 4, 9),)),
    )
    doubt = Uncertain(kind="interjection", rule="doubtful", start=8, end=10)
    spans = text_spans(event("0123456789", topics=topics, uncertain=(doubt,)))
    assert [(s["text"], s.get("marks"), s.get("doubt")) for s in spans] == [
        ("0123", ["topic/a"], None),
        ("45", ["topic/a", "topic/b"], None),
        ("67", ["topic/b"], None),
        ("8", ["topic/b"], "doubtful"),
        ("9", None, "doubtful"),
    ]


@given(st.data())
def test_nothing_is_lost(data: st.DataObject) -> None:
    whole = data.draw(st.text(alphabet="ab\n😀ع", max_size=60))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)))
    removed = tuple(
        Removed(kind="k", rule="r", text=whole[a:b], start=a, end=b)
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
        if a < b
    )
    kept = "".join(c for i, c in enumerate(whole) if not any(r.start <= i < r.end for r in removed))
    ends = st.integers(-2, len(kept) + 3)
    found = tuple(evidence("text", *sorted((data.draw(ends), data.draw(ends)))) for _ in range(3))
    decided = event(kept, removed=removed, topics=(Topic(id="t", evidence=found),))
    spans = text_spans(decided)
    assert "".join(span["text"] for span in spans) == whole
    assert "".join(span["text"] for span in spans if "removed" not in span) == kept
