"""At least once, deterministic, nothing lost: workers are killed with kill -9 while they work."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Load, produce
from tests.processes import Part

pytestmark = pytest.mark.integration

_SABOTAGE = Path(__file__).with_name("sabotage.py")


def faults(load: Load, found: dict[str, list[ConsumerRecord]]) -> list[str]:
    """Return what is wrong with the outcomes; computed from what was produced, not by geowire's code."""
    raw = {f"{r.partition}:{r.offset}": json.loads(r.value)["title"] for r in found["news.raw"]}
    outcomes = {name: streams_of.by_origin(found[f"news.{name}"]) for name in ("enriched", "duplicates", "dead-letter")}
    events = [json.loads(records[0].value) for records in outcomes["enriched"].values()]
    return [*_wrong_outcomes(raw, outcomes), *_wrong_versions(load, events)]


def _wrong_outcomes(raw: dict[str, str], outcomes: dict[str, dict[str, list[ConsumerRecord]]]) -> Iterator[str]:
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


def _wrong_versions(load: Load, events: list[dict[str, Any]]) -> Iterator[str]:
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
        elif versions[0]["reason"] != "edited" or supersedes["fetched"] != by_title[before][0]["fetched"]:
            yield f"{title} should supersede {before}, says {supersedes}"
    for title in by_title.keys() - load.versions.keys():
        yield f"{title} was never produced"


async def run_with_kills(
    settings: Settings, environment: dict[str, str], tmp_path: Path, *, items: int, kills: int, script: list[str]
) -> tuple[Load, dict[str, list[ConsumerRecord]], int]:
    """Produce, work under kill -9, let the last worker finish; return also how many kills caused redelivery."""
    await admin.apply(settings)
    load = await produce(settings, items)
    draw = random.Random(7)
    log = tmp_path / "worker.log"
    positions: list[dict[int, int]] = []
    for _ in range(kills):
        with Part(*script, environment=environment, log=log) as worker:
            before = await streams_of.count(settings, "news.enriched")
            share = max(1, items // (kills + 2))

            async def moved(start: int = before, least: int = draw.randint(share // 2, share)) -> bool:
                if worker.process.poll() is not None:
                    raise AssertionError(f"the worker ended by itself:\n{worker.said()[-3000:]}")
                return await streams_of.count(settings, "news.enriched") >= start + least

            await streams_of.until(moved, seconds=90, what="the worker makes progress")
            worker.kill()
        positions.append(await streams_of.ends(settings, "news.enriched"))
        assert await lag(settings) > 0, "a kill with nothing left to do proves nothing"

    with Part(*script, environment=environment, log=log) as worker:

        async def finished() -> bool:
            return await lag(settings) == 0

        await streams_of.until(finished, seconds=180, what="the last worker finishes")
        assert worker.stop() == 0, worker.said()[-3000:]
    found = await streams_of.read(settings, *streams_of.NEWS)
    return load, found, redelivering(found["news.enriched"], positions)


def redelivering(enriched: list[ConsumerRecord], kills: list[dict[int, int]]) -> int:
    """Count the kills after which a record came out again that had come out before."""
    count = 0
    for number, kill in enumerate(kills):
        following = kills[number + 1] if number + 1 < len(kills) else None
        seen = {streams_of.origin(r) for r in enriched if r.offset < kill[r.partition]}
        later = (
            r
            for r in enriched
            if r.offset >= kill[r.partition] and (following is None or r.offset < following[r.partition])
        )
        count += any(streams_of.origin(r) in seen for r in later)
    return count


async def lag(settings: Settings) -> int:
    """Records of raw and unique that the group has not committed."""
    async with admin.admin(settings) as client:
        offsets = await client.list_consumer_group_offsets(settings.group)
    committed = {(tp.topic, tp.partition): max(0, position.offset) for tp, position in offsets.items()}
    total = 0
    for stream in ("news.raw", "news.unique"):
        for partition, end in (await streams_of.ends(settings, stream)).items():
            total += end - committed.get((settings.stream(stream), partition), 0)
    return total


async def test_kill_minus_nine_loses_nothing_and_repeats_only_itself(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    kills = 10
    load, found, redelivered = await run_with_kills(
        settings, environment, tmp_path, items=20_000, kills=kills, script=["-m", "streams.cli", "work"]
    )
    assert load.raw >= 20_000
    assert faults(load, found) == []
    assert redelivered >= 8, f"only {redelivered} of {kills} kills hit work that was under way"


@pytest.mark.parametrize("trick", ["ack-before-delivery", "forget-the-origin"])
async def test_the_test_above_would_notice(
    settings: Settings, environment: dict[str, str], tmp_path: Path, trick: str
) -> None:
    load, found, _ = await run_with_kills(
        settings, environment, tmp_path, items=6_000, kills=4, script=[str(_SABOTAGE), trick]
    )
    assert faults(load, found) != []
