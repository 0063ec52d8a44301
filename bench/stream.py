"""End to end on a real Kafka: the same functions under three hosts, and the latency of geowire's own.

Rates: all records at once, as fast as the worker takes them. Latency: a steady stream. The price of a framework is the
worker's processor time for an event, less that of the pure functions on the same records in the same run.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench.end_to_end import HOSTS, Run, broker, measure
from bench.hosts import handlers
from bench.hosts.bare import Store
from bench.load import articles, records
from schemas.record import Output, Record
from streams.broker.embedded import EmbeddedKafka
from streams.intake import parts
from streams.settings import Settings
from streams.table import RAW, UNIQUE

_RECORDS = 60_000
_RATE = 4_000
_LATENCY_RATES = (100, 500)
_LATENCY_SECONDS = 20
_LATENCY_ROUNDS = 3
_PURE = 3_000


def run(data: Path | None) -> dict[str, Any]:
    """Measure hosts side by side, then latencies; print and return the figures."""
    del data  # the load generator finds it by itself
    source, _ = articles()
    print(f"load: {source}, each pass with other addresses and every fifth sentence another\n")
    pure = pure_ms()
    print(f"pure functions: {pure:.3f} ms CPU an event (dedupe and enrich)")
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory) / "kafka") as kafka:
        hosts = [measure(kafka, host, count=_RECORDS, rate=_RATE, directory=Path(directory)) for host in _available()]
        for measured in hosts:
            print(_line(measured, pure))
        latencies = [_latencies(kafka, rate, Path(directory)) for rate in _LATENCY_RATES]
    return {
        "load": source,
        "pure_ms": pure,
        "hosts": [figures(measured) for measured in hosts],
        "latencies": latencies,
    }


def _latencies(kafka: EmbeddedKafka, rate: int, directory: Path) -> dict[str, Any]:
    """Print and return the medians of some rounds, and the p99 of each: one stall is a percent of a round."""
    count = rate * _LATENCY_SECONDS
    rounds = [measure(kafka, "worker", count=count, rate=rate, directory=directory) for _ in range(_LATENCY_ROUNDS)]
    p50, p99 = ([measured.latency(share) for measured in rounds] for share in (0.5, 0.99))
    print(f"{rate} events/s: p50 {median(p50)} ms, p99 {median(p99)} ms ({', '.join(map(str, sorted(p99)))})")
    return {"rate": rate, "p50_ms": median(p50), "p99_ms": median(p99), "p99_rounds_ms": sorted(p99)}


def _available() -> list[str]:
    try:
        import quixstreams  # noqa: F401
    except ImportError:
        print("quixstreams is not installed: `make bench` installs it; measured without\n")
        return [host for host in HOSTS if host != "quix"]
    return list(HOSTS)


def figures(measured: Run) -> dict[str, Any]:
    """Return a run as it is written down: without its single latencies."""
    kept: dict[str, Any] = msgspec.to_builtins(measured)
    return {name: value for name, value in kept.items() if name != "latencies_ms"}


def _line(measured: Run, pure: float) -> str:
    outcomes = ", ".join(f"{count:,} {stream.removeprefix('news.')}" for stream, count in measured.outcomes.items())
    return (
        f"{measured.host:<9} {measured.events_per_second:7,.0f} events/s   worker {measured.cpu_ms_per_event:.3f} ms "
        f"(framework {(measured.cpu_ms_per_event - pure) * 1000:.0f} µs), broker "
        f"{measured.broker_cpu_ms_per_event:.3f} ms CPU an event   {measured.memory_mb:.0f} MB   {outcomes}"
    )


def pure_ms() -> float:
    """Return the processor milliseconds that dedupe and enrich take for a record, without any host."""
    settings = Settings.from_env({})
    dedupe = handlers.dedupe(settings, Store(), lambda record: record.offset)
    enrich = handlers.enrich(settings)
    _, found = articles()
    load = list(islice(records(found, _PURE, partitions=settings.partitions), _PURE))
    now = int(time.time() * 1000)
    arrived = [Record(RAW.name, r.partition, n, r.key, r.value, [], now) for n, r in enumerate(load)]
    for record in arrived[:200]:  # loads what is loaded at first use
        _decided(dedupe, enrich, [record])
    begun = time.process_time()
    for batch in parts(arrived[200:]):
        _decided(dedupe, enrich, batch)
    return (time.process_time() - begun) * 1000 / (len(arrived) - 200)


def _decided(dedupe: handlers.Handle, enrich: handlers.Handle, batch: Sequence[Record]) -> None:
    decided = zip(batch, dedupe(batch), strict=True)
    for _ in enrich([_passed_on(first, record) for record, (first, *_) in decided if first.stream == UNIQUE.name]):
        pass


def _passed_on(output: Output, record: Record) -> Record:
    return Record(output.stream, output.partition, record.offset, output.key, output.value, output.headers, record.time)
