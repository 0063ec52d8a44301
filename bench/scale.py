"""How the cost of an event grows: with what dedupe knows, with partitions, with workers. ``make bench-scale``.

State is preloaded through the changelog, as another worker would have written it; the worker recovers it from an empty
data directory before it works.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import msgspec
from aiokafka import AIOKafkaProducer
from msgspec import Struct

from agents.dedupe import state
from agents.dedupe.agent import CHANGELOG
from agents.dedupe.decide import Entry, Version
from agents.identity.partitions import partition_of
from bench import page
from bench.end_to_end import HOSTS, broker, measure_load, place, send
from schemas.record import Position
from schemas.times import from_milliseconds
from streams.broker.compression import compression
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of
from tests.integration.test_scaling import members
from tests.processes import Part

SIZES = {"keys": (0, 100_000, 1_000_000, 5_000_000), "partitions": (1, 4, 8), "workers": (1, 2, 3, 4)}
_ROUND = 3_000
_ROUNDS = 5
_RATE = 4_000
_IN_FLIGHT = 20_000


class Preload(Struct, frozen=True):
    """What writing the changelog took."""

    keys: int
    seconds: float


async def preload(settings: Settings, keys: int) -> Preload:
    """Write so many entries of items long accepted to the dedupe changelog."""
    begun = time.perf_counter()
    seen = int(time.time() * 1000) - 86_400_000
    topic = settings.stream(CHANGELOG)
    async with streams_of.producer(settings, compression_type=compression(settings), linger_ms=50) as client:
        futures = []
        for number in range(keys):
            futures.append(await _send(client, topic, number, seen, settings.partitions))
            if len(futures) >= _IN_FLIGHT:
                await asyncio.gather(*futures)
                futures.clear()
        await asyncio.gather(*futures)
    return Preload(keys, time.perf_counter() - begun)


async def _send(
    client: AIOKafkaProducer, topic: str, number: int, seen: int, partitions: int
) -> asyncio.Future[object]:
    key = str(uuid.UUID(bytes=os.urandom(16))).encode()
    version = Version(Position(0, number), os.urandom(16).hex(), from_milliseconds(seen), None)
    entry = state.encode(Entry((version,), seen))
    sent: asyncio.Future[object] = await client.send(topic, entry, key=key, partition=partition_of(key, partitions))
    return sent


class Grown(Struct, frozen=True, kw_only=True):
    """What an event costs at one size of something.

    Attributes:
        what: What grows: ``keys``, ``partitions`` or ``workers``.
        size: How much of it.
        events_per_second: Median of the rounds.
        cpu_ms_per_event: Median of the rounds; of all workers together.
        broker_cpu_ms_per_event: Median of the rounds.
        memory_mb: Of all workers, at the end.
        recovery_seconds: From the start of a worker with an empty data directory to its first event, and
        restart_seconds: the same with the data directory it left.
    """

    what: str
    size: int
    events_per_second: float
    cpu_ms_per_event: float
    broker_cpu_ms_per_event: float
    memory_mb: float
    recovery_seconds: float
    restart_seconds: float | None = None


def grown(kafka: EmbeddedKafka, directory: Path, what: str, size: int) -> Grown:
    """Measure on streams of their own."""
    environment = place(kafka, directory, partitions=size if what == "partitions" else 8)
    settings = Settings.from_env(environment)
    if what == "keys" and size:
        asyncio.run(preload(settings, size))
    number = size if what == "workers" else 1
    began = time.perf_counter()
    with ExitStack() as running:
        workers = [running.enter_context(_worker(environment, directory)) for _ in range(number)]
        send(environment, workers, count=1, rate=1, first=0)
        recovery = time.perf_counter() - began
        if number > 1:
            asyncio.run(members(settings, number))
        sent = 1
        send(environment, workers, count=_ROUND, rate=_RATE, first=sent)  # every worker has seen its languages
        rounds = []
        for _ in range(_ROUNDS):
            sent += _ROUND
            rounds.append(measure_load(kafka, "worker", environment, workers, count=_ROUND, rate=_RATE, first=sent))
        for worker in workers:
            worker.stop()
    restart = None
    if what == "keys":
        began = time.perf_counter()
        with _worker(environment, directory) as worker:
            send(environment, [worker], count=1, rate=1, first=sent + _ROUND)
            restart = time.perf_counter() - began
    return Grown(
        what=what,
        size=size,
        events_per_second=median(run.events_per_second for run in rounds),
        cpu_ms_per_event=median(run.cpu_ms_per_event for run in rounds),
        broker_cpu_ms_per_event=median(run.broker_cpu_ms_per_event for run in rounds),
        memory_mb=rounds[-1].memory_mb,
        recovery_seconds=recovery,
        restart_seconds=restart,
    )


def _worker(environment: dict[str, str], directory: Path) -> Part:
    return Part(*HOSTS["worker"], environment=environment, log=directory / "worker.log")


def main(arguments: list[str]) -> None:
    """``python -m bench.scale [keys|partitions|workers …]``: measure, print, and keep the figures for the page."""
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory) / "kafka") as kafka:
        for what in arguments or SIZES:
            found = []
            for size in SIZES[what]:
                one = grown(kafka, Path(directory), what, size)
                restart = "" if one.restart_seconds is None else f", with it after {one.restart_seconds:.1f} s"
                print(
                    f"{size:>9,} {what:<10} {one.events_per_second:6,.0f} events/s   {one.cpu_ms_per_event:.3f} ms, "
                    f"broker {one.broker_cpu_ms_per_event:.3f} ms CPU an event   {one.memory_mb:.0f} MB   first event "
                    f"without data directory after {one.recovery_seconds:.1f} s{restart}",
                    flush=True,
                )
                found.append(one)
            page.note(f"scale-{what}", {"rounds": _ROUNDS, "records": _ROUND, "sizes": msgspec.to_builtins(found)})
            page.write()


if __name__ == "__main__":
    main(sys.argv[1:])
