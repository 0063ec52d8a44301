"""What a worker's state costs: recovering a million items with and without its data directory, and memory.

The changelog is written as another worker would have (``bench.scale``). The worker says itself, at ``/metrics``, for
how long it recovered and how many records it read.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import aiohttp
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from bench.end_to_end import broker
from bench.scale import preload
from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.processes import Part

_KEYS = 1_000_000
_LONGEST_SECONDS = 300.0


class Start(Struct, frozen=True):
    """One start of a worker."""

    ready: float
    recovery: float
    records: int
    memory_mb: float
    disk_mb: float


async def _metrics(port: int) -> dict[str, float]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        text = await answer.text()
    return {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples if not s.labels}


async def _start(environment: dict[str, str], port: int, data: Path, *, kill: bool = False) -> Start:
    begun = time.monotonic()
    with Part.geowire("work", environment=environment, log=data.parent / "worker.log") as worker:

        async def ready() -> dict[str, float] | None:
            try:
                found = await _metrics(port)
            except aiohttp.ClientError:
                return None
            return found if found["geowire_ready"] and found["geowire_recovered_entries_total"] >= 0 else None

        found = await streams_of.until(ready, seconds=_LONGEST_SECONDS, what="the worker is ready")
        assert found is not None  # noqa: S101 - for the type checker
        seconds = time.monotonic() - begun
        if kill:
            worker.kill()
        else:
            await asyncio.to_thread(worker.stop)
    return Start(
        ready=seconds,
        recovery=found["geowire_recovery_seconds_total"],
        records=int(found["geowire_recovered_entries_total"]),
        memory_mb=found["process_resident_memory_bytes"] / 1e6,
        disk_mb=await asyncio.to_thread(_size, data) / 1e6,
    )


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def run(_data: Path | None) -> None:
    """Print what each kind of start takes."""
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory) / "kafka") as kafka:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        data = Path(directory) / "data"
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "GEOWIRE_NAMESPACE": f"b{uuid4().hex[:8]}",
            "GEOWIRE_DATA_DIR": str(data),
            "GEOWIRE_HEALTH_PORT": str(port),
        }
        settings = Settings.from_env(environment)
        asyncio.run(admin.apply(settings))
        _print("nothing known", asyncio.run(_start(environment, port, data)))
        shutil.rmtree(data)
        asyncio.run(preload(settings, _KEYS))
        what = f"{_KEYS:,} items"
        _print(f"{what}, no data directory", asyncio.run(_start(environment, port, data)))
        _print(f"{what}, data directory, after SIGTERM", asyncio.run(_start(environment, port, data, kill=True)))
        _print(f"{what}, data directory, after kill -9", asyncio.run(_start(environment, port, data)))


def _print(what: str, start: Start) -> None:
    print(
        f"{what:45}  ready after {start.ready:5.1f} s, of it recovery {start.recovery:5.1f} s for {start.records:9,} "
        f"records; {start.memory_mb:4.0f} MB of memory, {start.disk_mb:4.0f} MB on disk",
        flush=True,
    )
