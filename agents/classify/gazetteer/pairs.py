"""Pairs of countries: both about, the parties of a sentence. No event is claimed between them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Protocol

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import Gazetteer
from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.mentions import Found, Mention
from agents.classify.gazetteer.sentences import sentences
from schemas.enriched import Pair, Topic

_HYPHEN = re.compile(r"\s?[-–/]\s?")
_TWO = 2

Party = list[str]
"""Countries that a sentence names as one: "Britain and France"."""


class Topical(Protocol):
    """What is needed of the topics' decision."""

    @property
    def topics(self) -> tuple[Topic, ...] | None:
        """The topics, with their evidence."""


def pairs(document: Document, found: Found, topical: Topical, gazetteer: Gazetteer) -> tuple[Pair, ...]:
    """Return the pairs, the most often named first.

    Args:
        document: The item.
        found: What it names.
        topical: What it is about: a pair carries the topics with evidence in its sentences.
        gazetteer: How the language joins names.
    """
    about = {country.code for country in found.countries if country.role == "about"}
    if len(about) < _TWO:
        return ()
    rules = gazetteer.language(document.language)[0]
    counts: Counter[tuple[str, str]] = Counter()
    topics: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for field, text, start, end, mentions in _sentences(document, found.mentions):
        met = _met(text, end, mentions, about, rules)
        if not met:
            continue
        spoken = {
            topic.id
            for topic in topical.topics or ()
            if any(e.field == field and start <= e.start < end for e in topic.evidence)
        }
        for pair in met:
            counts[pair] += 1
            topics[pair] |= spoken
    return tuple(
        Pair(a=a, b=b, sentences=count, topics=tuple(sorted(topics[a, b])))
        for (a, b), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    )


def _sentences(document: Document, mentions: Sequence[Mention]) -> Iterator[tuple[str, str, int, int, list[Mention]]]:
    """Yield the sentences that name something twice: field, text, start, end, what is named."""
    title = [mention for mention in mentions if mention.field == "title"]
    if len(title) >= _TWO:
        yield "title", document.title, 0, len(document.title), title
    rest = [mention for mention in mentions if mention.field == "text"]
    if len(rest) < _TWO:
        return
    number = 0
    for start, end in sentences(document.text):
        first = number
        while number < len(rest) and rest[number].start < end:
            number += 1
        if number - first >= _TWO:
            yield "text", document.text, start, end, rest[first:number]


def _met(text: str, end: int, mentions: Sequence[Mention], about: set[str], rules: Grammar) -> set[tuple[str, str]]:
    """Return the pairs of a sentence: the first party with the second, and the two of a first party of two.

    News sentences name first who acts, then whom it concerns; what comes after is circumstance ("said on Egyptian
    radio", "since the U.S. invasion"). Two names joined by a hyphen are a pair wherever they stand.
    """
    parties, met = _parties(text, end, mentions, about, rules)
    if parties and len(parties[0]) == _TWO:
        met.add(_ordered(*parties[0]))
    if len(parties) >= _TWO:
        met |= {_ordered(a, b) for a, b in product(parties[0], parties[1])}
    return met


def _parties(
    text: str, end: int, mentions: Sequence[Mention], about: set[str], rules: Grammar
) -> tuple[list[Party], set[tuple[str, str]]]:
    """Return the first parties of a sentence, each country in the first that names it, and pairs by hyphen."""
    parties: list[Party] = []
    hyphened: set[tuple[str, str]] = set()
    seen: set[str] = set()
    before: Mention | None = None
    quoted = rules.quoted.search(text, mentions[0].start, end) if rules.quoted is not None else None
    for mention in mentions:
        codes = [code for code in mention.codes if code in about]
        if not codes or (quoted is not None and parties and mention.start > quoted.start()):
            continue
        if before is not None and _HYPHEN.fullmatch(text, before.end, mention.start):
            hyphened |= {_ordered(a, b) for a in before.codes if a in about for b in codes if a != b}
        new = [code for code in codes if code not in seen]
        if new:
            joined = before is not None and rules.joined.fullmatch(text, before.end, mention.start)
            if joined and parties and set(before.codes if before else ()) & set(parties[-1]):
                parties[-1] += new
            else:
                parties.append(new)
            seen.update(new)
        before = mention
    return parties, hyphened


def _ordered(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)
