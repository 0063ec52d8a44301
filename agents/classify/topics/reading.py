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
from agents.classify.topics.lexicon import CLOSED, GENRES, PHRASE, Lexicon
from agents.classify.topics.names import TWO_STATES, Names

Field = Literal["title", "text"]
Span = tuple[Field, int, int, int, float]
"""Where a term stands: field, start and end as found, its pattern (below zero: a name), its weight by place."""

_TITLE, _LEAD, _REST = 3.0, 1.5, 1.0
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
        points: By slot, the weight of its terms; behind all slots once more, of those that count beside others only.
        sure: By slot, the weight by place of its strong terms alone.
        strong: By slot, distinct strong terms.
        titled: By slot, strong terms in the title.
        led: By slot, distinct strong terms that come first in the lead.
        units: Length, in units of 150 words, at least 1.
        countries: Distinct countries it names.
        countries_titled: Distinct countries in the title, or in what stands for it.
        actors: Distinct organisations and office holders it names.
        noise_titled: Weight of other genres' terms in the title.
        spans: Where the terms of topics stand.
    """

    points: list[float]
    sure: list[float]
    strong: list[int]
    titled: list[int]
    led: list[int]
    units: float
    spans: list[Span]
    countries: int = 0
    countries_titled: int = 0
    actors: int = 0
    noise_titled: float = 0.0


def read(document: Document, mentions: Sequence[Mention], lexicon: Lexicon, names: Names) -> Reading:
    """Find the terms of an item and add them up.

    Args:
        document: The item.
        mentions: The names that the gazetteer found in it.
        lexicon: The terms of its language.
        names: What actors and places speak for.
    """
    slots = lexicon.slots
    points = [0.0] * (2 * slots)
    reading = Reading(
        points=points,
        sure=[0.0] * slots,
        strong=[0] * slots,
        titled=[0] * slots,
        led=[0] * slots,
        units=1.0 + len(document.text) / lexicon.letters / _WORDS_PER_UNIT,
        spans=[],
    )
    seen: dict[int, int] = {}
    title, text = document.title, document.text
    if title:
        _read_field("title", title, lexicon, head=len(title) + 1, reading=reading, seen=seen)
        reading.noise_titled = points[slots - 2] + points[slots - 1]
    # Without a title the first words stand for it.
    head = 0 if title else lexicon.head
    _read_field("text", text, lexicon, head=head, reading=reading, seen=seen)
    if mentions:
        _read_names(mentions, lexicon, names, head=head, reading=reading)
    for slot in range(slots - len(GENRES)):
        if points[slot]:
            points[slot] += points[slot + slots]
    return reading


def _read_field(  # noqa: C901, PLR0912 - the one loop that runs for every term of every item; calls would double its time
    field: Field, text: str, lexicon: Lexicon, *, head: int, reading: Reading, seen: dict[int, int]
) -> None:
    """Add up the terms of one field; what starts before ``head`` counts as the title does."""
    points, strong, spans, entries = reading.points, reading.strong, reading.spans, lexicon.entries
    sure, titled, led = reading.sure, reading.titled, reading.led
    lead = lexicon.lead
    folded = lexicon.writing.fold(text)
    until = 0
    for pattern, start, end in lexicon.find(folded):
        if start < until:
            continue
        ends, term, weights, says, told = entries[pattern]
        if ends and (ends == PHRASE or folded[end] != " "):
            if ends == CLOSED:
                continue
            settled = lexicon.settle(folded, pattern, end)
            if settled is None:
                continue
            pattern, end = settled  # noqa: PLW2901 - what stands there in fact
            _, term, weights, says, told = entries[pattern]
            until = end
        if term < 0:
            continue
        count = seen[term] = seen.get(term, 0) + 1
        if count > _REPEATS_MAX:
            continue
        place = _TITLE if start < head else _LEAD if start < lead else _REST
        weight = place / count
        for slot, level_weight in weights:
            points[slot] += weight * level_weight
        if told:
            spans.append((field, start, end, pattern, weight))
            for slot in says:
                sure[slot] += weight
                if count == 1:
                    strong[slot] += 1
                    if place == _TITLE:
                        titled[slot] += 1
                    elif place == _LEAD:
                        led[slot] += 1


def _read_names(mentions: Sequence[Mention], lexicon: Lexicon, names: Names, *, head: int, reading: Reading) -> None:
    """Count the countries, and add up what actors and places speak for, where no term stands in the same place."""
    countries: set[str] = set()
    titled: set[str] = set()
    actors: set[str] = set()
    named: list[tuple[int, Mention, bool]] = []
    for mention in mentions:
        codes = mention.codes
        countries.update(codes)
        title = mention.field == "title" or mention.start < head
        if title and not titled.issuperset(codes):
            titled.update(codes)
            if len(titled) > 1 and (number := names.numbers.get(TWO_STATES)) is not None:
                named.append((number, mention, title))
        if mention.id:
            if mention.kind == "actor":
                actors.add(mention.id)
            if (number := names.numbers.get(mention.id)) is not None:
                named.append((number, mention, title))
    reading.countries = len(countries)
    reading.countries_titled = len(titled)
    reading.actors = len(actors)
    if named:
        _add_names(named, lexicon, names, reading)


def _add_names(named: Sequence[tuple[int, Mention, bool]], lexicon: Lexicon, names: Names, reading: Reading) -> None:
    taken = {(span[0], span[1]) for span in reading.spans}
    two_states = names.numbers.get(TWO_STATES)
    seen: dict[int, int] = {}
    for number, mention, title in named:
        if number != two_states and (mention.field, mention.start) in taken:
            continue
        count = seen[number] = seen.get(number, 0) + 1
        if count > _REPEATS_MAX:
            continue
        weight = (_TITLE if title else _LEAD if mention.start < lexicon.lead else _REST) / count
        weights, says, _ = names.spoken_of(number)
        for slot, level_weight in weights:
            reading.points[slot] += weight * level_weight
        for slot in says:
            reading.sure[slot] += weight
            reading.strong[slot] += count == 1
        reading.spans.append((mention.field, mention.start, mention.end, number, weight))
