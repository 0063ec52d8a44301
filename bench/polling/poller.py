"""The poller under measurement, as a process: ``python -m bench.polling.poller PHASE PORT FEEDS SECONDS``.

Runs geowire's own Poller on the benchmark's feeds and prints one JSON object: polls, items, seconds, and how long the
event loop was blocked at most.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from dataclasses import replace
from typing import get_args

import uvloop

from schemas.feed import Feed
from schemas.polling import Kind
from streams.polling.poller import Poller
from streams.polling.share import Fence, Share
from streams.settings import Settings

_BEAT = 0.01


def address(number: int) -> str:
    """Return the loopback address of a feed: each feed is a host of its own."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


def feeds(port: int, count: int) -> list[Feed]:
    """Return the feed list of the benchmark."""
    return [Feed(url=f"http://{address(n)}:{port}/feed/{n}", id=f"feed-{n}") for n in range(count)]


class Beat:
    """How long the event loop was blocked: by the clock, and by the loop's own processor time.

    On a busy machine the clock also shows when the process was not let run; the processor time shows what its own
    callbacks took.
    """

    def __init__(self) -> None:
        self.clock = self.processor = 0.0

    async def watch(self) -> None:
        """Watch for ever."""
        clock, processor = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(_BEAT)
            now, used = time.monotonic(), time.thread_time()
            self.clock = max(self.clock, now - clock - _BEAT)
            self.processor = max(self.processor, used - processor)
            clock, processor = now, used


async def _run(phase: str, port: int, count: int, seconds: float) -> dict[str, float]:
    settings = replace(Settings.from_env(), allow_private=tuple(f"{address(n)}:{port}" for n in range(count)))
    began = time.monotonic()
    fence = Fence(settings.session_seconds)
    async with (
        Poller(settings, may_poll=fence.holds) as poller,
        Share(settings, poller, fence) as share,
        asyncio.TaskGroup() as tasks,
    ):
        following = tasks.create_task(share.follow())
        await share.ready.wait()
        ready = time.monotonic() - began
        gc.freeze()  # as the service does
        print("ready", flush=True)
        beat = Beat()
        watching = tasks.create_task(beat.watch())
        started, used = time.monotonic(), time.process_time()
        if phase == "schedule":
            stop = asyncio.Event()
            asyncio.get_running_loop().call_later(seconds, stop.set)
            await poller.run(stop)
        else:
            await poller.poll_once()
        took, used = time.monotonic() - started, time.process_time() - used
        watching.cancel()
        following.cancel()
        polls = poller.counters.by_class()
        return {
            "ready_seconds": round(ready, 2),
            "seconds": round(took, 2),
            "polls": polls.total(),
            "items": poller.counters.items,
            "failed": sum(count for name, count in polls.items() if name in get_args(Kind)),
            "unchanged": polls["not-modified"],
            "poller_cpu_seconds": round(used, 2),
            "loop_blocked_ms": round(beat.processor * 1000, 1),
            "loop_late_ms": round(beat.clock * 1000, 1),
        }


if __name__ == "__main__":
    phase, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    print(json.dumps(uvloop.run(_run(phase, port, count, seconds))), flush=True)
