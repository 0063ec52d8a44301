"""The poller under load, on a real Kafka: ``python -m bench.polling [FILE]`` (or ``make bench-poll``).

* **schedule**: 10,000 feeds that were polled before, on their real schedule, their pages changing by the rhythms of the
  captures: processor time and memory of the poller with two parser processes.
* **304**: every feed polled at once, as fast as it goes, all answered 304, every state written to Kafka.
* **full**: every page has a new item: fetched, parsed, the item and the state on Kafka.
* **cold**: feeds never polled before: everything their pages list goes to Kafka.
* **plain**: a loop of requests and feedparser over the same sites in the same run, for the ratios.

Broker, sites and poller share the machine. With a file name the figures are written there as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from msgspec import structs

from bench.end_to_end import _children, _cpu, broker, memory_mb
from bench.polling.poller import feeds
from bench.polling.rhythms import Capture
from bench.polling.site import AGES, pages, series
from schemas.feed import Feed
from schemas.feed_state import FeedState
from schemas.times import from_datetime
from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.polling import rhythm, states
from streams.polling.domains import partition_for
from streams.polling.fetch import Fetcher
from streams.polling.hosts import Hosts
from streams.polling.parsers import Parsers
from streams.polling.poll import Polls
from streams.polling.schedule import Pace, decide
from streams.polling.service import put_in_force
from streams.settings import Settings
from tests import streams_of

FEEDS = 10_000
_FULL = 1_500
_COLD = 500
_PLAIN = 300
_SECONDS = 120.0
_SETTLE = 30.0
_BATCH = 500


class Bench:
    """A broker, the sites, and the phases run on them."""

    def __init__(self, kafka: EmbeddedKafka, port: int, directory: Path, captures: list[Capture]) -> None:
        self._kafka = kafka
        self._captures = captures
        self._port = port
        self._directory = directory

    def ask(self, command: str) -> str:
        """Tell the sites what to serve; return their counts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{command}", timeout=30) as answer:
            return bytes(answer.read()).decode()

    def phase(self, name: str, count: int, *, seeded: bool, before: str = "") -> dict[str, Any]:
        """Run a poller over the feeds of a phase in streams of its own; return what it says and what it took."""
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.address,
            "GEOWIRE_NAMESPACE": f"b{uuid4().hex[:8]}",
            "GEOWIRE_DATA_DIR": str(self._directory),
            "GEOWIRE_LOG_LEVEL": "ERROR",
            "GEOWIRE_POLL_HOST_SECONDS": "1" if name == "schedule" else "0",
        }
        settings = Settings.from_env(environment)
        asyncio.run(admin.apply(settings))
        asyncio.run(put_in_force(settings, feeds(self._port, count)))
        if seeded:
            asyncio.run(self._seed(settings, count))
        if before:
            self.ask(before)
        seconds = _SECONDS + _SETTLE
        command = [sys.executable, "-m", "bench.polling.poller", name, str(self._port), str(count), str(seconds)]
        with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True) as process:
            try:
                return self._watch(name, process, settings)
            finally:
                process.kill()

    def _watch(self, name: str, process: subprocess.Popen[str], settings: Settings) -> dict[str, Any]:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the poller of phase {name} ended; what it said stands above")
        found: dict[str, Any] = {}
        if name == "schedule":
            time.sleep(_SETTLE)
            before, asked = _cpu(process.pid), int(self.ask("count").split()[0])
            time.sleep(_SECONDS - 5)
            polls = int(self.ask("count").split()[0]) - asked
            found["cpu_percent_of_a_core"] = round((_cpu(process.pid) - before) / (_SECONDS - 5) * 100, 1)
            found["polls_per_second"] = round(polls / (_SECONDS - 5), 2)
            found["memory_mb"] = round(sum(memory_mb(pid) for pid in (process.pid, *_children(process.pid))))
        started, before = time.monotonic(), _cpu(process.pid)
        used = before
        while process.poll() is None and time.monotonic() - started < 600:
            with suppress(FileNotFoundError, ProcessLookupError):  # a parser ended just now
                used = max(used, _cpu(process.pid))  # at the end the parsers are gone
            time.sleep(0.2)
        said = json.loads(process.stdout.read())
        found = {**said, **found}
        if name != "schedule":
            found["polls_per_second"] = round(said["polls"] / said["seconds"], 1)
            found["cpu_ms_per_poll"] = round((used - before) * 1000 / said["polls"], 2)
        found["records"] = asyncio.run(streams_of.count(settings, "news.raw"))
        return found

    async def _seed(self, settings: Settings, count: int) -> None:
        """Write the states of feeds that were polled before: each page is polled once, the rest are copies."""
        listed = feeds(self._port, count)
        allowed = tuple(feed.url.split("/")[2] for feed in listed)
        pace = Pace(usual=settings.poll_seconds, floor=settings.poll_floor_seconds, most=settings.poll_most_seconds)
        async with Fetcher(hosts=Hosts(gap=0), allow_private=allowed) as fetcher, Parsers(2) as parsers:
            polls = Polls(fetcher=fetcher, parsers=parsers, pace=pace)
            templates = [(await polls.once(feed, None)).outcome.state for feed in listed[: len(self._captures)]]
        async with streams_of.producer(settings, linger_ms=20) as producer:
            ages: list[float] = []
            for start in range(0, count, _BATCH):
                batch = [
                    self._copy(templates[n % len(templates)], listed[n], n, pace)
                    for n in range(start, min(start + _BATCH, count))
                ]
                ages += [age for _, age in batch]
                places = [partition_for(state.url, settings.partitions) for state, _ in batch]
                writes = (
                    states.store(producer, settings, state, place)
                    for (state, _), place in zip(batch, places, strict=True)
                )
                await asyncio.gather(*writes)
        (self._directory / AGES).write_text(json.dumps(ages))

    def _copy(self, template: FeedState, feed: Feed, number: int, pace: Pace) -> tuple[FeedState, float]:
        """Return a state for another feed of the kind, polled for a week, and how many seconds ago it was last."""
        now = datetime.now(UTC)
        capture = self._captures[number % len(self._captures)]
        times = series(capture, number)
        known = rhythm.first([now.timestamp() + time for time in times if time < 0], now)
        due = decide(feed.id, now=now, pace=pace, rhythm=known, asks=template.asks).due
        share = random.Random(number).random()  # noqa: S311
        state = structs.replace(
            template,
            feed_id=feed.id,
            url=feed.url,
            rhythm=known,
            next_due=from_datetime(now + (due - now) * share + timedelta(seconds=5)),
            validators=template.validators and structs.replace(template.validators, url=feed.url),
        )
        return state, (due - now).total_seconds() * (1 - share)


@contextmanager
def _sites(data: Path | None, directory: Path) -> Iterator[int]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.polling.site", str(FEEDS), str(directory)]
    command += [str(data)] if data else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _plain(port: int, kind: str) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.polling.plain", str(port), str(_PLAIN), kind]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def run(data: Path | None, only: list[str]) -> dict[str, Any]:
    """Run the phases; return their figures."""
    results: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        broker(Path(directory) / "kafka") as kafka,
        _sites(data, Path(directory)) as port,
    ):
        bench = Bench(kafka, port, Path(directory), [capture for capture, _ in pages(data)])
        phases: dict[str, Callable[[], dict[str, Any]]] = {
            "304": lambda: bench.phase("304", FEEDS, seeded=True),
            "plain-304": lambda: _plain(port, "304"),
            "full": lambda: bench.phase("full", _FULL, seeded=True, before="bump"),
            "cold": lambda: bench.phase("cold", _COLD, seeded=False),
            "plain-full": lambda: _plain(port, "full"),
            "schedule": lambda: bench.phase("schedule", FEEDS, seeded=True, before="rhythm"),
        }
        for name, measure in phases.items():
            if not only or name in only:
                results[name] = measure()
                print(f"{name}: {json.dumps(results[name])}", flush=True)
    return results


def main(arguments: list[str]) -> None:
    """Print the figures; write them into a file, if one is named with ``--json``."""
    where = os.environ.get("GEOWIRE_EVAL_DATA")
    file = arguments[arguments.index("--json") + 1] if "--json" in arguments else None
    only = [name for name in arguments if name not in {"--json", file}]
    results = run(Path(where) if where else None, only)
    if file:
        report = {"feeds": FEEDS, "pages": "captures" if where else "invented", "cores": os.cpu_count(), **results}
        Path(file).write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
