"""At least once, deterministic, nothing lost: workers are killed with kill -9 while they work."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from msgspec import Struct

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Load, Source
from tests.integration.outcomes import caught_up, committed_offsets, faults
from tests.integration.test_audit import audited
from tests.processes import Part

pytestmark = pytest.mark.integration

_SABOTAGE = Path(__file__).with_name("sabotage.py")
Sent = Callable[[], Awaitable[int]]
_OUTPUTS = ("news.unique", "news.duplicates", "news.enriched")


class Run(Struct):
    """What came of a load under kill -9."""

    load: Load
    found: dict[str, list[ConsumerRecord]]
    in_flight: list[bool]
    """For each kill, whether outputs were out whose offsets were not committed."""
    redelivered: int
    """Kills after which something came out again that had come out before."""


async def run_with_kills(
    settings: Settings,
    environment: dict[str, str],
    tmp_path: Path,
    *,
    records: int,
    kills: int,
    script: list[str],
    patience: float = 30,
) -> Run:
    """Kill the worker again and again while records keep coming in, let the last worker finish.

    The kills hit the two agents in turn, each at a moment at which outputs are under way, if one comes within seconds.
    """
    await admin.apply(settings)
    source = Source(settings, 2 * records)
    log = tmp_path / "worker.log"
    in_flight: list[bool] = []
    positions: list[dict[str, dict[int, int]]] = []
    for number in range(kills):
        stream = ("news.unique", "news.enriched")[number % 2]
        async with watching(settings, stream) as sent:
            before = await sent()
            with Part(*script, environment=environment, log=log) as worker:
                await source.produce(records // kills // 2)

                async def moved(sent: Sent = sent, before: int = before) -> bool:
                    if worker.process.poll() is not None:
                        raise AssertionError(f"the worker ended by itself:\n{worker.said()[-3000:]}")
                    return await sent() > before

                await streams_of.until(moved, seconds=90, what="the worker makes progress")
                async with source.flowing():
                    in_flight.append(await uncommitted(settings, sent, patience))
                    worker.kill()
        positions.append({stream: await streams_of.ends(settings, stream) for stream in _OUTPUTS})
    await source.produce(max(0, records - source.load.raw))

    with Part(*script, environment=environment, log=log) as worker:
        found = await caught_up(settings)
        assert worker.stop() == 0, worker.said()[-3000:]
    return Run(source.load, found, in_flight, redelivering(found, positions))


def redelivering(found: dict[str, list[ConsumerRecord]], kills: list[dict[str, dict[int, int]]]) -> int:
    """Count the kills after which a record came out again, before the next, that had come out before."""
    return sum(
        any(
            _again(found[stream], kill[stream], kills[number + 1][stream] if number + 1 < len(kills) else None)
            for stream in _OUTPUTS
        )
        for number, kill in enumerate(kills)
    )


def _again(records: list[ConsumerRecord], kill: dict[int, int], following: dict[int, int] | None) -> bool:
    seen = {streams_of.origin(record) for record in records if record.offset < kill[record.partition]}
    return any(
        streams_of.origin(record) in seen
        for record in records
        if record.offset >= kill[record.partition]
        and (following is None or record.offset < following[record.partition])
    )


@asynccontextmanager
async def watching(settings: Settings, stream: str) -> AsyncIterator[Sent]:
    """Count the records of a stream, again and again, for little."""
    async with streams_of.consumer(settings, stream, fetch=1) as records:

        async def sent() -> int:
            return sum((await records.end_offsets(records.assignment())).values())

        yield sent


async def uncommitted(settings: Settings, sent: Sent, seconds: float) -> bool:
    """Wait for a moment at which records are out whose causes are not committed; whether one came."""
    deadline = time.monotonic() + seconds
    async with admin.admin(settings) as client:
        while time.monotonic() < deadline:
            before, at = await committed_offsets(settings, client), await sent()
            if await sent() > at and await committed_offsets(settings, client) == before:
                return True
    return False


@pytest.mark.timeout(600)
async def test_kill_minus_nine_loses_nothing_and_repeats_only_itself(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    kills = 10
    run = await run_with_kills(
        settings, environment, tmp_path, records=20_000, kills=kills, script=["-m", "streams.cli", "work"]
    )
    assert run.load.raw >= 20_000
    assert faults(run.load, run.found) == []
    code, report = await audited(environment)
    total = report["total"]
    assert (code, report["faults"], total["under_way"]) == (0, [], 0)
    assert total["origins"] == total["enriched"] + total["duplicates"] == run.load.raw
    assert total["enriched"] == len(run.load.versions)
    assert total["sent_again"] > 0
    assert all(run.in_flight), f"a kill with nothing under way proves nothing: {run.in_flight}"
    assert run.redelivered >= 8, f"only {run.redelivered} of {kills} kills made records come out again"


@pytest.mark.parametrize("trick", ["ack-before-delivery", "forget-the-origin"])
async def test_the_test_above_would_notice_and_so_does_the_audit(
    settings: Settings, environment: dict[str, str], tmp_path: Path, trick: str
) -> None:
    script = [str(_SABOTAGE), trick]
    run = await run_with_kills(settings, environment, tmp_path, records=2_000, kills=2, script=script, patience=2)
    assert faults(run.load, run.found) != []
    code, report = await audited(environment)
    assert code == 1
    assert report["total"]["missing"] + report["total"]["contradicting"] > 0
