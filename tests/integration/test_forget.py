"""What is forgotten is withdrawn without a word of it, and never comes again: live, in a replay, or from a letter."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.live import attempt, geowire
from tests.integration.outcomes import caught_up
from tests.items import raw_item
from tests.processes import Part

pytestmark = pytest.mark.integration

_SECRET = "The minister of Peru met the minister of Chile in the harbour of Callao"


async def test_forgotten_by_item_by_address_and_by_source(  # noqa: PLR0915 - one story, told once
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    now = int(time.time() * 1000) - 60_000
    await admin.apply(settings)

    def item(number: int, feed: str = "wire", version: int = 0, **more: Any) -> dict[str, Any]:
        title = f"Report {number}, version {version}: {_SECRET}"
        fetched = now + 100 * version + number
        return raw_item(f"https://wire.example/{number}", title=title, body=_SECRET, fetched=fetched, feed=feed, **more)

    async def produce(client: AIOKafkaProducer, *items: dict[str, Any]) -> None:
        for one in items:
            headers = [("ce_source", f"/feeds/{one['feed']['id']}".encode())]
            await streams_of.send_raw(client, settings, one, at=now, headers=headers)

    by_id, by_address, kept = item(0), item(1), item(2)
    by_source = [item(number, feed="gone") for number in range(10, 14)]
    with Part.geowire("work", environment=environment, log=tmp_path / "worker.log") as worker:
        async with streams_of.producer(settings) as client:
            await produce(client, by_id, by_address, kept, *by_source, item(0, version=1))
            await client.send_and_wait(settings.stream("news.raw"), b"no JSON", key=by_id["item_id"].encode())
            await caught_up(settings)
            gone = {one["item_id"] for one in (by_id, by_address, *by_source)}
            assert await _in_stories(settings) >= gone | {kept["item_id"]}

            planned = await geowire(environment, "forget", "--item", by_id["item_id"])
            assert "items to be withdrawn: 1" in planned
            assert "news.raw: 3 records" in planned
            await geowire(environment, "forget", "--item", by_id["item_id"], "--note", "request 17", "--execute")
            await geowire(environment, "forget", "--url", f"{by_address['link']}?utm_source=x", "--execute")
            told = await geowire(environment, "forget", "--source", "gone", "--execute")
            assert "items withdrawn: 4" in told
            again = await geowire(environment, "forget", "--source", "gone", "--execute")
            assert "items withdrawn: 0" in again

            # Whatever comes of it from now on is not passed on; what is not forgotten is.
            await produce(client, item(0, version=2), item(1, version=2), item(15, feed="gone"), item(2, version=2))
            await produce(client, item(10, feed="other", version=3))
            found = await caught_up(settings)
        assert worker.stop() == 0, worker.said()[-3000:]

    stands = _standing(found["news.enriched"])
    assert {key for key, event in stands.items() if event["reason"] == "withdrawn"} == gone
    assert stands[kept["item_id"]]["title"] == item(2, version=2)["title"]
    for key in gone:
        event = stands[key]
        assert _SECRET not in json.dumps(event)
        assert (event["title"], event["text"], event["url"], event["topics"], event["countries"]) == (
            "",
            "",
            None,
            None,
            [],
        )
        assert event["supersedes"]["generation"] == 1
    notices = [json.loads(record.value) for record in found["news.duplicates"]]
    assert sorted((n["why"], n["item_id"]) for n in notices) == sorted(
        ("suppressed", one["item_id"]) for one in (by_id, by_address, by_source[0], item(15, feed="gone"))
    )
    assert "complete" in await geowire(environment, "audit")
    assert await _in_stories(settings) & gone == set(), "what is withdrawn leaves its story"

    suppressed = (await streams_of.read(settings, "news.suppressed"))["news.suppressed"]
    keys = {record.key.decode() for record in suppressed}
    assert keys == {f"item/{key}" for key in gone} | {"source/gone"}
    assert _SECRET not in str([record.value for record in suppressed])
    changelog = (await streams_of.read(settings, "geowire-dedupe-changelog"))["geowire-dedupe-changelog"]
    newest = {record.key.decode(): record.value for record in changelog}
    assert {key for key, value in newest.items() if value is None} >= gone

    # A letter of it lies at rest, and cannot be tried again; a replay does not bring it back.
    assert (await geowire(environment, "dlq", "list")).strip() == "0 letters"
    assert "asked to be forgotten" in await geowire(environment, "dlq", "retry", "--again", "--execute")
    await geowire(environment, "replay", "run", "after", "--from", "raw", "--execute")
    (replayed,) = (await streams_of.read(settings, "replay.after.news.enriched")).values()
    assert {record.key.decode() for record in replayed} == {kept["item_id"]}
    diff = json.loads(await geowire(environment, "replay", "diff", "after", "--json"))
    assert (diff["same"], diff["changed"], diff["gone"]) == (2, 0, 0)

    await geowire(environment, "forget", "--item", by_id["item_id"], "--undo", "--execute")
    wrong = await attempt(environment, "forget", "--item", by_id["item_id"], "--undo", "--execute")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    none = await attempt(environment, "forget", "--execute")
    assert "say what is to be forgotten" in none.stderr


async def _in_stories(settings: Settings) -> set[str]:
    """The items that are members of a story."""
    records = (await streams_of.read(settings, "news.stories"))["news.stories"]
    stories = [json.loads(value) for value in {record.key: record.value for record in records}.values() if value]
    return {member["item_id"] for story in stories for member in story["members"]}


def _standing(records: list[Any]) -> dict[str, dict[str, Any]]:
    """The consumer's whole rule: per item the greatest (fetched, generation)."""
    found: dict[str, dict[str, Any]] = {}
    for event in (json.loads(record.value) for record in records):
        before = found.get(event["item_id"])
        if before is None or (before["fetched"], before["generation"]) <= (event["fetched"], event["generation"]):
            found[event["item_id"]] = event
    return found
