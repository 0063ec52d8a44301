"""What must hold when it is over, judged by what was put in and not by geowire's own code."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aiokafka import ConsumerRecord

from tests import streams_of
from tests.chaos.newsroom import Newsroom
from tests.integration.load import Load
from tests.integration.outcomes import wrong_outcomes, wrong_versions


def faults(
    found: dict[str, list[ConsumerRecord]], loads: list[Load], newsroom: Newsroom, poison: dict[str, str]
) -> Iterator[str]:
    """Yield what is wrong.

    Every raw record has one outcome, and only poison has a letter; every version of an item came out once, and says
    which it supersedes; whoever follows the consumers' rule ends with the last version.
    """
    raw = {f"{record.partition}:{record.offset}": record for record in found["news.raw"]}
    titles = {origin: "poison" if origin in poison else _title(record) for origin, record in raw.items()}
    outcomes = {name: streams_of.by_origin(found[f"news.{name}"]) for name in ("enriched", "duplicates", "dead-letter")}
    yield from wrong_outcomes(titles, outcomes)
    yield from _wrong_letters(outcomes["dead-letter"], poison)

    expected = Load({}, {})
    for load in loads:
        expected.versions |= load.versions
        expected.superseded |= load.superseded
    polled = set(titles.values()) - {"poison"} - expected.versions.keys()
    corrections = newsroom.supersedes()
    for title in newsroom.final() - polled:
        yield f"{title} was published and never polled"
    for title in polled - newsroom.final() - set(corrections.values()):
        yield f"{title} is on news.raw and was never published"
    expected.versions |= dict.fromkeys(polled, 1)
    expected.superseded |= {title: before for title, before in corrections.items() if {title, before} <= polled}
    events = [json.loads(records[0].value) for records in outcomes["enriched"].values()]
    yield from wrong_versions(expected, events)
    yield from _lost_edits(expected, found["news.enriched"])


def _title(record: ConsumerRecord) -> str:
    return str(json.loads(record.value)["title"])


def _wrong_letters(letters: dict[str, list[ConsumerRecord]], poison: dict[str, str]) -> Iterator[str]:
    for origin, records in letters.items():
        headers = streams_of.headers(records[0])
        code = headers["dlq_code"].decode()
        if code != poison.get(origin):
            yield f"{origin} is a dead letter: {code}, {headers['dlq_message'].decode()}"
    for origin in poison.keys() - letters.keys():
        yield f"{origin} is poison, and no dead letter"


def _lost_edits(expected: Load, records: list[ConsumerRecord]) -> Iterator[str]:
    """Follow the consumers' rule: of each item keep the greatest (fetched, generation)."""
    kept: dict[str, tuple[tuple[str, int], str]] = {}
    for record in records:
        event = json.loads(record.value)
        standing = ((event["fetched"], event["generation"]), event["title"])
        kept[event["item_id"]] = max(kept.get(event["item_id"], standing), standing)
    shown = {title for _, title in kept.values()}
    for title in shown & set(expected.superseded.values()):
        yield f"a consumer ends with {title}, which was superseded"
