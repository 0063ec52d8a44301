"""A text cut into spans: what was removed stands in its place, evidence and doubts are marked. Pure.

Offsets of events count code points; browsers count UTF-16 units. So the cutting is done here, and a browser only puts
spans behind one another.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.enriched import Enriched, Evidence, Removed

Span = dict[str, Any]
"""``text``; ``removed`` with the kind and rule; ``marks``: names of what it speaks for; ``doubt``: the rule."""


def text_spans(event: Enriched) -> list[Span]:
    """Return the text of an event with what was taken out of it, as it came."""
    whole = list(_marked(event, "text", event.text))
    spans: list[Span] = []
    position = gone = 0
    for removed in event.removed:
        at = removed.start - gone
        spans += _between(whole, position, at)
        spans.append(_removed(removed))
        position, gone = at, gone + len(removed.text)
    return spans + _between(whole, position, len(event.text))


def title_spans(event: Enriched) -> list[Span]:
    """Return the title of an event."""
    return [span for _, span in _marked(event, "title", event.title)]


def _removed(removed: Removed) -> Span:
    return {"text": removed.text, "removed": removed.kind, "rule": removed.rule}


def _marked(event: Enriched, field: str, text: str) -> Iterator[tuple[int, Span]]:
    """Yield spans that are marked throughout or not at all, with where they begin."""
    marks: list[tuple[int, int, str]] = []
    for name, evidence in _evidence(event):
        marks += [(e.start, e.end, name) for e in evidence if e.field == field]
    doubts = [(d.start, d.end, d.rule) for d in event.uncertain] if field == "text" else []
    cuts = {0, len(text)}
    cuts.update(place for start, end, _ in (*marks, *doubts) for place in (start, end) if 0 <= place <= len(text))
    ordered = sorted(cuts)
    for start, end in pairwise(ordered):
        span: Span = {"text": text[start:end]}
        if names := list(dict.fromkeys(name for a, b, name in marks if a <= start and end <= b)):
            span["marks"] = names
        if rule := next((rule for a, b, rule in doubts if a <= start and end <= b), None):
            span["doubt"] = rule
        yield start, span


def _evidence(event: Enriched) -> Iterator[tuple[str, Iterable[Evidence]]]:
    """Yield what is decided, ``topic/…``, ``country/…``, and what spoke for it."""
    for topic in event.topics or ():
        yield f"topic/{topic.id}", topic.evidence
    for country in event.countries:
        yield f"country/{country.code}", country.evidence
    for place in event.places:
        yield f"place/{place.id}", place.evidence
    for actor in event.actors:
        yield f"actor/{actor.id}", actor.evidence


def _between(spans: list[tuple[int, Span]], start: int, end: int) -> list[Span]:
    """Return what of some spans lies between two places."""
    found = []
    for at, span in spans:
        cut = span["text"][max(0, start - at) : max(0, end - at)]
        if cut:
            found.append({**span, "text": cut})
    return found
