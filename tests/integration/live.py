"""Something that was lived through: raw items of known kinds, all decided by a worker that has stopped."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.load import Source
from tests.integration.outcomes import caught_up
from tests.processes import Part

DECISIONS = ("news.enriched", "news.dead-letter")


async def lived(
    settings: Settings, environment: Mapping[str, str], directory: Path, *, items: int
) -> dict[str, list[ConsumerRecord]]:
    """Produce a load with some poison in it, let a worker decide it, stop the worker; all records of all streams."""
    await admin.apply(settings)
    source = Source(settings, items)
    await source.produce()
    async with streams_of.producer(settings) as client:
        for number in range(2 * settings.partitions):
            partition = number % settings.partitions
            await client.send_and_wait(settings.stream("news.raw"), b"no JSON", key=b"poison", partition=partition)
    return await worked(settings, environment, directory)


async def worked(
    settings: Settings, environment: Mapping[str, str], directory: Path
) -> dict[str, list[ConsumerRecord]]:
    """Run a worker until nothing is left to do, and stop it; all records of all streams."""
    with Part.geowire("work", environment=environment, log=directory / "worker.log") as worker:
        found = await caught_up(settings)
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    return found


async def geowire(environment: Mapping[str, str], *arguments: str, seconds: float = 120) -> str:
    """Run a command as an operator would; what it printed."""
    done = await attempt(environment, *arguments, seconds=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def attempt(
    environment: Mapping[str, str], *arguments: str, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def outcomes(records: list[ConsumerRecord]) -> dict[str, set[tuple[object, ...]]]:
    """By origin what must be equal in a replay: key, value and ce_* headers, whatever came how often."""
    found: dict[str, set[tuple[object, ...]]] = {}
    for record in records:
        found.setdefault(streams_of.origin(record), set()).add((record.partition, *streams_of.decision(record)))
    return found


_TERM = """language: en
topics:
  x-harvest:
    strong: "{term}"
"""
_TOPIC = """topics:
  x-harvest: {means: "harvests as a matter of states"}
"""


def one_term_more(directory: Path, term: str = "poor harvest") -> dict[str, str]:
    """An overlay with one topic of the operator's and its term; the variable that lays it over the shipped files."""
    for name, text in (("terms/en.yaml", _TERM.format(term=term)), ("catalogue.yaml", _TOPIC)):
        path = directory / "classify" / "topics" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"GEOWIRE_KNOWLEDGE_DIR": str(directory)}


async def piped(environment: Mapping[str, str], raw: list[ConsumerRecord]) -> dict[tuple[str, str], dict[str, Any]]:
    """What `geowire pipe` decides about raw items, by address and fetch time."""
    items = [json.loads(record.value) for record in raw if record.value.startswith(b"{")]
    events = await pipe(environment, "--stateless", items)
    return {(i["link"], i["fetched"]): said(event) for i, event in zip(items, events, strict=True)}


async def pipe(environment: Mapping[str, str], option: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `geowire pipe` says about raw items, in their order."""
    lines = [
        {"title": i["title"], "text": i["body"], "url": i["link"], "feed": i["feed"]["id"], "fetched": i["fetched"]}
        for i in items
    ]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "streams.cli", "pipe", option],
        input="\n".join(map(json.dumps, lines)),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def said(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what names its place, its code, and its standing among others."""
    others = (
        "kind",
        "id",
        "item_id",
        "fetched",
        "pipeline",
        "raw",
        "generation",
        "reason",
        "supersedes",
        "content_hash",
    )
    return {key: value for key, value in event.items() if key not in others}
