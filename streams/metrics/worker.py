"""The metrics of a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import get_args

from prometheus_client.core import Metric

from schemas.enriched import Reason
from streams.metrics import catalogue as m
from streams.metrics.counts import EventCounts, StageCounts
from streams.table import DEAD_LETTER, DUPLICATES, ENRICHED, RAW, SIGNATURES, STORIES, UNIQUE

CODES = ("internal-error", "invalid-json", "wrong-type", "unknown-version", "wrong-origin", "too-large")
"""Codes of faults that are there from the beginning: a counter that appears with its first event hides it."""
_OUTPUTS = {
    "dedupe": (UNIQUE.name, DUPLICATES.name, RAW.name, DEAD_LETTER.name),
    "enrich": (ENRICHED.name, SIGNATURES.name, DEAD_LETTER.name),
    "cluster": (STORIES.name, DEAD_LETTER.name),
}
_GEO = {True: "true", False: "false", None: "unknown"}


def stages(counts: Mapping[str, StageCounts]) -> Iterator[Metric]:
    """Yield what the agents did, by stage."""
    yield m.RECORDS.family(((stage,), of.records) for stage, of in counts.items())
    yield m.BUSY.family(((stage,), of.busy) for stage, of in counts.items())
    yield m.LATENCY.family(((stage,), of.latency) for stage, of in counts.items())
    yield m.OUTPUTS.family(
        ((stage, stream), count)
        for stage, of in counts.items()
        for stream, count in (dict.fromkeys(_OUTPUTS[stage], 0) | dict(of.outputs)).items()
    )
    yield m.LETTERS.family(
        ((stage, code), count)
        for stage, of in counts.items()
        for code, count in (dict.fromkeys(CODES, 0) | dict(of.letters)).items()
    )


def events(counts: EventCounts, enrich: StageCounts) -> Iterator[Metric]:
    """Yield what the enriched events say."""
    yield m.FRESHNESS.family([(("fetch",), enrich.freshness), (("publication",), counts.freshness)])
    kinds = {(reason, geo): 0 for reason in get_args(Reason) if reason != "reprocessed" for geo in _GEO}
    yield m.EVENTS.family(((reason, _GEO[geo]), count) for (reason, geo), count in (kinds | dict(counts.kinds)).items())
    for measure, counter in (
        (m.TOPICS, counts.topics),
        (m.LANGUAGES, counts.languages),
        (m.REMOVALS, counts.removed),
    ):
        yield measure.family(((name,), count) for name, count in dict(counter).items())


def month(text: str) -> float:
    """Return the beginning of a month, ``2026-01``, in seconds since the epoch."""
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).timestamp()
