"""Both ways for records to reach an agent, with more waiting than fits, while workers come and go."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Source
from tests.integration.outcomes import caught_up, faults
from tests.integration.pipe import accounted
from tests.integration.test_scaling import members
from tests.processes import Part

pytestmark = pytest.mark.integration

_AHEAD = 4_000
"""Twice what an inbox holds."""


@pytest.mark.parametrize("intake", ["batches", "records"])
async def test_a_rebalance_under_back_pressure(
    settings: Settings, environment: dict[str, str], tmp_path: Path, intake: str
) -> None:
    """The inboxes are full when the partitions move: nobody waits for room that nobody makes."""
    environment = {**environment, "GEOWIRE_INTAKE": intake}
    await admin.apply(settings)
    source = Source(settings, 60_000)
    await source.produce(_AHEAD)
    with ExitStack() as running:

        def start(name: str) -> Part:
            log = tmp_path / f"{name}.log"
            return running.enter_context(Part.geowire("work", environment=environment, log=log))

        async def begun() -> bool:
            return await streams_of.count(settings, "news.unique") > 0

        async def keep_waiting() -> None:
            """Have more wait than fits, however long the second worker takes to start."""
            while not joined.is_set():
                if source.load.raw - await streams_of.count(settings, "news.unique") < _AHEAD:
                    await source.produce(_AHEAD // 4)

        first = start("first")
        await streams_of.until(begun, what="the first worker works")
        joined = asyncio.Event()
        waiting = asyncio.create_task(keep_waiting())
        second = start("second")
        await members(settings, 2)
        joined.set()
        await waiting
        assert await streams_of.count(settings, "news.enriched") < len(source.load.versions), "too late to prove much"
        assert await asyncio.to_thread(first.stop) == 0, first.said()[-3000:]
        found = await caught_up(settings)
        assert faults(source.load, found) == []
        await accounted(settings)
        assert await asyncio.to_thread(second.stop) == 0, second.said()[-3000:]
