"""At least once, deterministic, nothing lost: workers are killed with kill -9 while they work."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from msgspec import Struct

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Load, Source
from tests.integration.outcomes import caught_up, committed_offsets, faults
from tests.integration.pipe import accounted
from tests.processes import Part

pytestmark = pytest.mark.integration

_SABOTAGE = Path(__file__).with_name("sabotage.py")
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
    settings: Settings, environment: dict[str, str], tmp_path: Path, *, items: int, kills: int, script: list[str]
) -> Run:
    """Produce part after part, kill the worker in the midst of each, let the last worker finish.

    The kills hit the two agents in turn: one part is not enough to keep the first busy until the second is.
    """
    await admin.apply(settings)
    source = Source(settings, items)
    draw = random.Random(7)
    log = tmp_path / "worker.log"
    in_flight: list[bool] = []
    positions: list[dict[str, dict[int, int]]] = []
    for number in range(kills):
        stream = ("news.unique", "news.enriched")[number % 2]
        before = await streams_of.count(settings, stream)
        await source.produce(items // kills)
        with Part(*script, environment=environment, log=log) as worker:

            async def moved(stream: str = stream, least: int = before + draw.randint(1, items // kills // 3)) -> bool:
                if worker.process.poll() is not None:
                    raise AssertionError(f"the worker ended by itself:\n{worker.said()[-3000:]}")
                return await streams_of.count(settings, stream) >= least

            await streams_of.until(moved, seconds=90, what="the worker makes progress")
            in_flight.append(await uncommitted(settings, stream))
            worker.kill()
        positions.append({stream: await streams_of.ends(settings, stream) for stream in _OUTPUTS})
    await source.produce()

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


async def uncommitted(settings: Settings, stream: str, seconds: float = 3) -> bool:
    """Wait for a moment at which records of a stream are out whose causes are not committed; whether one came."""
    deadline = time.monotonic() + seconds
    async with admin.admin(settings) as client, streams_of.consumer(settings, stream) as events:

        async def sent() -> int:
            return sum((await events.end_offsets(events.assignment())).values())

        while time.monotonic() < deadline:
            before, at = await committed_offsets(settings, client), await sent()
            if await sent() > at and await committed_offsets(settings, client) == before:
                return True
    return False


async def test_kill_minus_nine_loses_nothing_and_repeats_only_itself(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    kills = 10
    run = await run_with_kills(
        settings, environment, tmp_path, items=20_000, kills=kills, script=["-m", "streams.cli", "work"]
    )
    assert run.load.raw >= 20_000
    assert faults(run.load, run.found) == []
    await accounted(settings)
    assert all(run.in_flight), f"a kill with nothing under way proves nothing: {run.in_flight}"
    assert run.redelivered >= 8, f"only {run.redelivered} of {kills} kills made records come out again"


@pytest.mark.parametrize("trick", ["ack-before-delivery", "forget-the-origin"])
async def test_the_test_above_would_notice(
    settings: Settings, environment: dict[str, str], tmp_path: Path, trick: str
) -> None:
    run = await run_with_kills(settings, environment, tmp_path, items=6_000, kills=4, script=[str(_SABOTAGE), trick])
    assert faults(run.load, run.found) != []
