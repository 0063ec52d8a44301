"""Pipe: how fast the streams run, how far the steps are behind, what they refused, and the replays."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from aiohttp import web
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.envelope import header_text
from schemas.errors import ConfigError, GeowireError
from streams import status
from streams.broker import admin
from streams.broker.connection import client_arguments
from streams.console.cached import Cached
from streams.console.follow import Followed, follow
from streams.console.live import LIVE, Live
from streams.console.state import SETTINGS
from streams.replay import registry, watch
from streams.replay.diff import diff
from streams.scan import Bounds
from streams.table import DEAD_LETTER, DUPLICATES, ENRICHED, RAW, SIGNATURES, STEPS, STORIES, UNIQUE

if TYPE_CHECKING:
    from streams.settings import Settings

_EVERY_SECONDS = 2.0
_KEPT = 150
_RATE_SECONDS = 60.0
_LETTERS = 200
_DELAYS = 1_000
_LATE_MS = 300_000
_EXAMPLES = 3
_MEASURED = (RAW, UNIQUE, DUPLICATES, ENRICHED, SIGNATURES, STORIES, DEAD_LETTER)

routes = web.RouteTableDef()


class Sample(Struct, frozen=True):
    """Where the streams end, and how many records each step has still to do, at one moment (monotonic seconds)."""

    at: float
    ends: dict[str, int]
    lag: dict[str, int]


class Pipe:
    """What the page is made of, besides the events."""

    def __init__(self, settings: Settings) -> None:
        """Begin empty."""
        self.samples: deque[Sample] = deque(maxlen=_KEPT)
        self.letters: deque[dict[str, Any]] = deque(maxlen=_LETTERS)
        self.status = Cached(lambda: status.look(settings, here=False), 10.0)
        self.replays = Cached(lambda: _replays(settings), 5.0)
        self.diffs: dict[str, asyncio.Task[Any]] = {}
        self.progress: dict[str, tuple[int, int]] = {}

    def take_letters(self, records: Sequence[ConsumerRecord]) -> None:
        """Take in dead letters."""
        self.letters += [_letter(record) for record in records]


PIPE = web.AppKey("pipe", Pipe)


async def context(app: web.Application) -> AsyncIterator[None]:
    """Measure and follow as long as the application lives."""
    settings, pipe, live = app[SETTINGS], app[PIPE], app[LIVE]
    letters = Followed(DEAD_LETTER.name, _newest_letters, pipe.take_letters)
    tasks = [
        asyncio.create_task(_measure(settings, pipe)),
        asyncio.create_task(follow(settings, letters, live.health)),
    ]
    yield
    tasks += pipe.diffs.values()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _newest_letters(bounds: Bounds) -> Mapping[int, int]:
    each = _LETTERS // len(bounds.end)
    return {p: max(bounds.kept[p], end - each) for p, end in bounds.end.items()}


async def _measure(settings: Settings, pipe: Pipe) -> None:
    """Take a sample every two seconds; an outage leaves a gap."""
    while True:
        try:
            consumer = AIOKafkaConsumer(
                *(settings.stream(stream.name) for stream in _MEASURED),
                **client_arguments(settings),
                enable_auto_commit=False,
                fetch_max_bytes=1,
            )
            try:
                await consumer.start()
                async with admin.admin(settings) as client:
                    while True:
                        committed = await client.list_consumer_group_offsets(settings.group)
                        async with asyncio.timeout(5 * _EVERY_SECONDS):
                            pipe.samples.append(await _sample(settings, consumer, committed))
                        await asyncio.sleep(_EVERY_SECONDS)
            finally:
                await consumer.stop()
        except (KafkaError, GeowireError, OSError, TimeoutError):
            await asyncio.sleep(_EVERY_SECONDS)  # whoever follows the events says it
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise


async def _sample(settings: Settings, consumer: AIOKafkaConsumer, committed: Mapping[TopicPartition, Any]) -> Sample:
    starts = await consumer.beginning_offsets(consumer.assignment())
    ends = await consumer.end_offsets(consumer.assignment())
    totals = {stream.name: 0 for stream in _MEASURED}
    lags: dict[str, int] = dict.fromkeys(STEPS.values(), 0)
    names = {settings.stream(name): name for name in totals}
    steps = {settings.stream(name): step for name, step in STEPS.items()}
    for partition, end in ends.items():
        totals[names[partition.topic]] += end
        if (step := steps.get(partition.topic)) is not None:
            done = committed[partition].offset if partition in committed else 0
            lags[step] += max(0, end - max(done, starts[partition]))
    return Sample(time.monotonic(), totals, lags)


@routes.get("/api/pipe")
async def pipe_now(request: web.Request) -> web.StreamResponse:
    """Give everything the page shows."""
    pipe, live = request.app[PIPE], request.app[LIVE]
    looked, replays = await asyncio.gather(pipe.status.get(), pipe.replays.get())
    attention = status.judge(looked, poll_seconds=request.app[SETTINGS].poll_seconds)
    shown = {
        **_rates(pipe.samples),
        "latency": _latency(live),
        "status": {**msgspec.to_builtins(looked), "attention": attention, "notes": status.notes(looked)},
        "letters": sorted(pipe.letters, key=lambda letter: -letter["time"])[:50],
        "replays": replays,
    }
    return web.Response(body=orjson.dumps(shown), content_type="application/json")


def _rates(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return records a second of the last minute, the same sample by sample, and the lag of each step."""
    if not samples:
        return {"rates": {}, "lag": {}, "series": {}}
    last = samples[-1]
    first = next(sample for sample in samples if last.at - sample.at <= _RATE_SECONDS)
    seconds = max(last.at - first.at, 1e-9)
    steps = list(zip(samples, list(samples)[1:], strict=False))
    return {
        "rates": {name: (end - first.ends[name]) / seconds if seconds > 1 else None for name, end in last.ends.items()},
        "lag": last.lag,
        "series": {
            name: [round((b.ends[name] - a.ends[name]) / (b.at - a.at), 2) for a, b in steps] for name in last.ends
        },
    }


def _latency(live: Live) -> dict[str, int] | None:
    """Return from the fetch to the event, in milliseconds, of the last five minutes."""
    since = time.time() * 1000 - _LATE_MS
    delays: list[int] = []
    for row in live.window.newest():
        if row.time < since or len(delays) >= _DELAYS:
            break
        if row.delay is not None:
            delays.append(row.delay)
    if not delays:
        return None
    delays.sort()
    return {"events": len(delays), "median": delays[len(delays) // 2], "p95": delays[len(delays) * 95 // 100]}


def _letter(record: ConsumerRecord) -> dict[str, Any]:
    named = {
        name: header_text(record.headers, f"dlq_{name}")
        for name in ("stage", "code", "message", "stream", "partition", "offset")
    }
    return {**named, "at": f"{record.partition}:{record.offset}", "time": record.timestamp}


async def _replays(settings: Settings) -> list[dict[str, Any]]:
    """Return the replays, the newest first, with how far they are."""
    found = []
    for replay in reversed((await registry.read(settings)).values()):
        standing = await watch.look(settings, replay)
        shown = msgspec.to_builtins(standing)
        found.append({**shown, "runners": standing.runners})
    return found


@routes.post("/api/replays/{replay}/diff")
async def begin_diff(request: web.Request) -> web.StreamResponse:
    """Begin to compare a replay with what stands; it reads both, so it is asked for, and one at a time."""
    pipe, settings, name = request.app[PIPE], request.app[SETTINGS], request.match_info["replay"]
    replay = await registry.get(settings, name)
    if replay.state in watch.ENDED:
        raise ConfigError(f"replay {name} is {replay.state}: its streams are deleted")
    if any(not task.done() for task in pipe.diffs.values()):
        raise ConfigError("a comparison is under way: one at a time")

    def note(_: str, done: int, total: int) -> None:
        pipe.progress[name] = (done, total)

    pipe.progress[name] = (0, len(replay.end))
    pipe.diffs[name] = asyncio.create_task(diff(settings, replay, examples=_EXAMPLES, progress=note))
    return web.json_response({"begun": name}, status=202)


@routes.get("/api/replays/{replay}/diff")
async def get_diff(request: web.Request) -> web.StreamResponse:
    """Give a comparison that was begun, or how far it is.

    Raises:
        ConfigError: None was begun.
    """
    pipe, name = request.app[PIPE], request.match_info["replay"]
    task = pipe.diffs.get(name)
    if task is None:
        raise ConfigError("no comparison was begun")
    if not task.done():
        done, total = pipe.progress[name]
        return web.json_response({"done": done, "total": total})
    return web.Response(
        body=orjson.dumps({"diff": msgspec.to_builtins(task.result())}), content_type="application/json"
    )
