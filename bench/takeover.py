"""For how long nothing comes out when one of two workers goes: SIGTERM and kill -9, with and without an instance id.

One item a partition is sent every 100 ms. The pause of a partition is the longest time between two of its enriched
events, by the broker's own clock; that of a scenario the longest pause of any partition. Once the other worker takes
over, and once a supervisor starts the worker again at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

from bench.end_to_end import broker
from schemas.errors import InfrastructureError
from streams.broker import admin
from streams.broker.admin import members
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of
from tests.items import encoded, partition_of, raw_item
from tests.processes import Part

_EVERY_SECONDS = 0.1
_STEADY_SECONDS = 8.0
_QUIET = 3.0
"""A partition that has been flowing for so long since the worst pause has recovered."""
_LONGEST_SECONDS = 90.0


class Scenario(Struct, frozen=True):
    """What is done to one of two workers."""

    signal: signal.Signals
    static: bool
    again: bool

    def __str__(self) -> str:
        how = "SIGTERM" if self.signal == signal.SIGTERM else "kill -9"
        then = "started again at once" if self.again else "the other takes over"
        return f"{how:8}  {'instance id' if self.static else 'no instance id':14}  {then:21}"


class Worker:
    """A worker that can be started again."""

    def __init__(self, environment: dict[str, str], name: str, directory: Path, *, static: bool) -> None:
        own = {"GEOWIRE_INSTANCE_ID": name} if static else {}
        self._environment = {**environment, **own, "GEOWIRE_DATA_DIR": str(directory / name)}
        self._log = directory / f"{name}.log"
        self.part = self.start()

    def start(self) -> Part:
        """Start it."""
        self.part = Part.geowire("work", environment=self._environment, log=self._log)
        return self.part


async def _produce(settings: Settings) -> None:
    """Send items to all partitions until cancelled."""
    keys: dict[int, list[str]] = defaultdict(list)
    number = 0
    async with streams_of.producer(settings, linger_ms=0) as client:
        while True:
            begun = time.monotonic()
            for partition in range(settings.partitions):
                while not keys[partition]:
                    number += 1
                    link = f"https://wire.example/{number}"
                    item = raw_item(link, title=f"Ministers meet, round {number}", fetched=0)
                    keys[partition_of(item["item_id"].encode(), settings.partitions)].append(link)
                now = int(time.time() * 1000)
                link = keys[partition].pop()
                item = raw_item(link, title=f"Ministers meet {link}", fetched=now)
                await client.send(
                    settings.stream("news.raw"),
                    encoded(item),
                    key=item["item_id"].encode(),
                    partition=partition,
                    timestamp_ms=now,
                )
            await asyncio.sleep(max(0.0, begun + _EVERY_SECONDS - time.monotonic()))


async def _times(settings: Settings) -> dict[int, list[float]]:
    """When events came out, by partition, seconds since the epoch."""
    found: dict[int, list[float]] = defaultdict(list)
    for record in (await streams_of.read(settings, "news.enriched"))["news.enriched"]:
        found[record.partition].append(record.timestamp / 1000)
    return found


async def _flowing(settings: Settings, since: float) -> bool:
    """Whether all partitions have given events since a moment, and still do."""
    times = await _times(settings)
    now = time.time()
    return len(times) == settings.partitions and all(
        any(at > since for at in of) and now - of[-1] < 1.0 for of in times.values()
    )


async def _both_work(settings: Settings) -> bool:
    async with admin.admin(settings) as client:
        _, found = await members(client, settings.group)
    return len(found) == 2 and await _flowing(settings, time.time() - 1)


async def measure(kafka: EmbeddedKafka, scenario: Scenario, directory: Path) -> float:
    """Return the longest pause of any partition, in seconds."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
        "GEOWIRE_NAMESPACE": f"b{uuid4().hex[:8]}",
        "GEOWIRE_LOG_LEVEL": "WARNING",
    }
    settings = Settings.from_env(environment)
    await admin.apply(settings)
    producing = asyncio.create_task(_produce(settings))
    workers = [Worker(environment, name, directory, static=scenario.static) for name in ("one", "two")]
    try:
        await streams_of.until(lambda: _both_work(settings), seconds=_LONGEST_SECONDS, what="both workers work")
        await asyncio.sleep(_STEADY_SECONDS)
        gone, at = workers[0], time.time()
        os.killpg(gone.part.process.pid, scenario.signal)
        await asyncio.to_thread(gone.part.process.wait, _LONGEST_SECONDS)
        if scenario.again:
            gone.start()

        async def over() -> bool:
            if (code := workers[1].part.process.poll()) is not None:
                raise InfrastructureError(f"the other worker ended with {code}:\n{workers[1].part.said()[-2000:]}")
            return time.time() > at + 15 and await _flowing(settings, at)

        await streams_of.until(over, seconds=_LONGEST_SECONDS, what="all partitions flow again")
        await asyncio.sleep(_QUIET)
        times = await _times(settings)
    finally:
        producing.cancel()
        with suppress(asyncio.CancelledError):
            await producing
        for worker in workers:
            worker.part.kill()
    return max(later - earlier for of in times.values() for earlier, later in pairwise(sorted(of)) if later > at - 0.5)


def scenarios() -> Sequence[Scenario]:
    """All of them."""
    return [
        Scenario(number, static, again)
        for again in (False, True)
        for number in (signal.SIGTERM, signal.SIGKILL)
        for static in (False, True)
    ]


def run(_data: Path | None) -> None:
    """Print the pause of every scenario."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of new streams it says what it tries again
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory) / "kafka") as kafka:
        for number, scenario in enumerate(scenarios()):
            own = Path(directory) / str(number)
            own.mkdir()
            seconds = asyncio.run(measure(kafka, scenario, own))
            print(f"{scenario}  longest pause of a partition {seconds:5.1f} s", flush=True)
