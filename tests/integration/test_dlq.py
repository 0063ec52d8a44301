"""Dead letters are tried again where they came from: each comes out once, and as the record that it is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from schemas.errors import ConfigError
from streams.broker import admin
from streams.cli.dlq_show import run_drop, run_retry, show_letter
from streams.dlq.letters import Wanted
from streams.settings import Settings
from tests import streams_of
from tests.integration.live import geowire, worked
from tests.integration.outcomes import caught_up
from tests.items import encoded, partition_of, raw_item
from tests.processes import Part

pytestmark = pytest.mark.integration

CLUSTERED = raw_item("https://wire.example/5", title="", fetched=0)["item_id"]
_BUGGY = str(Path(__file__).with_name("buggy.py"))


async def test_letters_of_every_step_come_out_once_when_their_cause_is_gone(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    now = int(time.time() * 1000) - 60_000

    def item(number: int, title: str, **more: Any) -> dict[str, Any]:
        return raw_item(f"https://wire.example/{number}", title=title, fetched=now + number, feed="wire", **more)

    good = [item(n, f"Report {n}") for n in range(10)]
    # The last one is edited afterwards, without what trips the step: the first version is late when it is tried again.
    bad = [item(n, f"Report {n} trips {'dedupe' if n % 2 else 'enrich'}") for n in range(20, 28)]
    edit = {**item(27, "Report 27, corrected"), "fetched": item(40, "")["fetched"]}
    misplaced = item(30, "Report 30 trips dedupe")
    await admin.apply(settings)
    async with streams_of.producer(settings) as client:
        for raw, shift in [*((one, 0) for one in (*good, *bad, edit)), (misplaced, 3)]:
            key = raw["item_id"].encode()
            place = (partition_of(key, settings.partitions) + shift) % settings.partitions
            await client.send_and_wait(
                settings.stream("news.raw"), encoded(raw), key=key, partition=place, timestamp_ms=now
            )
        await client.send_and_wait(settings.stream("news.raw"), b"no JSON", partition=0, timestamp_ms=now)
    with Part(_BUGGY, environment=environment, log=tmp_path / "buggy.log") as buggy:
        found = await caught_up(settings)
        assert await asyncio.to_thread(buggy.stop) == 0, buggy.said()[-3000:]
    assert len(found["news.dead-letter"]) == len(bad) + 3
    assert len(found["news.enriched"]) == len(good) + 1

    listed = [json.loads(line) for line in (await geowire(environment, "dlq", "list", "--json")).splitlines()]
    assert {(one["stage"], one["code"]) for one in listed} == {
        ("dedupe", "internal-error"),
        ("enrich", "internal-error"),
        ("cluster", "internal-error"),
        ("dedupe", "invalid-json"),
    }
    shown = await geowire(environment, "dlq", "show", listed[0]["place"])
    assert listed[0]["message"] in shown
    (poison,) = (one["place"] for one in listed if one["code"] == "invalid-json")
    assert await geowire(environment, "dlq", "show", poison, "--value") == "no JSON"

    assert CLUSTERED not in {record.key.decode() for record in await _read(settings, "news.stories")}
    planned = await geowire(environment, "dlq", "retry", "--code", "internal-error")
    assert "5 to news.raw, 4 to news.unique, 1 to news.signatures" in planned
    assert len(await _read(settings, "news.unique")) == len(found["news.unique"]), "nothing was done"
    sent = await geowire(environment, "dlq", "retry", "--code", "internal-error", "--execute")
    assert "sent again: 5 to news.raw, 4 to news.unique, 1 to news.signatures" in sent
    assert "sent again: none" in await geowire(environment, "dlq", "retry", "--code", "internal-error", "--execute")
    found = await worked(settings, environment, tmp_path)
    assert len(found["news.dead-letter"]) == len(bad) + 3, "no new letters"
    assert CLUSTERED in {record.key.decode() for record in await _read(settings, "news.stories")}
    assert _titles(found["news.enriched"]) == sorted(one["title"] for one in (*good, *bad, edit, misplaced))
    (late,) = (e for e in _events(found["news.enriched"]) if e["title"] == bad[-1]["title"])
    (newer,) = (e for e in _events(found["news.enriched"]) if e["title"] == edit["title"])
    assert (late["reason"], newer["reason"]) == ("new", "new")
    assert late["fetched"] < newer["fetched"], "the consumer's rule keeps the edit"

    await geowire(environment, "dlq", "drop", poison, "--execute")
    assert (await geowire(environment, "dlq", "list")).strip() == "0 letters"
    report = json.loads(await geowire(environment, "audit", "--json"))
    assert (report["total"]["retried"], report["total"]["letters"]) == (len(bad) + 1, 1)

    # Tried once more by mistake: the same events again, and nothing else.
    ids = _ids(found["news.enriched"])
    await geowire(environment, "dlq", "retry", "--code", "internal-error", "--again", "--execute")
    found = await worked(settings, environment, tmp_path)
    assert _ids(found["news.enriched"]) == ids
    assert "complete" in await geowire(environment, "audit")


async def test_what_the_operator_gets_wrong_is_said(settings: Settings) -> None:
    await admin.apply(settings)
    named = Wanted(places=("3:17",))
    for wrong, says in (
        (partial(show_letter, settings, "3:17", value=False, as_json=False), "there is no such dead letter: 3:17"),
        (partial(run_retry, settings, named, execute=True), "there is no such dead letter: 3:17"),
        (partial(run_drop, settings, named, execute=True), "there is no such dead letter: 3:17"),
        (partial(run_drop, settings, Wanted(), execute=True), "say which letters"),
    ):
        with pytest.raises(ConfigError, match=says):
            await asyncio.to_thread(wrong)


def _events(records: Iterable[ConsumerRecord]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


def _titles(records: Iterable[ConsumerRecord]) -> list[str]:
    return sorted({event["id"]: event["title"] for event in _events(records)}.values())


def _ids(records: Iterable[ConsumerRecord]) -> set[str]:
    return {event["id"] for event in _events(records)}


async def _read(settings: Settings, stream: str) -> list[ConsumerRecord]:
    return (await streams_of.read(settings, stream))[stream]
