"""What every host calls for a record: the agents' own handlers, as ``streams.app`` binds them."""

from __future__ import annotations

from collections.abc import Callable

from agents.dead_letter import dead_letter
from agents.dedupe import agent as dedupe_agent
from agents.dedupe.agent import Store
from agents.enrich import agent as enrich_agent
from agents.enrich.enrich import load_knowledge
from schemas.errors import DataError, InfrastructureError, Stage
from schemas.record import Output, Record
from streams import table
from streams.settings import Settings

Handle = Callable[[Record], list[Output]]


def dedupe(settings: Settings, store: Store, committed: Callable[[Record], int]) -> Handle:
    """Return what the dedupe agent does, its state in ``store``."""
    handle = dedupe_agent.handler(
        store, partitions=settings.partitions, ttl=settings.dedupe_days * table.DAY_MS, committed=committed
    )
    return _with_letters(handle, "dedupe")


def enrich(settings: Settings) -> Handle:
    """Return what the enrich agent does."""
    knowledge = load_knowledge(settings.knowledge_dir)
    return _with_letters(enrich_agent.handler(knowledge, generation=lambda _: 1, text=settings.event_text), "enrich")


def _with_letters(handle: Callable[[Record], list[Output]], stage: Stage) -> Handle:
    def guarded(record: Record) -> list[Output]:
        try:
            return handle(record)
        except InfrastructureError:
            raise
        except DataError as error:
            return [dead_letter(record, stage, error)]

    return guarded
