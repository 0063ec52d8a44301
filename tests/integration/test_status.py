"""``geowire status`` on a real broker: a pipe that is well, and what it says of one that is not."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.feed import Feed, Subscription
from streams.broker import admin
from streams.polling import subscriptions
from streams.settings import Settings
from tests import site, streams_of
from tests.integration import pipe
from tests.integration.test_audit import geowire
from tests.items import encoded, raw_item

pytestmark = pytest.mark.integration

_STORIES = [
    {"title": f"Report {n}", "link": f"https://daily.example/{n}", "html": f"<p>Talks, round {n}.</p>"}
    for n in range(5)
]


async def status(environment: Mapping[str, str], *options: str) -> tuple[int, dict[str, Any]]:
    done = await geowire(environment, "status", "--json", *options)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["healthy"] == (done.returncode == 0) == (found["attention"] == [])
    return done.returncode, found


async def test_a_pipe_that_is_well_and_what_becomes_of_it(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents["/good"] = site.rss(*_STORIES)
        newsroom.documents["/fine"] = site.rss(_STORIES[0], title="Other")
        await running.poll(newsroom.url("/good"), newsroom.url("/fine"), newsroom.url("/gone"))
        never = Subscription(feed=Feed(url=newsroom.url("/never"), id="never"), added=True)
        await subscriptions.write(settings, await subscriptions.read(settings), {"never": never})

        async def settled() -> dict[str, Any] | None:
            code, found = await status(environment)
            return found if code == 0 and found["lag"] == 0 else None

        found = await streams_of.until(settled, seconds=30, what="all is committed")
        assert found is not None
        shown = await geowire(environment, "status")

    streams = {stream["name"]: stream for stream in found["streams"]}
    assert streams["news.raw"]["records"] == 6
    assert streams["news.enriched"]["records"] == 5
    assert streams["news.raw"]["oldest"] <= streams["news.raw"]["newest"] <= found["time"]
    assert streams["news.dead-letter"]["newest"] is None
    assert len(found["workers"]) == 1
    assert found["pollers"] == []
    assert found["group_state"] == "Stable"
    assert (found["feeds"]["total"], found["feeds"]["ok"], found["feeds"]["never_polled"]) == (4, 2, 1)
    (failing,) = found["feeds"]["failing"]
    assert "404" in failing["problem"]
    assert failing["succeeded"] is None
    assert found["generation"]["generation"] == 1
    assert found["generation"]["knowledge"] == found["here"]["knowledge"]
    assert shown.returncode == 0
    assert "healthy" in shown.stdout
    assert "never" in shown.stdout
    assert all(len(line) <= 100 for line in shown.stdout.splitlines())

    now = int(time.time() * 1000)
    async with streams_of.producer(settings) as client:
        item = raw_item("https://wire.example/1", title="A report", fetched=now)
        await client.send_and_wait(settings.stream("news.raw"), encoded(item), partition=0, timestamp_ms=now)
        for code in (b"wrong-type", b"wrong-type", b"invalid-json"):
            await client.send_and_wait(
                settings.stream("news.dead-letter"), b"x", partition=1, headers=[("dlq_code", code)]
            )

    async def left() -> dict[str, Any] | None:
        found = (await status(environment))[1]
        return None if found["workers"] else found

    found = await streams_of.until(left, seconds=30, what="the worker has left the group")
    assert found is not None
    assert found["lag"] == 1
    assert found["letters"] == {
        "hour": 3,
        "day": {"wrong-type": 2, "invalid-json": 1},
        "kept": {"wrong-type": 2, "invalid-json": 1},
    }
    assert [line.split(":")[0] for line in found["attention"]] == [
        "1 records wait and no worker is in the group",
        "3 dead letters within the last hour",
    ]
    shown = await geowire(environment, "status")
    assert shown.returncode == 1
    assert "! 1 records wait and no worker" in shown.stdout


async def test_before_anything_was_started(settings: Settings, environment: dict[str, str]) -> None:
    code, found = await status(environment)
    assert code == 1
    assert found["attention"][0].startswith("streams are missing (news.raw, ")
    await admin.apply(settings)
    code, found = await status(environment)
    assert (code, found["generation"], found["workers"], found["lag"]) == (0, None, [], 0)


async def test_without_a_broker(environment: dict[str, str]) -> None:
    code, found = await status({**environment, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert code == 1
    assert "cannot reach Kafka: nothing listens at 127.0.0.1:1" in found["attention"][0]
    shown = await geowire({**environment, "KAFKA_BOOTSTRAP_SERVERS": ""}, "status")
    assert shown.returncode == 1
    assert "no Kafka runs on" in shown.stdout.replace("\n", " ")
