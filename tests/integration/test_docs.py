"""What the docs show is run: the producer of docs/ingest.md against a real pipe, and what shows its events."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.integration import pipe

pytestmark = pytest.mark.integration

_DOCS = Path(__file__).parents[2] / "docs"


def _geowire(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.cli", *arguments]
    return subprocess.run(
        command, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, check=False
    )


async def test_the_producer_of_the_ingest_contract(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (_DOCS / "ingest.md").read_text("utf-8"), re.DOTALL)
    script = tmp_path / "producer.py"
    assert '"127.0.0.1:9092"' in code
    assert '"news.raw"' in code
    code = code.replace('"127.0.0.1:9092"', repr(settings.bootstrap_servers))
    script.write_text(code.replace('"news.raw"', repr(settings.stream("news.raw"))))
    async with pipe.running(settings, environment, tmp_path) as running:
        await asyncio.to_thread(subprocess.run, [sys.executable, str(script)], check=True)
        (event,) = await running.events()
        assert event["title"] == "Ministers meet"
        assert {c["code"] for c in event["countries"] if c["role"] == "about"} == {"CL", "PE"}

        def tail(*only: str) -> list[str]:
            ran = _geowire(environment, "tail", "--no-follow", "--json", *only)
            assert ran.returncode == 0, ran.stderr
            return ran.stdout.splitlines()

        shown = await asyncio.to_thread(tail, "--country", "cl", "--country", "FR", "--language", "en")
        assert [json.loads(line)["value"]["title"] for line in shown] == ["Ministers meet"]
        assert await asyncio.to_thread(tail, "--country", "FR") == []
        assert await asyncio.to_thread(tail, "--country", "PE", "--language", "de") == []
        listed = await asyncio.to_thread(_geowire, environment, "streams", "list", "--json")
        assert {json.loads(line)["stream"] for line in listed.stdout.splitlines()} >= {"news.raw", "news.enriched"}
