"""What every host calls for records: the agents' own handlers, as ``streams.app`` binds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agents.dead_letter import dead_letter
from agents.dedupe import agent as dedupe_agent
from agents.dedupe.agent import Store
from agents.enrich import agent as enrich_agent
from agents.enrich.enrich import load_knowledge
from schemas.errors import DataError, Stage
from schemas.record import Output, Record
from schemas.times import DAY_MS
from streams.delivery import BatchHandle, one_by_one
from streams.settings import Settings

Handle = Callable[[Sequence[Record]], Iterator[Sequence[Output]]]


def dedupe(settings: Settings, store: Store, committed: Callable[[Record], int]) -> Handle:
    """Return what the dedupe agent does, its state in ``store``."""
    handle = dedupe_agent.handler(
        store, partitions=settings.partitions, ttl=settings.dedupe_days * DAY_MS, committed=committed
    )
    return _with_letters(one_by_one(handle), "dedupe")


def enrich(settings: Settings) -> Handle:
    """Return what the enrich agent does."""
    knowledge = load_knowledge(settings.knowledge_dir)
    handle = enrich_agent.handler(knowledge, generation=lambda _: 1, text=settings.event_text)
    return _with_letters(handle, "enrich")


def _with_letters(handle: BatchHandle, stage: Stage) -> Handle:
    def guarded(records: Sequence[Record]) -> Iterator[Sequence[Output]]:
        for record, outcome in zip(records, handle(records), strict=True):
            if isinstance(outcome, DataError):
                yield [dead_letter(record, stage, outcome)]
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                yield outcome

    return guarded
