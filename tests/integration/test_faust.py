"""The worker under Faust's own command line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Source
from tests.integration.outcomes import caught_up, faults
from tests.processes import Part


def _listed(what: str, tmp_path: Path) -> str:
    """What Faust lists; it needs no broker for that."""
    ran = subprocess.run(
        [sys.executable, "-m", "faust", "-A", "streams.app", what],
        env={"PATH": "/usr/bin:/bin", "GEOWIRE_DATA_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_faust_lists_the_agents(tmp_path: Path) -> None:
    listed = _listed("agents", tmp_path)
    assert "dedupe" in listed
    assert "enrich" in listed
    assert "news.raw" in listed
    assert "news.unique" in listed


def test_faust_lists_the_table(tmp_path: Path) -> None:
    assert "dedupe" in _listed("tables", tmp_path)


@pytest.mark.integration
async def test_a_worker_started_by_faust_does_the_same(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await admin.apply(settings)
    source = Source(settings, 500)
    await source.produce()
    command = ["-m", "faust", "-A", "streams.app", "worker", "-l", "warn"]
    with Part(*command, environment=environment, log=tmp_path / "worker.log") as worker:

        async def arrived() -> bool:
            return await streams_of.count(settings, "news.enriched") > 0

        await streams_of.until(arrived, seconds=60, what="an event")
        found = await caught_up(settings)
        assert faults(source.load, found) == []
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
