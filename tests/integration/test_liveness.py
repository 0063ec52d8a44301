"""The watchdog acts, and nobody else has to: processes that stand still end with the documented code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.health.lag import Lag
from streams.health.pulse import Work
from streams.settings import Settings
from tests import streams_of
from tests.integration import pipe
from tests.items import raw_item
from tests.processes import Part

pytestmark = pytest.mark.integration

_STUCK = Path(__file__).with_name("stuck.py")


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


@asynccontextmanager
async def frozen(kafka: EmbeddedKafka) -> AsyncIterator[None]:
    os.kill(kafka.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kafka.pid, signal.SIGCONT)


class Probe:
    """Asks a process over HTTP."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._root = f"http://127.0.0.1:{environment['GEOWIRE_HEALTH_PORT']}"

    async def health(self, kind: str) -> tuple[int, dict[str, Any]]:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self._root}/health/{kind}") as answer:
                return answer.status, json.loads(await answer.read())
        except aiohttp.ClientError:
            return 0, {}

    async def ready(self) -> None:
        async def yes() -> bool:
            return (await self.health("ready"))[0] == 200

        await streams_of.until(yes, seconds=60, what="the process is ready")

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """Every sample: name and label values, in the order of the labels' names, to value."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._root}/metrics") as answer:
            text = await answer.text()
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


async def produce(settings: Settings, count: int) -> None:
    now = int(time.time() * 1000)
    async with streams_of.producer(settings) as client:
        for number in range(count):
            item = raw_item(f"https://wire.example/{number}", title=f"Report {number}", fetched=now)
            await streams_of.send_raw(client, settings, item, at=now)


async def test_a_broker_that_answers_no_more(
    kafka: EmbeddedKafka, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    working = {**environment, "GEOWIRE_HEALTH_PORT": free_port(), "GEOWIRE_WATCHDOG_SECONDS": "2"}
    polling = {**environment, "GEOWIRE_HEALTH_PORT": free_port(), "GEOWIRE_WATCHDOG_SECONDS": "2"}
    worker_probe, poller_probe = Probe(working), Probe(polling)
    await admin.apply(settings)
    feeds = tmp_path / "feeds.txt"
    feeds.write_text("http://127.0.0.1:9/feed")
    polling["GEOWIRE_FEEDS"] = str(feeds)
    await produce(settings, 5)
    with (
        Part.geowire("work", environment=working, log=tmp_path / "worker.log") as worker,
        Part.geowire("poll", environment=polling, log=tmp_path / "poller.log") as poller,
    ):
        await worker_probe.ready()
        await poller_probe.ready()

        async def counted() -> dict[tuple[str, ...], float] | None:
            found = await worker_probe.metrics()
            done = (
                found["geowire_stage_records_total", "cluster"] == 5
                and found.get(("geowire_lag_records", "news.signatures")) == 0
            )
            return found if done else None

        found = await streams_of.until(counted, seconds=30, what="five items went through")
        assert found is not None
        polled = await poller_probe.metrics()
        async with frozen(kafka):
            begun = time.monotonic()

            async def judged() -> bool:
                status, answer = await worker_probe.health("live")
                return status == 503 and "Kafka has not said" in answer["reason"]

            await streams_of.until(judged, seconds=15, what="the worker says what is wrong")
            assert await asyncio.to_thread(worker.process.wait, 15) == 69, worker.said()[-3000:]
            assert time.monotonic() - begun < 12
        assert await asyncio.to_thread(poller.stop) == 0, poller.said()[-3000:]

    assert "out of reach" in worker.said()
    assert found["geowire_stage_records_total", "dedupe"] == 5
    assert found["geowire_stage_outputs_total", "dedupe", "news.unique"] == 5
    assert found["geowire_stage_outputs_total", "dedupe", "news.duplicates"] == 0
    assert found["geowire_stage_dead_letters_total", "internal-error", "enrich"] == 0
    assert sum(value for key, value in found.items() if key[0] == "geowire_events_total" and key[2] == "new") == 5
    assert found["geowire_freshness_seconds_count", "fetch"] == 5
    assert found["geowire_stage_seconds_count", "enrich"] == 5
    assert found["geowire_stage_busy_seconds_total", "enrich"] > 0
    assert found["geowire_partitions", "news.raw"] == settings.partitions
    assert found["geowire_broker_reachable",] == found["geowire_live",] == found["geowire_ready",] == 1
    assert found["process_resident_memory_bytes",] > 10_000_000
    assert sum(value for key, value in polled.items() if key[0] == "geowire_feeds") == 1
    assert polled["geowire_ready",] == polled["geowire_broker_reachable",] == 1
    await pipe.accounted(settings)


async def test_a_worker_that_is_stuck(kafka: EmbeddedKafka, environment: dict[str, str], tmp_path: Path) -> None:
    async def ended(how: str) -> tuple[int, str]:
        own = {**environment, "GEOWIRE_NAMESPACE": f"t{uuid4().hex[:10]}", "GEOWIRE_WATCHDOG_SECONDS": "2"}
        settings = Settings.from_env(own)
        await admin.apply(settings)
        await produce(settings, 3)
        with Part(str(_STUCK), how, environment=own, log=tmp_path / f"{how}.log") as worker:
            code = await asyncio.to_thread(worker.process.wait, 60)
            return code, worker.said()

    (blocked, said), (silent, silently) = await asyncio.gather(ended("blocked"), ended("silent"))
    assert blocked == 75, said
    assert "the event loop has not turned" in said
    assert "in blocked" in said or "stuck.py" in said, "the stacks are in the log"
    assert silent == 75, silently
    assert "news.raw: 3 wait and nothing was done" in silently


async def test_two_pollers_with_one_instance_id(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await admin.apply(settings)
    own = {**environment, "GEOWIRE_INSTANCE_ID": "desk-1", "GEOWIRE_FEEDS": "none"}
    first = {**own, "GEOWIRE_HEALTH_PORT": free_port()}
    with Part.geowire("poll", environment=first, log=tmp_path / "first.log") as one:
        await Probe(first).ready()
        with Part.geowire("poll", environment=own, log=tmp_path / "second.log") as other:

            async def one_ended() -> Part | None:
                return next((part for part in (one, other) if part.process.poll() is not None), None)

            ended = await streams_of.until(one_ended, seconds=30, what="one of the two gives in")
            assert ended is not None
            assert ended.process.returncode == 2, ended.said()
            assert "another process has GEOWIRE_INSTANCE_ID=desk-1" in ended.said()


async def test_the_end_of_a_transaction_does_not_wait(settings: Settings) -> None:
    await admin.apply(settings)
    partitions = [TopicPartition(settings.stream("news.raw"), number) for number in range(settings.partitions)]

    async def send() -> None:
        async with streams_of.producer(settings, transactional_id=uuid4().hex) as client, client.transaction():
            for partition in partitions:
                await client.send(partition.topic, b"{}", partition=partition.partition)

    await send()
    group = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, group_id=settings.group, enable_auto_commit=False
    )
    await group.start()
    group.assign(partitions)
    await group.commit(dict.fromkeys(partitions, 1))
    await group.stop()
    lag = Lag(settings, seconds=5)
    try:
        first = await lag.read(partitions)
        assert first == dict.fromkeys(partitions, Work(1, 1)), "behind the record is the end of the transaction"
        assert await lag.read(partitions) == dict.fromkeys(partitions, Work(0, 1))
        await send()
        await lag.read(partitions)
        found = await lag.read(partitions)
        assert found is not None
        assert all(work.waiting for work in found.values()), "now a record does"
    finally:
        await lag.close()
