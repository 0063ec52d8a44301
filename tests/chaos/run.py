"""A run: the scene is set, faults come at random, then everything has to come to rest and the books are checked."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.errors import GeowireError
from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of
from tests.chaos import books
from tests.chaos.faults import TO_KAFKA, TO_PROCESSES, Fault, Scene
from tests.chaos.newsroom import publishing
from tests.chaos.parts import Slot, SmallDisk, clock_reason
from tests.integration.load import Source
from tests.integration.outcomes import lag
from tests.processes import Part

_NAMESPACE = "chaos"
_POLLING = {
    "GEOWIRE_POLL_SECONDS": "2",
    "GEOWIRE_POLL_MOST_SECONDS": "3",
    "GEOWIRE_POLL_FLOOR_SECONDS": "1",
    "GEOWIRE_POLL_HOST_SECONDS": "0",
    "GEOWIRE_POLL_WORKERS": "1",
}
_DISK_MEGABYTES = 24
_ITEMS = 100_000
_SETTLE_SECONDS = 400.0


class Plan(Struct, frozen=True, kw_only=True):
    """How much of it.

    Attributes:
        seconds: How long faults come.
        seed: Of all that is drawn.
        pace: How long a fault and the pauses between last, 1 being what suits minutes.
        items: Items loaded a second, besides what the feeds bring.
        workers: Workers under supervision.
        pollers: Pollers under supervision.
        feeds: Feeds of the newsroom.
        correct_after: Seconds after which the newsroom corrects a report.
        session: GEOWIRE_SESSION_SECONDS.
        leave_out: Faults that do not come.
    """

    seconds: float
    seed: int = 1
    pace: float = 1.0
    items: int = 60
    workers: int = 2
    pollers: int = 2
    feeds: int = 12
    correct_after: float = 20.0
    session: float = 10.0
    leave_out: frozenset[str] = frozenset()


class Outcome(Struct):
    """What came of it.

    Attributes:
        done: How often each fault came.
        skipped: Faults that could not be brought about here, and why.
        ends: By part and exit code, how often a process ended (negative: by that signal).
        records: Records on each stream.
        books: What ``geowire audit`` said.
        wrong: What is wrong; empty: nothing is.
        settled_seconds: How long it took until nothing was left to do, after the last fault.
    """

    plan: Plan
    done: dict[str, int]
    skipped: dict[str, str]
    ends: dict[str, dict[str, int]]
    records: dict[str, int]
    books: dict[str, Any]
    wrong: list[str]
    settled_seconds: float


async def run(
    plan: Plan, kafka: EmbeddedKafka, directory: Path, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Run it on a Kafka; bounded by ``plan.seconds`` and, for coming to rest, some minutes more."""
    async with _scene(plan, kafka, directory) as scene:
        sources = [Source(scene.settings, _ITEMS, seed=seed) for seed in (1, 2)]
        await _under_fire(plan, scene, sources, say)
        say("no more faults: waiting until nothing is left to do")
        scene.newsroom.close()
        begun = time.monotonic()
        wrong = await _at_rest(scene)
        settled = time.monotonic() - begun
        for slot in scene.slots:
            if (code := await slot.stop()) not in {0, None}:
                wrong.append(f"{slot.name} ended with {code} when told to stop")
            wrong += slot.mistakes
        audited = await asyncio.to_thread(_audit, scene.settings)
        if not audited["complete"] or audited["total"]["under_way"]:
            wrong.append(f"geowire audit: {audited}")
        found = await streams_of.read(scene.settings, *streams_of.NEWS)
        wrong += books.faults(found, [source.load for source in sources], scene.newsroom, scene.poison)
        return Outcome(
            plan,
            dict(scene.done),
            scene.skipped,
            _ends(scene),
            {name: len(records) for name, records in found.items()},
            audited,
            wrong,
            round(settled, 1),
        )


@asynccontextmanager
async def _scene(plan: Plan, kafka: EmbeddedKafka, directory: Path) -> AsyncIterator[Scene]:
    """Start the newsroom, workers and pollers; end them all, whatever happened."""
    async with AsyncExitStack() as opened:
        disk = SmallDisk(directory / "worker-0", _DISK_MEGABYTES)
        opened.callback(disk.unmount)
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "GEOWIRE_NAMESPACE": _NAMESPACE,
            "GEOWIRE_SESSION_SECONDS": str(plan.session),
        }
        settings = Settings.from_env({**environment, "GEOWIRE_DATA_DIR": str(directory)})
        await admin.apply(settings)
        newsroom = await opened.enter_async_context(publishing(plan.feeds, corrected_after=plan.correct_after))
        feeds = directory / "feeds.txt"
        feeds.write_text("\n".join(newsroom.urls))
        polling = {**environment, **_POLLING, "ALLOW_PRIVATE": newsroom.addresses}
        poll = ("poll", "--feeds", str(feeds))
        reasons = {"state directory full": disk.missing, "clock jump": clock_reason()}
        scene = Scene(
            settings=settings,
            kafka=kafka,
            newsroom=newsroom,
            disk=disk,
            new_worker=lambda name: Slot(name, "work", environment=environment, directory=directory),
            pollers=[Slot(f"poller-{n}", *poll, environment=polling, directory=directory) for n in range(plan.pollers)],
            draw=random.Random(plan.seed),
            pace=plan.pace,
            skipped={name: reason for name, reason in reasons.items() if reason is not None},
        )
        opened.push_async_callback(_end, scene)
        for number in range(plan.workers):
            scene.worker(f"worker-{number}").start()
        # Every feed once: first polls are spread over twenty seconds otherwise.
        with Part.geowire(*poll, "--once", environment=polling, log=directory / "once.log") as once:
            if await asyncio.to_thread(once.process.wait, _SETTLE_SECONDS) != 0:
                raise AssertionError(once.said())
        for slot in scene.pollers:
            slot.start()
        yield scene


async def _end(scene: Scene) -> None:
    for slot in scene.slots:
        slot.kill()
    await asyncio.gather(*(slot.stop() for slot in scene.slots))


async def _under_fire(plan: Plan, scene: Scene, sources: list[Source], say: Callable[[str], None]) -> None:
    """Load and break at the same time: one fault after the other to Kafka, and beside them one to the processes."""
    stop = asyncio.Event()
    until = time.monotonic() + plan.seconds

    async def lane(possible: dict[str, Fault]) -> None:
        """Let every fault come once, in a random order, then the next round, until the time is over."""
        hat: list[str] = []
        while time.monotonic() < until:
            await scene.pause(3, 9)
            if not hat:
                hat = scene.draw.sample(list(possible), k=len(possible))
            name = hat.pop()
            say(f"{time.monotonic() - until + plan.seconds:4.0f} s  {name}")
            await possible[name](scene)
            scene.done[name] += 1

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_load(plan, scene.settings, sources, stop))
        left_out = scene.skipped.keys() | plan.leave_out
        lanes = [
            tasks.create_task(lane({name: fault for name, fault in faults.items() if name not in left_out}))
            for faults in (TO_KAFKA, TO_PROCESSES)
        ]
        await asyncio.gather(*lanes)
        stop.set()


async def _load(plan: Plan, settings: Settings, sources: list[Source], stop: asyncio.Event) -> None:
    """Produce second by second; what Kafka does not take at once it takes later, through every outage of the run."""
    async with streams_of.producer(settings, enable_idempotence=True, request_timeout_ms=300_000) as client:
        while not stop.is_set():
            for source in sources:
                await source.produce_with(client, max(1, plan.items // len(sources)))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)


async def _at_rest(scene: Scene) -> list[str]:
    """Wait until all that was published is on news.raw, and everything on news.raw is done."""

    async def polled() -> bool:
        raw = (await streams_of.read(scene.settings, "news.raw"))["news.raw"]
        titles = {json.loads(r.value)["title"] for r in raw if f"{r.partition}:{r.offset}" not in scene.poison}
        return scene.newsroom.final() <= titles

    async def done() -> bool:
        with suppress(GeowireError, KafkaError):
            return await lag(scene.settings) == 0
        return False

    wrong = []
    for what, ask in (("everything is polled", polled), ("nothing is left to do", done)):
        try:
            await streams_of.until(ask, seconds=_SETTLE_SECONDS, what=what)
        except AssertionError as error:
            logs = [part.said()[-2000:] for slot in scene.slots if (part := slot.part) is not None]
            wrong.append("\n".join([str(error), *logs]))
    return wrong


def _audit(settings: Settings) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "streams.cli", "audit", "--json"],
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
            "GEOWIRE_NAMESPACE": settings.namespace,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        return {"complete": False, "said": ran.stdout + ran.stderr, "total": {"under_way": -1}}
    found.pop("feeds", None)
    return found


def _ends(scene: Scene) -> dict[str, dict[str, int]]:
    return {
        kind: {str(code): count for code, count in sorted(sum((slot.ends for slot in slots), Counter[int]()).items())}
        for kind, slots in (("worker", scene.workers), ("poller", scene.pollers))
    }
