"""The enrich agent: news.unique → news.enriched and news.signatures. Stateless, so it scales and replays freely."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from agents.enrich.enrich import Knowledge, enrich_whole
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
    signed: bool = True,
) -> Callable[[Record], list[Output]]:
    """Return what the agent does with a record.

    Args:
        knowledge: What it decides with.
        generation: Says which generation of the live pipe a record belongs to.
        text: How much of the text events carry.
        suppressed: Says whether an item was asked to be forgotten: dedupe may have passed it on before that.
        signed: Whether signatures go out too: not in a replay, which leaves the stories alone.
    """
    decide = partial(enrich_whole, knowledge=knowledge, text=text)

    def handle(record: Record) -> list[Output]:
        event, signature = route(record, decide, generation(record), suppressed)
        return [event, signature] if signed else [event]

    return handle
