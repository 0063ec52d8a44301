"""Dedupe state is what the changelog says, whatever became of the worker's own files."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from agents.dedupe import state as entries
from agents.dedupe.agent import CHANGELOG
from agents.dedupe.decide import Entry, Version
from schemas.record import Position
from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.outcomes import caught_up
from tests.integration.pipe import accounted
from tests.integration.test_audit import geowire
from tests.items import encoded, partition_of, raw_item, timestamp
from tests.processes import Part

pytestmark = pytest.mark.integration


def _item(number: int, *, at: int, title: str = "Report") -> dict[str, object]:
    return raw_item(f"https://wire.example/{number}", title=f"{title} {number}", fetched=at)


async def _sent(settings: Settings, items: Iterable[dict[str, object]], *, at: int) -> None:
    async with streams_of.producer(settings) as client:
        for item in items:
            key = str(item["item_id"]).encode()
            partition = partition_of(key, settings.partitions)
            topic = settings.stream("news.raw")
            await client.send(topic, encoded(item), key=key, partition=partition, timestamp_ms=at)


async def _changelog(settings: Settings, numbers: Iterable[int], *, at: int, title: str) -> None:
    """Write what dedupe would have written for items it accepted at a time, of an origin long gone."""
    async with streams_of.producer(settings) as client:
        for number in numbers:
            item = _item(number, at=at, title=title)
            key = str(item["item_id"]).encode()
            version = Version(Position(99, number), str(item["content_hash"]), timestamp(at), None)
            partition = partition_of(key, settings.partitions)
            entry = entries.encode(Entry((version,), at))
            await client.send(settings.stream(CHANGELOG), entry, key=key, partition=partition)


async def _worked(settings: Settings, environment: dict[str, str], tmp_path: Path) -> dict[str, int]:
    """Run a worker until nothing is left to do; how many records each outcome stream has."""
    with Part.geowire("work", environment=environment, log=tmp_path / "worker.log") as worker:
        try:
            found = await caught_up(settings, seconds=60)
        except AssertionError as error:
            error.add_note(worker.said()[-3000:])
            raise
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    return {stream: len(found[stream]) for stream in ("news.enriched", "news.duplicates", "news.dead-letter")}


def _outcomes(enriched: int, duplicates: int) -> dict[str, int]:
    return {"news.enriched": enriched, "news.duplicates": duplicates, "news.dead-letter": 0}


async def test_killed_in_the_midst_of_recovery(settings: Settings, environment: dict[str, str], tmp_path: Path) -> None:
    """Each entry was written six times; the last one counts, however often recovery begins anew."""
    await admin.apply(settings)
    before = int(time.time() * 1000) - 86_400_000
    for version in range(6):
        await _changelog(settings, range(10_000), at=before, title=f"Version {version} of")
    draw = random.Random(3)
    for _ in range(3):
        with Part.geowire("work", environment=environment, log=tmp_path / "worker.log") as worker:
            current = (
                Path(environment["GEOWIRE_DATA_DIR"]) / "worker" / settings.group / "state-0" / "rocksdb" / "CURRENT"
            )

            async def begun(current: Path = current) -> bool:
                return await asyncio.to_thread(current.exists)

            await streams_of.until(begun, what="the state is opened")
            await asyncio.sleep(draw.uniform(0.2, 1.5))  # where the kill hits is what is drawn here
            worker.kill()
    now = int(time.time() * 1000)
    await _sent(settings, [_item(number, at=now, title="Version 5 of") for number in range(10_000)], at=now)
    await _sent(settings, [_item(number, at=now, title="Version 6 of") for number in range(50)], at=now)
    assert await _worked(settings, environment, tmp_path) == _outcomes(enriched=50, duplicates=10_000)


async def test_files_that_are_gone_or_old_change_nothing(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await admin.apply(settings)
    files = Path(environment["GEOWIRE_DATA_DIR"]) / "worker"
    now = int(time.time() * 1000)
    first, second = range(200), range(100, 300)
    await _sent(settings, [_item(number, at=now) for number in first], at=now)
    assert await _worked(settings, environment, tmp_path) == _outcomes(200, 0)

    stale = tmp_path / "stale"
    shutil.copytree(files, stale)
    await _sent(settings, [_item(number, at=now + 1) for number in second], at=now + 1)
    assert await _worked(settings, environment, tmp_path) == _outcomes(300, 100)

    shutil.rmtree(files)
    stale.rename(files)
    await _sent(settings, [_item(number, at=now + 2) for number in range(300)], at=now + 2)
    assert await _worked(settings, environment, tmp_path) == _outcomes(300, 400), (
        "the stale files were brought up to date"
    )

    shutil.rmtree(files)
    await _sent(settings, [_item(number, at=now + 3) for number in range(300)], at=now + 3)
    assert await _worked(settings, environment, tmp_path) == _outcomes(300, 700), "all of it was read again"
    await accounted(settings)


async def test_a_changelog_record_that_is_no_entry_stops_the_worker_and_says_what_to_do(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await admin.apply(settings)
    async with streams_of.producer(settings) as client:
        await client.send_and_wait(settings.stream(CHANGELOG), b"no entry", key=b"the-item", partition=3)
    log = tmp_path / "worker.log"
    with Part.geowire("work", environment=environment, log=log) as worker:
        assert await asyncio.to_thread(worker.process.wait, 60) == 69, worker.said()
        assert f"geowire streams tombstone {CHANGELOG} the-item --partition 3" in worker.said()
    done = await geowire(environment, "streams", "tombstone", CHANGELOG, "the-item", "--partition", "3")
    assert done.returncode == 0, done.stderr
    now = int(time.time() * 1000)
    await _sent(settings, [_item(1, at=now)], at=now)
    assert await _worked(settings, environment, tmp_path) == _outcomes(1, 0)


async def test_only_a_key_of_a_compacted_stream_can_be_deleted(settings: Settings, environment: dict[str, str]) -> None:
    await admin.apply(settings)
    for arguments, says in (
        (("news.raw", "key"), "no compacted stream"),
        ((CHANGELOG, "key", "--partition", "8"), "partitions 0 to 7"),
    ):
        done = await geowire(environment, "streams", "tombstone", *arguments)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
