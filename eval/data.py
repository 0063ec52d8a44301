"""Reading the evaluation data, and deciding about a text as the stream does."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from agents.enrich.enrich import Knowledge, enrich, load_knowledge
from agents.publish.publish import Provenance
from schemas.enriched import Enriched, RawRef
from streams.pipe import Line, raw_item

_FIRST = Provenance(reason="new", supersedes=None, raw=RawRef(stream="eval", partition=0, offset=0), generation=0)


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file of JSON lines, gzipped or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield orjson.loads(line)


@cache
def knowledge() -> Knowledge:
    """Return the shipped knowledge, compiled once."""
    return load_knowledge()


def decide(line: Line) -> Enriched:
    """Decide about an item through the same functions as the stream."""
    return enrich(raw_item(line), _FIRST, knowledge())


class Count:
    """Hits and misses, added up; the scores of nothing are 0."""

    def __init__(self) -> None:
        self.right = self.wrong = self.missed = 0

    def add(
        self, expected: AbstractSet[str], found: AbstractSet[str], *, ignored: AbstractSet[str] = frozenset()
    ) -> None:
        """Add one item's sets; what is ignored counts neither way."""
        expected, found = expected - ignored, found - ignored
        self.right += len(expected & found)
        self.wrong += len(found - expected)
        self.missed += len(expected - found)

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.right / (self.right + self.wrong) if self.right else 0.0

    @property
    def recall(self) -> float:
        """Share of what is right that was found."""
        return self.right / (self.right + self.missed) if self.right else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (2 * self.right + self.wrong + self.missed) if self.right else 0.0
