"""The enrich agent: news.unique → news.enriched. Stateless, so it scales and replays freely."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from agents.enrich.enrich import Knowledge, enrich
from agents.enrich.route import route
from agents.publish.publish import EventText
from schemas.record import Output, Record


def handler(
    knowledge: Knowledge, *, generation: Callable[[Record], int], text: EventText
) -> Callable[[Record], list[Output]]:
    """Return what the agent does with a record.

    Args:
        knowledge: What it decides with.
        generation: Says which generation of the live pipe a record belongs to.
        text: How much of the text events carry.
    """
    decide = partial(enrich, knowledge=knowledge, text=text)

    def handle(record: Record) -> list[Output]:
        return [route(record, decide, generation(record))]

    return handle
