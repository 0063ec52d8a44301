"""Pairs of countries: both about, named in one sentence. No event is claimed between them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Protocol

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import Found
from agents.classify.gazetteer.sentences import sentences
from schemas.enriched import Pair, Topic


class Topical(Protocol):
    """What is needed of the topics' decision."""

    @property
    def topics(self) -> tuple[Topic, ...] | None:
        """The topics, with their evidence."""


def pairs(document: Document, found: Found, topical: Topical) -> tuple[Pair, ...]:
    """Return the pairs, the most often named first.

    Args:
        document: The item.
        found: What it names.
        topical: What it is about: a pair carries the topics with evidence in its sentences.
    """
    about = {country.code for country in found.countries if country.role == "about"}
    if len(about) < 2:  # noqa: PLR2004 - a pair
        return ()
    counts: Counter[tuple[str, str]] = Counter()
    topics: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for field, start, end in _sentences(document):
        named = {
            code
            for mention in found.mentions
            if mention.field == field and start <= mention.start < end
            for code in mention.codes
        } & about
        spoken = {
            topic.id
            for topic in topical.topics or ()
            if any(e.field == field and start <= e.start < end for e in topic.evidence)
        }
        for pair in combinations(sorted(named), 2):
            counts[pair] += 1
            topics[pair] |= spoken
    return tuple(
        Pair(a=a, b=b, sentences=count, topics=tuple(sorted(topics[a, b])))
        for (a, b), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    )


def _sentences(document: Document) -> Iterator[tuple[str, int, int]]:
    if document.title:
        yield "title", 0, len(document.title)
    for start, end in sentences(document.text):
        yield "text", start, end
