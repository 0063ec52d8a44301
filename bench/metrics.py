"""What counting costs an event of each agent: the calls of the hot path, alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from agents.enrich.enrich import enrich, load_knowledge
from agents.publish.publish import Provenance
from bench.load import articles
from schemas.enriched import RawRef
from schemas.record import Output
from streams.metrics.counts import EventCounts, StageCounts
from streams.pipe import Line, raw_item

_TIMES = 200_000
_ROUNDS = 5


def _cost(call: Callable[[], object]) -> float:
    """Return the least nanoseconds a call took, of some rounds, without the loop."""

    def seconds(of: Callable[[], object]) -> float:
        begun = time.thread_time()
        for _ in range(_TIMES):
            of()
        return time.thread_time() - begun

    empty = min(seconds(lambda: None) for _ in range(_ROUNDS))
    return (min(seconds(call) for _ in range(_ROUNDS)) - empty) / _TIMES * 1e9


def run(_data: Path | None) -> None:
    """Print the cost of counting, in nanoseconds an event."""
    stage, decided = StageCounts(), EventCounts()
    outputs = [Output(name, 0, b"", b"", []) for name in ("news.enriched", "news.signatures")]
    now = round(time.time() * 1000)

    def around() -> None:
        taken = time.perf_counter()
        stage.busy += time.perf_counter() - taken
        stage.sent(outputs)
        stage.settled(taken, now)

    words, found = articles()
    line = Line(title=found[0].title, text=found[0].text, url=found[0].url)
    item = msgspec.structs.replace(raw_item(line), published="2026-01-01T10:00:00.000Z", published_source="feed")
    where = Provenance(
        reason="new", supersedes=None, raw=RawRef(stream="news.raw", partition=0, offset=0), generation=1
    )
    event = enrich(item, where, load_knowledge())
    print(f"of {words}: an event with {len(event.topics or ())} topics, {len(event.removed)} spans removed\n")
    print(f"each agent, each record   {_cost(around):6.0f} ns")
    print(f"enrich, each event        {_cost(lambda: decided.count(event)):6.0f} ns")
