"""What came out of a load, judged by what was put in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Load

_READ = ("news.raw", "news.unique", "news.signatures")


def faults(load: Load, found: dict[str, list[ConsumerRecord]]) -> list[str]:
    """Return what is wrong with the outcomes; computed from what was produced, not by geowire's code."""
    raw = {f"{r.partition}:{r.offset}": json.loads(r.value)["title"] for r in found["news.raw"]}
    outcomes = {name: streams_of.by_origin(found[f"news.{name}"]) for name in ("enriched", "duplicates", "dead-letter")}
    events = [json.loads(records[0].value) for records in outcomes["enriched"].values()]
    return [*wrong_outcomes(raw, outcomes), *wrong_versions(load, events)]


def wrong_outcomes(raw: dict[str, str], outcomes: dict[str, dict[str, list[ConsumerRecord]]]) -> Iterator[str]:
    """Every raw record has exactly one outcome, and whatever is sent again is the same again."""
    for origin, title in raw.items():
        having = [name for name, origins in outcomes.items() if origin in origins]
        if len(having) != 1:
            yield f"{origin} ({title}) has outcomes {having}"
    for name, origins in outcomes.items():
        for origin, records in origins.items():
            if origin not in raw:
                yield f"{name} has an unknown origin {origin}"
            if len({streams_of.decision(record) for record in records}) != 1:
                yield f"{origin} was sent to {name} again, but differently"


def wrong_versions(load: Load, events: list[dict[str, Any]]) -> Iterator[str]:
    """Every version comes out once, and edits name the version they supersede."""
    by_title: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        by_title.setdefault(event["title"], []).append(event)
    for title in load.versions:
        versions = by_title.get(title, [])
        if len(versions) != 1:
            yield f"{title} was accepted {len(versions)} times"
            continue
        before = load.superseded.get(title)
        supersedes = versions[0]["supersedes"]
        if before is None:
            if versions[0]["reason"] != "new" or supersedes is not None:
                yield f"{title} should be new, is {versions[0]['reason']}"
        elif before not in by_title:
            yield f"{title} should supersede {before}, which never came out"
        elif versions[0]["reason"] != "edited" or supersedes["fetched"] != by_title[before][0]["fetched"]:
            yield f"{title} should supersede {before}, says {supersedes}"
    for title in by_title.keys() - load.versions.keys():
        yield f"{title} was never produced"


async def caught_up(settings: Settings, *, seconds: float = 180) -> dict[str, list[ConsumerRecord]]:
    """Wait until nothing is left to do; return all records of all streams."""
    async with _reading(settings) as left:
        await streams_of.until(left, fits=lambda left: not left, seconds=seconds, what="nothing is left to do")
    return await streams_of.read(settings, *streams_of.NEWS)


async def lag(settings: Settings) -> int:
    """Records of raw, unique and signatures that the group has not committed."""
    async with _reading(settings) as left:
        return sum((await left()).values())


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Callable[[], Awaitable[dict[str, int]]]]:
    """Ask again and again for little for the lag, by partition that has one."""
    async with admin.admin(settings) as client, streams_of.consumer(settings, *_READ, fetch=1) as streams:

        async def left() -> dict[str, int]:
            committed = await committed_offsets(settings, client)
            ends = await streams.end_offsets(streams.assignment())
            lags = {p: end - committed.get((p.topic, p.partition), 0) for p, end in ends.items()}
            return {f"{p.topic} {p.partition}": lag for p, lag in lags.items() if lag}

        yield left


async def committed_offsets(settings: Settings, client: AIOKafkaAdminClient) -> dict[tuple[str, int], int]:
    offsets = await admin.patiently(lambda: client.list_consumer_group_offsets(settings.group))
    return {(tp.topic, tp.partition): max(0, position.offset) for tp, position in offsets.items()}
