"""Stories: what a signature costs, how many cluster takes in a second, alone and as a worker, and what it holds.

The load is the articles of the benchmarks, pass after pass: each pass changes every fifth sentence, so an article is
like itself in the pass before, and stories grow. A second of stream time lies between two articles.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

from agents.cluster.agent import Cluster
from agents.cluster.sign import sketch
from bench.end_to_end import broker
from bench.load import Article, articles, passes
from eval.data import decide
from schemas.record import Record
from schemas.signature import Signature, encode_signature
from schemas.times import HOUR_MS, from_milliseconds
from streams.broker import admin
from streams.pipe import Line
from streams.settings import Settings
from tests import streams_of
from tests.integration.outcomes import lag
from tests.processes import Part

_SIZES = (600, 2_200, 6_000)
_ROUNDS = 5
_COUNT = 40_000
_HELD = 100_000
_GAP_MS = 1_000


def run(_data: Path | None) -> None:
    """Print all figures."""
    name, found = articles()
    print(f"load: {name}\n")
    for size in _SIZES:
        texts = [(a.title, a.text) for a in found if 0.85 * size <= len(a.text) <= 1.15 * size][:300]
        if texts:
            _signing(size, texts)
    print()
    records = list(_records(_COUNT))
    _alone(records)
    _holding()
    _worker(records)


def _signing(size: int, texts: list[tuple[str, str]]) -> None:
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = time.process_time()
        for title, text in texts:
            sketch(title, text)
        best = min(best, (time.process_time() - begun) / len(texts))
    print(f"signature of {size:,} characters: {best * 1e6:.1f} µs ({len(texts)} articles)")


@cache
def _stripped() -> list[Article]:
    """Return the load as cluster sees it: without what is the same in many articles of an outlet."""
    _, found = articles()
    events = [decide(Line(title=article.title, text=article.text, url=article.url)) for article in found]
    return [Article(a.url, e.title, e.text) for a, e in zip(found, events, strict=True)]


def _records(count: int, start: int | None = None) -> Iterator[Record]:
    now = int(time.time() * 1000) - count * _GAP_MS if start is None else start
    for number, article in enumerate(passes(_stripped(), count)):
        item = f"{number:08d}-0000-5000-8000-000000000000"
        fetched = from_milliseconds(now + number * _GAP_MS)
        signature = Signature(item, fetched, 1, "new", None, sketch(article.title, article.text))
        headers = [("origin", f"{number % 8}:{number}".encode())]
        yield Record("news.signatures", 0, number, item.encode(), encode_signature(signature), headers, now)


def _alone(records: list[Record]) -> None:
    cluster = Cluster(72 * HOUR_MS)
    cluster.take_over({}, 0)
    begun = time.process_time()
    written = sum(len(cluster.handle(record)) for record in records)
    seconds = time.process_time() - begun
    size = sum(len(record.value or b"") for record in records) / len(records)
    print(
        f"cluster alone, on one core: {len(records) / seconds:,.0f} signatures/s ({size:,.0f} bytes each, "
        f"{written / len(records):.1f} records written for each, {len(cluster.stories.told):,} stories and names)"
    )


def _holding() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cluster = Cluster(72 * HOUR_MS)
    cluster.take_over({}, 0)
    for record in _records(_HELD):
        cluster.handle(record)
    held = len(cluster.stories.items)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"memory: {grown:,.0f} MB more with {held:,} items in the window, {grown * 1024 / held:.1f} kB each")


def _worker(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory)) as kafka:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "GEOWIRE_NAMESPACE": f"b{uuid4().hex[:8]}",
            "GEOWIRE_DATA_DIR": str(Path(directory) / "data"),
            "GEOWIRE_LOG_LEVEL": "INFO",
        }
        settings = Settings.from_env(environment)
        asyncio.run(admin.apply(settings))
        asyncio.run(_send(settings, records))
        log = Path(directory) / "worker.log"
        with Part.geowire("work", environment=environment, log=log) as worker:
            seconds = asyncio.run(_done(settings, worker))
        print(f"a worker on Kafka: {len(records) / seconds:,.0f} signatures/s from the first story told to the last")
        with Part.geowire("work", environment=environment, log=log) as worker:
            asyncio.run(_send(settings, records[-1:]))
            asyncio.run(_done(settings, worker))
            line = next(line for line in reversed(worker.said().splitlines()) if "cluster goes on" in line)
        print(f"taking over: {line[line.index('cluster goes on') :]}")


async def _send(settings: Settings, records: list[Record]) -> None:
    async with streams_of.producer(settings) as client:
        topic = settings.stream("news.signatures")
        sent = [await client.send(topic, r.value, key=r.key, headers=r.headers) for r in records]
        for future in sent:
            await future


async def _done(settings: Settings, worker: Part) -> float:
    async def finished() -> bool:
        if worker.process.poll() is not None:
            print(worker.said()[-2000:], file=sys.stderr)
            raise SystemExit(1)
        return await lag(settings) == 0

    await streams_of.until(finished, seconds=600, what="everything is clustered")
    async with streams_of.consumer(settings, "news.stories") as client:
        (partition,) = client.assignment()
        first = await client.getone()
        end = (await client.end_offsets([partition]))[partition]
        client.seek(partition, end - 1)
        last = await client.getone()
    return float(max(1, last.timestamp - first.timestamp)) / 1000
