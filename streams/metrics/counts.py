"""What is counted where the work is done: plain numbers, no locks, no labels. Read by the health thread when asked.

An event costs an agent about a millisecond; counting it must not be felt (``make bench ONLY=metrics``: 1.2 µs).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from time import time as wall_clock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.enriched import Enriched
    from schemas.record import Output

LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
FRESHNESS_SECONDS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)

_DATED = frozenset({"feed", "page"})
"""Who must have said when an item was published; ``updated`` is another time."""


class Histogram:
    """How often a value fell into each bucket."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Begin empty; ``bounds`` are the upper ends of the buckets, ascending."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class StageCounts:
    """What one agent did since the process started."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.records = 0
        """Records whose outputs the broker has."""
        self.busy = 0.0
        """Seconds spent deciding."""
        self.outputs: Counter[str] = Counter()
        """Records handed to the producer, by stream."""
        self.letters: Counter[str] = Counter()
        """Records refused, by code."""
        self.latency = Histogram(LATENCY_SECONDS)
        """From the moment a record is taken until the broker has all its outputs."""
        self.freshness = Histogram(FRESHNESS_SECONDS)
        """From the record's own time, which is that of the fetch, until the broker has all its outputs."""

    def sent(self, outputs: Sequence[Output]) -> None:
        """Count outputs that are handed over."""
        counts = self.outputs
        for output in outputs:
            counts[output.stream] += 1

    def settled(self, taken: float, record_time: int) -> None:
        """Count a record whose outputs the broker has.

        Args:
            taken: When the agent took it, ``time.perf_counter``.
            record_time: Its own time, milliseconds since the epoch.
        """
        self.records += 1
        # ``observe`` twice, without the calls: this is the hot path.
        histogram, value = self.latency, perf_counter() - taken
        histogram.counts[bisect_left(histogram.bounds, value)] += 1
        histogram.total += value
        histogram, value = self.freshness, wall_clock() - record_time / 1000
        histogram.counts[bisect_left(histogram.bounds, value)] += 1
        histogram.total += value


class EventCounts:
    """What the enriched events say."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.kinds: Counter[tuple[str, bool | None]] = Counter()
        """By reason, and whether they are geopolitical."""
        self.topics: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        """Interjections taken out, by kind."""
        self.freshness = Histogram(FRESHNESS_SECONDS)
        """From publication, as the feed says it, until the decision; without the backlog of a feed's first poll."""

    def count(self, event: Enriched) -> None:
        """Count a decided event."""
        self.kinds[event.reason, event.geopolitical.value] += 1
        self.languages[event.language.code] += 1
        for topic in event.topics or ():
            self.topics[topic.id] += 1
        for removed in event.removed:
            self.removed[removed.kind] += 1
        if (
            event.published is not None
            and event.reason == "new"
            and event.published_source in _DATED
            and not event.backfill
        ):
            self.freshness.observe(wall_clock() - datetime.fromisoformat(event.published).timestamp())
