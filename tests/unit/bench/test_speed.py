"""The pure pipe is not twice as slow as it was: a ratio to a fixed workload in the same process, on any machine."""

from __future__ import annotations

import gc
import json

from agents.enrich.enrich import load_knowledge
from bench.core import cpu_seconds, decided, own, reference
from schemas.codec import encode
from streams.pipe import raw_item

_ROUNDS_ALLOWED = 32
"""Reference rounds that an article of 2.2 kB may take: twice what it took when this was written."""


def test_an_article_costs_no_more_than_so_many_rounds_of_the_reference_workload() -> None:
    knowledge = load_knowledge()
    batch = tuple(encode(raw_item(line)) for line in own(2_200, english=True))
    events = [json.loads(event) for event, _ in decided(knowledge, *batch)]
    assert sum(event["geopolitical"]["value"] for event in events) > len(events) / 3, (
        "the articles are of the pipe's kind"
    )
    gc.collect()
    article = cpu_seconds(lambda: decided(knowledge, *batch), [()]) / len(batch)
    rounds = article / reference()
    assert rounds < _ROUNDS_ALLOWED, f"an article of 2.2 kB takes {rounds:.1f} rounds of the reference workload"
