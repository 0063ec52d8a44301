"""The enrich agent: news.unique → news.enriched. Stateless, so it scales and replays freely."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from agents.enrich.enrich import Knowledge, enrich
from agents.enrich.route import route
from agents.publish.publish import EventText
from schemas.raw import RawItem
from schemas.record import Output, Record


def handler(
    knowledge: Knowledge,
    *,
    generation: Callable[[Record], int],
    text: EventText,
    suppressed: Callable[[RawItem], bool] = lambda _: False,
) -> Callable[[Record], list[Output]]:
    """Return what the agent does with a record.

    Args:
        knowledge: What it decides with.
        generation: Says which generation of the live pipe a record belongs to.
        text: How much of the text events carry.
        suppressed: Says whether an item was asked to be forgotten: dedupe may have passed it on before that.
    """
    decide = partial(enrich, knowledge=knowledge, text=text)

    def handle(record: Record) -> list[Output]:
        return [route(record, decide, generation(record), suppressed)]

    return handle
