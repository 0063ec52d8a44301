"""The load generator, a process of its own: makes its records first, then sends them at a steady rate.

``python -m bench.generate COUNT RATE [FIRST]``: leaves out the first records, prints ``ready``, waits for a line on
standard input, sends, prints ``sent``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING

import uvloop

from bench.load import Raw, articles, records
from streams.broker.compression import compression
from streams.settings import Settings
from streams.table import RAW
from tests.streams_of import producer

if TYPE_CHECKING:
    from collections.abc import Sequence

_TICK = 0.02


async def send(settings: Settings, load: Sequence[Raw], rate: float) -> None:
    """Send records, so many a second; their time is the time they are sent at."""
    topic = settings.stream(RAW.name)
    async with producer(settings, enable_idempotence=True, compression_type=compression(settings)) as client:
        begun, sent = time.perf_counter(), 0
        futures = []
        while sent < len(load):
            due = min(len(load), int((time.perf_counter() - begun) * rate) + 1)
            for raw in load[sent:due]:
                now = int(time.time() * 1000)
                futures.append(
                    await client.send(topic, raw.value, key=raw.key, partition=raw.partition, timestamp_ms=now)
                )
            sent = due
            await asyncio.sleep(_TICK)
        for future in futures:
            await future


def main() -> None:
    """Generate the load that the arguments ask for."""
    count, rate, first = int(sys.argv[1]), float(sys.argv[2]), int((*sys.argv, "0")[3])
    settings = Settings.from_env()
    _, found = articles()
    load = list(islice(records(found, first + count, partitions=settings.partitions), first, None))
    print("ready", flush=True)
    sys.stdin.readline()
    uvloop.run(send(settings, load, rate))
    print("sent", flush=True)


if __name__ == "__main__":
    main()
