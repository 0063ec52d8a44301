"""Reads an item: which terms stand where, and what they amount to for each topic and against all of them.

The title counts three times, the lead one and a half times; a term that comes again counts ever less. This runs for
every item and is written to make few objects: numbers are added up by slot (topics in the order of the catalogue, then
statecraft, other genres, domestic matters), spans are kept as tuples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.topics.lexicon import GENRES, STRONG, SUPPORT, Lexicon
from agents.classify.topics.names import TWO_STATES, Names

Field = Literal["title", "text"]
Span = tuple[Field, int, int, int, float]
"""Where a term stands: field, start and end as found, its pattern (below zero: a name), its weight by place."""

_TITLE, _LEAD, _REST = 3.0, 1.5, 1.0
LEVEL_WEIGHTS = (2.0, 0.75, 0.4)
_REPEATS_MAX = 4
_WORDS_PER_UNIT = 150.0


class Mention(Protocol):
    """What is needed of the gazetteer's mentions."""

    @property
    def field(self) -> Field:
        """Where it stands."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """Behind the last one."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Countries it names."""

    @property
    def kind(self) -> str:
        """As in the gazetteer, e.g. name, actor, place."""

    @property
    def id(self) -> str:
        """Of an actor or a place."""


class Reading(Struct):
    """What speaks for and against an item.

    Attributes:
        points: By slot, the weight of its terms.
        supported: By slot, the weight of terms that count beside others only; in ``points`` where they do.
        strong: By slot, distinct strong terms.
        titled: By slot, strong terms in the title.
        led: By slot, distinct strong terms that come first in title or lead.
        units: Length, in units of 150 words, at least 1.
        headless: Whether there is no title.
        countries: Distinct countries it names.
        countries_titled: Distinct countries in the title.
        actors: Distinct organisations and office holders it names.
        noise_titled: Weight of other genres' terms in the title.
        spans: Where the terms stand.
    """

    points: list[float]
    supported: list[float]
    strong: list[int]
    titled: list[int]
    led: list[int]
    units: float
    headless: bool
    countries: int = 0
    countries_titled: int = 0
    actors: int = 0
    noise_titled: float = 0.0
    spans: list[Span] = []


def read(document: Document, mentions: Sequence[Mention], lexicon: Lexicon, names: Names) -> Reading:
    """Find the terms of an item and add them up.

    Args:
        document: The item.
        mentions: The names that the gazetteer found in it.
        lexicon: The terms of its language.
        names: What actors and places speak for.
    """
    size = lexicon.slots
    reading = Reading(
        points=[0.0] * size,
        supported=[0.0] * size,
        strong=[0] * size,
        titled=[0] * size,
        led=[0] * size,
        units=1.0 + len(document.text) / lexicon.letters / _WORDS_PER_UNIT,
        headless=not document.title,
        spans=[],
    )
    seen: dict[int, int] = {}
    _read_field("title", document.title, lexicon, reading, seen)
    noise = size - len(GENRES) + 1
    reading.noise_titled = reading.points[noise] + reading.points[noise + 1]
    _read_field("text", document.text, lexicon, reading, seen)
    _read_names(mentions, lexicon, names, reading)
    for slot, weight in enumerate(reading.supported):
        if weight and reading.points[slot]:
            reading.points[slot] += weight
    return reading


def _read_field(field: Field, text: str, lexicon: Lexicon, reading: Reading, seen: dict[int, int]) -> None:
    """Add up the terms of one field."""
    points, supported, strong, spans = reading.points, reading.supported, reading.strong, reading.spans
    ends, terms, senses, shorter = lexicon.ends, lexicon.terms, lexicon.senses, lexicon.shorter
    folded = lexicon.writing.fold(text)
    title = field == "title"
    lead = lexicon.lead
    first = reading.titled if title else reading.led
    for pattern, start, end in lexicon.find(folded):
        while ends[pattern] and folded[end] != " ":
            less = shorter[pattern]
            if less is None:
                break
            pattern, end = less[0], end - less[1]  # noqa: PLW2901 - the word goes on: the next shorter pattern
        else:
            term = terms[pattern]
            if term < 0:
                continue
            count = seen[term] = seen.get(term, 0) + 1
            if count > _REPEATS_MAX:
                continue
            weight = (_TITLE if title else _LEAD if start < lead else _REST) / count
            for slot, level in senses[pattern]:
                if level == SUPPORT:
                    supported[slot] += weight * LEVEL_WEIGHTS[SUPPORT]
                    continue
                points[slot] += weight * LEVEL_WEIGHTS[level]
                if level == STRONG and count == 1:
                    strong[slot] += 1
                    if title or start < lead:
                        first[slot] += 1
            spans.append((field, start, end, pattern, weight))


def _read_names(mentions: Sequence[Mention], lexicon: Lexicon, names: Names, reading: Reading) -> None:
    """Count the countries, and add up what actors and places speak for, where no term stands in the same place."""
    countries: set[str] = set()
    titled: set[str] = set()
    actors: set[str] = set()
    taken = {(span[0], span[1]) for span in reading.spans} if mentions else set()
    seen: dict[int, int] = {}
    for mention in mentions:
        title = mention.field == "title"
        countries.update(mention.codes)
        if title and not titled.issuperset(mention.codes):
            titled.update(mention.codes)
            if len(titled) > 1:
                _add_name(names.numbers.get(TWO_STATES), mention, lexicon, names, reading=reading, seen=seen)
        if mention.id:
            if mention.kind == "actor":
                actors.add(mention.id)
            if (mention.field, mention.start) not in taken:
                _add_name(names.numbers.get(mention.id), mention, lexicon, names, reading=reading, seen=seen)
    reading.countries = len(countries)
    reading.countries_titled = len(titled)
    reading.actors = len(actors)


def _add_name(
    number: int | None, mention: Mention, lexicon: Lexicon, names: Names, *, reading: Reading, seen: dict[int, int]
) -> None:
    if number is None:
        return
    count = seen[number] = seen.get(number, 0) + 1
    if count > _REPEATS_MAX:
        return
    weight = (_TITLE if mention.field == "title" else _LEAD if mention.start < lexicon.lead else _REST) / count
    for slot, level in names.of(number):
        (reading.supported if level == SUPPORT else reading.points)[slot] += weight * LEVEL_WEIGHTS[level]
        if level == STRONG and count == 1:
            reading.strong[slot] += 1
    reading.spans.append((mention.field, mention.start, mention.end, number, weight))
