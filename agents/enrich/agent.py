"""The enrich agent: news.unique → news.enriched and news.signatures. Stateless, so it scales and replays freely."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.enrich.enrich import Knowledge, enrich_batch
from agents.enrich.route import route
from agents.publish.publish import EventText, Provenance
from schemas.enriched import Enriched
from schemas.raw import RawItem
from schemas.record import Output, Record


def handler(
    knowledge: Knowledge,
    *,
    generation: Callable[[Record], int],
    text: EventText,
    suppressed: Callable[[RawItem], bool] = lambda _: False,
    signed: bool = True,
    decided: Callable[[Enriched], None] = lambda _: None,
) -> Callable[[Sequence[Record]], list[list[Output] | Exception]]:
    """Return what the agent does with a batch: for each record its outputs, or why it cannot be processed.

    Args:
        knowledge: What it decides with.
        generation: Says which generation of the live pipe a record belongs to.
        text: How much of the text events carry.
        suppressed: Says whether an item was asked to be forgotten: dedupe may have passed it on before that.
        signed: Whether signatures go out too: not in a replay, which leaves the stories alone.
        decided: Told of every decision.
    """

    def decide(items: Sequence[tuple[RawItem, Provenance]]) -> list[tuple[Enriched, str]]:
        found = enrich_batch(items, knowledge=knowledge, text=text)
        for event, _ in found:
            decided(event)
        return found

    def handle(records: Sequence[Record]) -> list[list[Output] | Exception]:
        try:
            routed = route(records, decide, generation, suppressed)
        except Exception as error:  # noqa: BLE001 - returned to whoever makes a dead letter of it
            # One of many may be at fault: each by itself.
            return [error] if len(records) == 1 else [outcome for record in records for outcome in handle([record])]
        return [[event, signature] if signed else [event] for event, signature in routed]

    return handle
