"""Workers come and go, and Kafka itself restarts, while items arrive: every item comes out once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Source
from tests.integration.outcomes import caught_up, faults
from tests.integration.pipe import accounted
from tests.processes import Part

pytestmark = pytest.mark.integration


async def test_state_moves_with_its_partitions_when_workers_join_and_leave(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """First versions are seen by one worker, their edits by others that have only the changelog to know them from."""
    await admin.apply(settings)
    source = Source(settings, 6_000, apart=True)
    with ExitStack() as running:

        def start(name: str) -> Part:
            log = tmp_path / f"{name}.log"
            return running.enter_context(Part.geowire("work", environment=environment, log=log))

        first = start("first")
        await source.produce(3_000)
        await _enriched(settings, 1_000)
        second = start("second")
        await source.produce(3_500)
        await members(settings, 2)
        third = start("third")
        await members(settings, 3)
        await source.produce(1_000)
        assert await asyncio.to_thread(first.stop) == 0, first.said()[-3000:]
        await source.produce()
        found = await caught_up(settings)
        assert faults(source.load, found) == []
        await accounted(settings)
        for worker in (second, third):
            assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]


async def test_kafka_restarts_twice_under_load(tmp_path: Path) -> None:
    environment = {
        "GEOWIRE_DATA_DIR": str(tmp_path / "data"),
        "GEOWIRE_BROKER_PORT": "0",
        "GEOWIRE_SESSION_SECONDS": "2",
    }
    with EmbeddedKafka(Settings.from_env(environment), extra={"group.min.session.timeout.ms": "1000"}) as kafka:
        environment["KAFKA_BOOTSTRAP_SERVERS"] = kafka.address
        settings = Settings.from_env(environment)
        await admin.apply(settings)
        source = Source(settings, 8_000)
        with ExitStack() as running:
            supervised = asyncio.create_task(_supervise(environment, tmp_path / "worker.log", running))
            await source.produce(4_000)
            for share in (2_000, None):
                await _enriched(settings, 500)
                producing = asyncio.create_task(source.produce(share))
                await asyncio.to_thread(kafka.stop)
                await asyncio.to_thread(kafka.start)
                await producing
            found = await caught_up(settings)
            supervised.cancel()
        assert faults(source.load, found) == []
        await accounted(settings)


async def _supervise(environment: dict[str, str], log: Path, running: ExitStack) -> None:
    """Start the worker again where it ends by itself, as any supervisor would."""
    while True:
        worker = running.enter_context(Part.geowire("work", environment=environment, log=log))
        assert await asyncio.to_thread(worker.process.wait) == 69, worker.said()[-3000:]


async def _enriched(settings: Settings, more: int) -> None:
    before = await streams_of.count(settings, "news.enriched")

    async def arrived() -> bool:
        return await streams_of.count(settings, "news.enriched") >= before + more

    await streams_of.until(arrived, seconds=60, what=f"{more} more events")


async def members(settings: Settings, count: int, *, group: str | None = None) -> None:
    """Wait until so many workers share the partitions; with a group's name, so many members of that."""

    async def joined() -> bool:
        async with admin.admin(settings) as client:
            name = group or settings.group
            (found,) = (await admin.patiently(lambda: client.describe_consumer_groups([name])))[0].groups
        return found[2] == "Stable" and len(found[5]) == count

    await streams_of.until(joined, seconds=60, what=f"{count} members in the group")
