"""Replays on a real broker: equal to live, changed where knowledge changed, and never in live's way."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from agents.enrich.enrich import load_knowledge
from schemas.errors import ConfigError
from streams.broker import admin
from streams.replay import registry
from streams.replay.plan import Request, plan
from streams.settings import Settings
from tests import streams_of
from tests.integration.live import attempt, geowire, lived, one_term_more, outcomes, piped, said, worked
from tests.integration.load import Source
from tests.items import encoded, partition_of, raw_item
from tests.processes import Part

pytestmark = pytest.mark.integration


async def test_a_replay_gives_what_live_gave_from_unique_and_from_raw(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """Two processes share the one from unique; that from raw is killed on its way, in both of its steps.

    `make bench ONLY=replay` does it with 12,000 articles and five kills.
    """
    found = await lived(settings, environment, tmp_path, items=500)
    before = await _ends(settings)

    shared = ["replay", "run", "a", "--execute", "--rate", "100"]
    beside = [asyncio.create_task(geowire(environment, *shared)) for _ in range(2)]
    total = len(found["news.raw"])
    for done in (0.1, 0.7, 1.3):
        await _killed(settings, environment, "b", tmp_path, at=round(done * total))

    async def interrupted() -> bool:  # once the session of the one that was killed is over
        return "interrupted" in await geowire(environment, "replay", "status", "b")

    await streams_of.until(interrupted, what="the replay counts as interrupted")
    await geowire(environment, "replay", "run", "b", "--execute")
    await asyncio.gather(*beside)

    for name, streams in (("a", ["news.enriched"]), ("b", streams_of.NEWS[1:])):
        again = await streams_of.read(settings, *(f"replay.{name}.{stream}" for stream in streams))
        for stream in streams:
            assert outcomes(again[f"replay.{name}.{stream}"]) == outcomes(found[stream]), (name, stream)
    diff = json.loads(await geowire(environment, "replay", "diff", "b", "--json"))
    events = len(outcomes(found["news.enriched"]))
    assert (diff["compared"], diff["same"], diff["changed"]) == (events, events, 0)
    await geowire(environment, "replay", "abort", "b", "--execute")
    assert await _ends(settings) == before, "live is as it was"


async def _killed(settings: Settings, environment: dict[str, str], name: str, directory: Path, *, at: int) -> None:
    """Run a replay from raw, and kill it once so many records are through one of its steps."""
    arguments = ["replay", "run", name, "--execute", "--rate", "200"]
    if not (directory / "replay.log").exists():
        arguments += ["--from", "raw"]
    written = [f"replay.{name}.news.{stream}" for stream in ("unique", "duplicates", "dead-letter", "enriched")]

    async def reached() -> bool:
        assert runner.process.poll() is None, runner.said()[-3000:]
        return await _existing(settings, written) >= at

    with Part.geowire(*arguments, environment=environment, log=directory / "replay.log") as runner:
        await streams_of.until(reached, seconds=60, what=f"{at} records are through a step")
        runner.kill()


async def test_one_term_more_and_promotion(settings: Settings, environment: dict[str, str], tmp_path: Path) -> None:
    """What changes is what `geowire pipe` says under both versions; exactly that is published, and live goes on."""
    await lived(settings, environment, tmp_path, items=400)
    changed = {**environment, **one_term_more(tmp_path / "knowledge")}
    await geowire(changed, "replay", "run", "harvest", "--execute")
    (replayed,) = (await streams_of.read(settings, "replay.harvest.news.enriched")).values()

    # Live goes on with the old knowledge and gets more to do, before it is stopped.
    await Source(settings, 200, seed=2).produce()
    found = await worked(settings, environment, tmp_path)
    old, new = await asyncio.gather(*(piped(one, found["news.raw"]) for one in (environment, changed)))
    differing = {key for key in _standing(found["news.enriched"]) if old[key] != new[key]}
    assert 50 < len(differing) < len(old) - 50

    diff = json.loads(await geowire(changed, "replay", "diff", "harvest", "--json", "--examples", "1000"))
    shown = {_key(example) for example in diff["examples"]}
    assert shown == differing & _standing(replayed).keys()
    assert (diff["changed"], diff["same"], diff["added"], diff["gone"]) == (
        len(shown),
        len(_standing(replayed)) - len(shown),
        0,
        0,
    )
    assert diff["gained"]["x-harvest"] > 0

    said_before = await geowire(changed, "replay", "promote", "harvest")
    assert f"{len(shown)} changed, 0 added, 0 gone" in said_before
    stopped_at = await streams_of.ends(settings, "news.unique")
    await _killed_promotion(settings, changed, tmp_path)
    told = await geowire(changed, "replay", "promote", "harvest", "--execute")
    assert f"promoted to generation 2: {len(differing)} reprocessed" in told
    status = json.loads(await geowire(changed, "replay", "status", "harvest", "--json"))["replay"]
    assert status["promotion"]["valid_from"] == {str(p): offset for p, offset in stopped_at.items()}

    refused = await attempt(environment, "work")
    assert refused.returncode == 2
    assert "was promoted from replay harvest" in refused.stderr

    await Source(settings, 200, seed=3).produce()
    everything = await worked(settings, changed, tmp_path)
    events = _events(everything["news.enriched"])
    again = [event for event in events if event["reason"] == "reprocessed"]
    assert {_key(event) for event in again} == differing
    assert len({event["id"] for event in again}) == len(differing)
    assert {event["generation"] for event in again} == {2}
    assert {event["supersedes"]["generation"] for event in again} == {1}

    # A consumer that keeps the greatest generation has the new decision for these, the old for the rest.
    new = await piped(changed, everything["news.raw"])
    stands = _standing(everything["news.enriched"])
    assert {key: said(event) for key, event in stands.items()} == {key: new[key] for key in stands}
    assert {key for key, event in stands.items() if event["generation"] == 1} == old.keys() & stands.keys() - differing
    for record in everything["news.unique"]:
        event = stands[_raw_key(record)]
        assert event["generation"] == 2 or record.offset < stopped_at[record.partition]
    assert "complete" in await geowire(environment, "audit")

    # From raw, over both generations: each decision has that of its origin.
    await geowire(changed, "replay", "run", "both", "--from", "raw", "--execute")
    diff = json.loads(await geowire(changed, "replay", "diff", "both", "--json"))
    assert (diff["same"], diff["changed"]) == (len(stands), 0)
    (replayed,) = (await streams_of.read(settings, "replay.both.news.enriched")).values()
    second = {record.value for record in everything["news.enriched"] if b'"reprocessed"' not in record.value}
    second = {value for value in second if json.loads(value)["generation"] == 2}
    assert second == {record.value for record in replayed if json.loads(record.value)["generation"] == 2}


async def _killed_promotion(settings: Settings, environment: dict[str, str], directory: Path) -> None:
    """Promote slowly, and kill it once some events are out."""
    before = await streams_of.count(settings, "news.enriched")

    async def some() -> bool:
        assert promoting.process.poll() is None, promoting.said()[-3000:]
        return await streams_of.count(settings, "news.enriched") >= before + 10

    arguments = ["replay", "promote", "harvest", "--execute", "--rate", "200"]
    with Part.geowire(*arguments, environment=environment, log=directory / "promote.log") as promoting:
        await streams_of.until(some, seconds=60, what="some events are published")
        promoting.kill()


async def test_another_dedupe_promoted_from_raw(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """Items were forgotten after a day and came out twice; promoted, the second ones give way to the first.

    All of it with excerpts: neither live nor the promotion publishes more.
    """
    day, now = 86_400_000, int(time.time() * 1000)
    environment = {**environment, "EVENT_TEXT": "excerpt"}
    body = "The ministers of Chile and Peru met again. " * 20
    await admin.apply(settings)
    sent = [("a", "First", 3.0), ("b", "First", 3.0), ("a", "First", 1.5), ("b", "First", 1.5), ("a", "Second", 0.1)]
    async with streams_of.producer(settings) as client:
        for number, (name, title, days) in enumerate(sent):
            at = now - int(days * day) + number
            item = raw_item(f"https://wire.example/{name}", title=f"{title} report {name}", body=body, fetched=at)
            key = item["item_id"].encode()
            place = partition_of(key, settings.partitions)
            await client.send_and_wait(
                settings.stream("news.raw"), encoded(item), key=key, partition=place, timestamp_ms=at
            )
    found = await worked(settings, {**environment, "GEOWIRE_DEDUPE_DAYS": "1"}, tmp_path)
    assert [event["reason"] for event in _events(found["news.enriched"])].count("new") == 5

    longer = {**environment, "GEOWIRE_DEDUPE_DAYS": "30"}
    await geowire(longer, "replay", "run", "longer", "--from", "raw", "--execute")
    diff = json.loads(await geowire(longer, "replay", "diff", "longer", "--json"))
    assert (diff["same"], diff["changed"], diff["gone"], diff["added"]) == (3, 0, 2, 0)
    told = await geowire(longer, "replay", "promote", "longer", "--execute")
    assert "promoted to generation 2: 1 reprocessed, 1 withdrawn" in told
    (events,) = (await streams_of.read(settings, "news.enriched")).values()
    assert {0 < len(event["text"]) <= 300 for event in _events(events) if event["reason"] != "withdrawn"} == {True}
    newest: dict[str, dict[str, Any]] = {}
    for event in sorted(_events(events), key=lambda e: (e["fetched"], e["generation"])):
        newest[event["url"][-1]] = event
    assert (newest["a"]["title"], newest["a"]["reason"]) == ("Second report a", "new")
    assert (newest["b"]["title"], newest["b"]["reason"]) == ("First report b", "reprocessed"), "b is not lost"
    assert "complete" in await geowire(longer, "audit")


async def test_what_the_operator_gets_wrong_is_said(settings: Settings) -> None:
    await admin.apply(settings)
    with pytest.raises(ConfigError, match="there is no replay 'nobody'"):
        await registry.get(settings, "nobody")
    knowledge = load_knowledge()
    for request, says in (
        (Request(), "there is nothing to replay"),
        (Request(id="No Name!"), "cannot name a replay"),
        (Request(offsets={99: (0, None)}), "there is no partition 99"),
        (Request(offsets={0: (0, 5)}), "is decided up to offset 0"),
    ):
        with pytest.raises(ConfigError, match=says):
            await plan(settings, request, knowledge)


def _events(records: Iterable[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


def _key(event: dict[str, Any]) -> tuple[str, str]:
    return event["url"], event["fetched"]


def _raw_key(record: ConsumerRecord) -> tuple[str, str]:
    item = json.loads(record.value)
    return item["link"], item["fetched"]


def _standing(records: Iterable[ConsumerRecord]) -> dict[tuple[str, str], dict[str, Any]]:
    """What a consumer has for each version of an item: the greatest generation."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event in _events(records):
        if _key(event) not in found or event["generation"] > found[_key(event)]["generation"]:
            found[_key(event)] = event
    return found


async def _existing(settings: Settings, streams: list[str]) -> int:
    """Records in some streams, as far as they exist."""
    async with admin.admin(settings) as client:
        there = set(await client.list_topics())
    return sum([await streams_of.count(settings, name) for name in streams if settings.stream(name) in there])


async def _ends(settings: Settings) -> dict[str, dict[int, int]]:
    return {stream: await streams_of.ends(settings, stream) for stream in streams_of.NEWS}
