"""What the terms of an item amount to: few numbers per item and topic, from which the decision is calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from typing import Literal, Protocol

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.topics.terms import Hit, Sense, Terms, fold

Field = Literal["title", "text"]

_LEAD = 300
_TITLE_WEIGHT, _LEAD_WEIGHT, _TEXT_WEIGHT = 3.0, 1.5, 1.0
_LEVEL_WEIGHT = {"strong": 2.0, "terms": 0.5, "support": 0.4}
_REPEATS_MAX = 4
_WORDS_PER_UNIT = 150.0
_LETTERS_PER_WORD = 6.0
_MENTIONED_MAX = 4


class CountryMention(Protocol):
    """What is needed of the gazetteer's mentions."""

    @property
    def field(self) -> Field:
        """Where it stands."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Countries it names."""


class Spoken(Struct):
    """What speaks for one topic.

    Attributes:
        points: Weight of its terms, by place and level, repetitions counting less.
        strong: Distinct strong terms.
        title: Whether a strong term stands in the title.
        spans: Where its terms stand: field, hit, sense, weight.
    """

    points: float
    strong: int
    title: bool
    spans: list[tuple[Field, Hit, Sense, float]]


class Item(Struct, frozen=True):
    """What speaks for and against an item.

    Attributes:
        topics: By topic; only those with any term.
        noise: Weight of the terms of other genres.
        units: Length, in units of 150 words, at least 1.
        countries: Distinct countries it names.
        titled: Distinct countries in the title.
    """

    topics: dict[str, Spoken]
    noise: float
    units: float
    countries: int
    titled: int


def read(document: Document, mentions: Sequence[CountryMention], terms: Terms) -> Item:
    """Find the terms of an item and weigh them."""
    topics: dict[str, Spoken] = {}
    seen: dict[tuple[str, str], int] = {}
    noise = 0.0
    fields: tuple[tuple[Field, str], ...] = (("title", document.title), ("text", document.text))
    for field, text in fields:
        for hit in terms.find(fold(text)):
            place = _place(field, hit.start)
            if any(sense.level == "veto" for sense in hit.senses):
                continue
            for sense in _one_each(hit.senses):
                count = seen[sense.topic, sense.term] = seen.get((sense.topic, sense.term), 0) + 1
                if count > _REPEATS_MAX:
                    continue
                if sense.level == "noise":
                    noise += place / count
                    continue
                weight = place * _LEVEL_WEIGHT[sense.level] / count
                spoken = topics.setdefault(sense.topic, Spoken(0.0, 0, title=False, spans=[]))
                spoken.points += weight
                spoken.spans.append((field, hit, sense, weight))
                if sense.level == "strong":
                    spoken.strong += count == 1
                    spoken.title |= field == "title"
    return Item(
        topics=topics,
        noise=noise,
        units=1.0 + len(document.text) / _LETTERS_PER_WORD / _WORDS_PER_UNIT,
        countries=len({code for mention in mentions for code in mention.codes}),
        titled=len({code for mention in mentions if mention.field == "title" for code in mention.codes}),
    )


def _one_each(senses: tuple[Sense, ...]) -> Sequence[Sense]:
    """Return the strongest sense for each topic: a term and its plural may both stand in the file."""
    if len(senses) == 1:
        return senses
    best: dict[str, Sense] = {}
    for sense in senses:
        known = best.get(sense.topic)
        if known is None or _LEVEL_WEIGHT.get(sense.level, 0) > _LEVEL_WEIGHT.get(known.level, 0):
            best[sense.topic] = sense
    return list(best.values())


def _place(field: Field, start: int) -> float:
    if field == "title":
        return _TITLE_WEIGHT
    return _LEAD_WEIGHT if start < _LEAD else _TEXT_WEIGHT


def item_features(item: Item) -> list[float]:
    """Return the features of ``geopolitical``, in the order of the coefficients."""
    densities = sorted((spoken.points / item.units for spoken in item.topics.values()), reverse=True)
    strong = sum(spoken.strong for spoken in item.topics.values())
    return [
        1.0,
        log1p(densities[0]) if densities else 0.0,
        log1p(sum(densities)),
        log1p(strong / item.units),
        float(any(spoken.title for spoken in item.topics.values())),
        min(item.countries, _MENTIONED_MAX) / _MENTIONED_MAX,
        float(min(item.titled, 2)),
        log1p(item.noise / item.units),
        log1p(item.units),
    ]


def topic_features(item: Item, spoken: Spoken, geopolitical: float) -> list[float]:
    """Return the features of one topic, in the order of the coefficients.

    Args:
        item: The item.
        spoken: What speaks for the topic.
        geopolitical: Log-odds of the item being geopolitical.
    """
    most = max(other.points for other in item.topics.values())
    return [
        1.0,
        log1p(spoken.points / item.units),
        log1p(spoken.points) / log1p(most),
        log1p(spoken.strong / item.units),
        float(spoken.title),
        log1p(spoken.strong),
        float(spoken.strong == 0),
        geopolitical,
        log1p(item.units),
    ]
