"""What is done to geowire: each fault a coroutine that does its worst, and puts right what only an operator could."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import Struct, field

from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of
from tests.chaos.newsroom import Newsroom
from tests.chaos.parts import Slot, SmallDisk
from tests.items import encoded, raw_item

_HOUR = 3_600
_HALF = 0.5


class Scene(Struct, kw_only=True):
    """What there is to be broken.

    Attributes:
        kafka: The broker; ``kafka_lock`` is held by whoever does something to it.
        newsroom: What is polled.
        disk: Where the first worker keeps its state.
        new_worker: Makes a place for a worker, by name.
        pollers: Pollers under supervision.
        draw: Chance, from the seed of the run.
        pace: How long things last; 1 for minutes, less for seconds.
        skipped: Faults that cannot be brought about here, and why.
        workers: Workers under supervision, and those that came and went.
        done: How often each fault came.
        poison: By origin, the code that the letter of a poison record must have.
    """

    settings: Settings
    kafka: EmbeddedKafka
    newsroom: Newsroom
    disk: SmallDisk
    new_worker: Callable[[str], Slot]
    pollers: list[Slot]
    draw: random.Random
    pace: float
    skipped: dict[str, str]
    kafka_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    workers: list[Slot] = []
    done: Counter[str] = field(default_factory=Counter)
    poison: dict[str, str] = {}

    @property
    def slots(self) -> list[Slot]:
        """All processes there are or were."""
        return [*self.workers, *self.pollers]

    def worker(self, name: str) -> Slot:
        """A place for a worker, under supervision when it is started."""
        self.workers.append(self.new_worker(name))
        return self.workers[-1]

    async def pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self.pace * self.draw.uniform(least, most))


Fault = Callable[[Scene], Awaitable[None]]


async def kill_a_worker(scene: Scene) -> None:
    scene.draw.choice([worker for worker in scene.workers if worker.pid is not None] or scene.workers).kill()


async def kill_a_poller(scene: Scene) -> None:
    scene.draw.choice(scene.pollers).kill()


async def kill_a_parser(scene: Scene) -> None:
    """A parser is a child process of a poller."""
    parsers = [pid for poller in scene.pollers for pid in poller.children()]
    if parsers:
        with suppress(ProcessLookupError):
            os.kill(scene.draw.choice(parsers), signal.SIGKILL)


async def kill_everything(scene: Scene) -> None:
    """The power goes: all processes and Kafka in one moment."""
    async with scene.kafka_lock:
        for slot in (*scene.workers, *scene.pollers):
            slot.kill()
        await asyncio.to_thread(scene.kafka.kill)
        await asyncio.to_thread(scene.kafka.start)


async def restart_kafka(scene: Scene) -> None:
    async with scene.kafka_lock:
        await asyncio.to_thread(scene.kafka.stop)
        await scene.pause(0, 8)
        await asyncio.to_thread(scene.kafka.start)


async def kill_kafka(scene: Scene) -> None:
    async with scene.kafka_lock:
        await asyncio.to_thread(scene.kafka.kill)
        await scene.pause(0, 8)
        await asyncio.to_thread(scene.kafka.start)


async def freeze_kafka(scene: Scene) -> None:
    """Longer than a session: the group's members are thrown out when it wakes."""
    async with scene.kafka_lock:
        await _stopped(scene, scene.draw.uniform(2, 15))


async def slow_kafka(scene: Scene) -> None:
    """Answers come in pulses: half of the time it stands still."""
    async with scene.kafka_lock:
        until = time.monotonic() + scene.pace * scene.draw.uniform(5, 15)
        while time.monotonic() < until:
            await _stopped(scene, 0.3)
            await asyncio.sleep(0.3)


async def _stopped(scene: Scene, seconds: float) -> None:
    pid = scene.kafka.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds if seconds < 1 else scene.pace * seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


async def rebalance_storm(scene: Scene) -> None:
    """Workers join and leave, some in order, some by kill -9, before the group has come to rest."""
    for number in range(3):
        slot = scene.worker(f"passing-{number}")
        slot.start()
        await scene.pause(2, 8)
        if scene.draw.random() < _HALF:
            slot.kill()
        await slot.stop()


async def fill_the_disk(scene: Scene) -> None:
    """The first worker's state directory is full while it works, and while it starts again."""
    scene.disk.fill()
    await scene.pause(2, 5)
    scene.workers[0].kill()
    await scene.pause(5, 10)
    scene.disk.free()


async def jump_a_clock(scene: Scene) -> None:
    """One process sees another time for a while, and then the right one again."""
    slot = scene.draw.choice([slot for slot in scene.slots if slot.pid is not None] or scene.slots)
    slot.set_clock(0)
    slot.other_clock = True
    slot.kill()
    await scene.pause(5, 15)
    slot.set_clock(scene.draw.choice((-26, -2, 2, 26)) * _HOUR)
    await scene.pause(5, 15)
    slot.set_clock(0)
    await scene.pause(2, 10)
    slot.other_clock = False
    slot.kill()


async def poison_the_stream(scene: Scene) -> None:
    """Records that no version of geowire can read, one in each partition."""
    now = int(time.time() * 1000)
    good = encoded(raw_item("https://wire.example/poison", title="A report", fetched=now))
    kinds = (
        (b"<rss>this is no JSON</rss>", "invalid-json"),
        (good[: len(good) // 2], "invalid-json"),
        (b"[1, 2, 3]", "wrong-type"),
        (good.replace(b"A report", rb"A \u0000 report"), "control-character"),
    )
    async with scene.kafka_lock, streams_of.producer(scene.settings) as client:
        for partition in range(scene.settings.partitions):
            value, code = scene.draw.choice(kinds)
            sent = await client.send_and_wait(
                scene.settings.stream("news.raw"), value, key=b"poison", partition=partition, timestamp_ms=now
            )
            scene.poison[f"{sent.partition}:{sent.offset}"] = code


TO_KAFKA: dict[str, Fault] = {
    "Kafka stopped and started": restart_kafka,
    "Kafka killed": kill_kafka,
    "Kafka frozen": freeze_kafka,
    "Kafka slow": slow_kafka,
    "everything killed at once": kill_everything,
}
TO_PROCESSES: dict[str, Fault] = {
    "worker killed": kill_a_worker,
    "poller killed": kill_a_poller,
    "parser process killed": kill_a_parser,
    "rebalance storm": rebalance_storm,
    "state directory full": fill_the_disk,
    "clock jump": jump_a_clock,
    "poison": poison_the_stream,
}
