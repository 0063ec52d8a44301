"""How much of the text an event carries, and that nothing else of it leaks."""

from __future__ import annotations

import json
from functools import cache

import pytest

from agents.enrich.enrich import Knowledge, enrich, load_knowledge
from agents.publish.publish import EventText, Provenance
from schemas.codec import encode
from schemas.enriched import Enriched, RawRef
from streams.pipe import Line, raw_item
from tests.articles import own

_TAIL = (
    "The last paragraph says that the talks will go on in Ankara, whatever the Greek side says about Cyprus and NATO."
)


@cache
def _knowledge() -> Knowledge:
    return load_knowledge()


def _event(text: EventText, body: str | None = None) -> Enriched:
    article = own()
    item = raw_item(Line(title=article.title, text=body or f"{article.html()}<p>{_TAIL}</p>", language="en"))
    raw = RawRef(stream="news.raw", partition=0, offset=0)
    provenance = Provenance(reason="new", supersedes=None, raw=raw, generation=1)
    return enrich(item, provenance, _knowledge(), text=text)


def _spans(event: Enriched) -> list[str]:
    evidence = (*(t.evidence for t in event.topics or ()), *(c.evidence for c in event.countries))
    evidence += (*(p.evidence for p in event.places), *(a.evidence for a in event.actors))
    return [span.text for spans in evidence for span in spans if span.field == "text"]


@pytest.mark.parametrize(("text", "longest"), [("excerpt", 300), ("none", 0)])
def test_a_shortened_event_holds_the_excerpt_and_no_other_word_of_the_text(text: EventText, longest: int) -> None:
    full, short = _event("full"), _event(text)
    assert len(short.text) <= longest
    assert full.text.startswith(short.text.rstrip("…"))
    assert len(full.text) > 600
    kept = short.text.rstrip("…")
    assert _spans(full), "there is evidence to lose"
    assert all(span in kept for span in _spans(short))
    assert all(span.text == "" for span in short.removed)
    assert len(short.removed) == len(full.removed)
    assert all(span.end <= len(kept) for span in short.uncertain)
    words = {"last paragraph", *own().removed}
    assert not any(word in encode(short).decode() for word in words)


@pytest.mark.parametrize("text", ["excerpt", "none"])
def test_the_decision_is_that_of_the_whole_text(text: EventText) -> None:
    full, short = _event("full"), _event(text)
    assert full.topics
    assert [topic.id for topic in short.topics or ()] == [topic.id for topic in full.topics]
    assert [(c.code, c.role, c.mentions) for c in short.countries] == [
        (c.code, c.role, c.mentions) for c in full.countries
    ]
    assert (short.geopolitical, short.language, short.coverage) == (full.geopolitical, full.language, full.coverage)
    assert short.id != full.id


def test_a_text_that_fits_is_not_cut() -> None:
    short = _event("excerpt", "Ministers met in Lima.")
    assert short.text == "Ministers met in Lima."
    assert json.loads(encode(short))["title"] == own().title
