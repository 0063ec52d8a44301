"""raw → enriched on a real Kafka: events a second, processor time per event, latency; one worker, any host.

Broker, load generator and worker share the machine's cores. Rates count enriched events only, from the first one to the
last by the broker's own clock; the outcomes of all records are counted and printed.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from aiokafka import ConsumerRecord
from msgspec import Struct

from schemas.errors import InfrastructureError
from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of
from tests.processes import Part

HOSTS: dict[str, tuple[str, ...]] = {
    "faust": ("-m", "bench.hosts.faust"),
    "worker": ("-m", "streams.cli", "work"),
    "quix": ("-m", "bench.hosts.quix"),
    "aiokafka": ("-m", "bench.hosts.bare"),
}
"""How the same pure functions are hosted: in geowire's app (with stories: ``worker``), Quix Streams, a bare loop."""

_OUTCOMES = ("news.enriched", "news.duplicates", "news.dead-letter")
_WARM_UP = 200
_LONGEST = 900.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Run(Struct, frozen=True, kw_only=True):
    """What one run of the pipe gave.

    Attributes:
        host: Which worker.
        records: Records sent to news.raw.
        outcomes: Records by outcome stream.
        seconds: From the first enriched event to the last, broker's clock.
        events_per_second: Enriched events only.
        cpu_ms_per_event: Processor time of the worker, user and system, for each record.
        broker_cpu_ms_per_event: The same of the broker.
        latencies_ms: Of each event, from the moment its raw record was sent; sorted.
        memory_mb: Resident memory of the worker at the end.
    """

    host: str
    records: int
    outcomes: dict[str, int]
    seconds: float
    events_per_second: float
    cpu_ms_per_event: float
    broker_cpu_ms_per_event: float
    latencies_ms: tuple[int, ...]
    memory_mb: float

    def latency(self, share: float) -> int:
        """Return the latency in milliseconds that this share of the events stays below."""
        return self.latencies_ms[min(len(self.latencies_ms) - 1, int(share * len(self.latencies_ms)))]


@contextmanager
def broker(directory: Path) -> Iterator[EmbeddedKafka]:
    """Run an embedded Kafka for a benchmark."""
    settings = Settings.from_env({"GEOWIRE_DATA_DIR": str(directory), "GEOWIRE_BROKER_PORT": "0"})
    with EmbeddedKafka(settings, extra={"group.min.session.timeout.ms": "1000"}) as kafka:
        yield kafka


def place(kafka: EmbeddedKafka, directory: Path, *, partitions: int = 8) -> dict[str, str]:
    """Return the environment of a pipe with streams and directories of its own; its streams are made."""
    namespace = f"b{uuid4().hex[:8]}"
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
        "GEOWIRE_NAMESPACE": namespace,
        "GEOWIRE_DATA_DIR": str(directory / namespace),
        "GEOWIRE_PARTITIONS": str(partitions),
        "GEOWIRE_LOG_LEVEL": "WARNING",
    }
    asyncio.run(admin.apply(Settings.from_env(environment)))
    return environment


def measure(kafka: EmbeddedKafka, host: str, *, count: int, rate: float, directory: Path) -> Run:
    """Send ``count`` records at a rate through one worker on fresh streams, and measure it."""
    environment = place(kafka, directory)
    with Part(*HOSTS[host], environment=environment, log=directory / f"{host}.log") as worker:
        send(environment, [worker], count=_WARM_UP, rate=1_000, first=0)
        return measure_load(kafka, host, environment, [worker], count=count, rate=rate, first=_WARM_UP)


def send(environment: Mapping[str, str], workers: Sequence[Part], *, count: int, rate: float, first: int) -> None:
    """Send records, the ``first`` ones of the load left out, and wait until each has its outcome."""
    with _sending(environment, workers, count=count, rate=rate, first=first):
        pass


@contextmanager
def _sending(
    environment: Mapping[str, str], workers: Sequence[Part], *, count: int, rate: float, first: int
) -> Iterator[None]:
    """Prepare records; they are sent when the block ends, and it ends when each has its outcome."""
    settings = Settings.from_env(environment)
    with _generator(environment, count, rate, first) as load:
        expected = asyncio.run(_sum(settings)) + count
        _ready(load)
        yield
        _let_go(load)
        asyncio.run(_settled(settings, expected, workers))


def measure_load(
    kafka: EmbeddedKafka,
    host: str,
    environment: Mapping[str, str],
    workers: Sequence[Part],
    *,
    count: int,
    rate: float,
    first: int,
) -> Run:
    """Send records through running workers, and measure those."""
    settings = Settings.from_env(environment)
    pids = [worker.process.pid for worker in workers]
    before = asyncio.run(_ends(settings))
    with _sending(environment, workers, count=count, rate=rate, first=first):
        cpu, broker_cpu = sum(map(_cpu, pids)), _cpu(kafka.pid)
    cpu, broker_cpu = sum(map(_cpu, pids)) - cpu, _cpu(kafka.pid) - broker_cpu
    memory = sum(map(memory_mb, pids))
    records, sent = asyncio.run(_outcomes(settings, before))
    events = records["news.enriched"]
    times = [record.timestamp for record in events]
    seconds = (max(times) - min(times)) / 1000
    return Run(
        host=host,
        records=count,
        outcomes={stream: len(found) for stream, found in records.items()},
        seconds=seconds,
        events_per_second=len(events) / seconds,
        cpu_ms_per_event=cpu * 1000 / count,
        broker_cpu_ms_per_event=broker_cpu * 1000 / count,
        latencies_ms=tuple(sorted(r.timestamp - sent[streams_of.origin(r)] for r in events)),
        memory_mb=memory,
    )


@contextmanager
def _generator(environment: Mapping[str, str], count: int, rate: float, first: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.generate", str(count), str(rate), str(first)]
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _ready(generator: subprocess.Popen[str]) -> None:
    if generator.stdout is None or generator.stdout.readline() != "ready\n":
        raise InfrastructureError("the load generator ended; what it said stands above")


def _let_go(generator: subprocess.Popen[str]) -> None:
    if generator.stdin is not None:
        generator.stdin.write("\n")
        generator.stdin.flush()


async def _sum(settings: Settings) -> int:
    return sum([await streams_of.count(settings, stream) for stream in _OUTCOMES])


async def _settled(settings: Settings, count: int, workers: Sequence[Part]) -> None:
    async def done() -> bool:
        for worker in workers:
            if worker.process.poll() is not None:
                raise InfrastructureError(f"a worker ended:\n{worker.said()[-2000:]}")
        return await _sum(settings) >= count

    await streams_of.until(done, seconds=_LONGEST, what=f"{count} outcomes")


async def _ends(settings: Settings) -> dict[str, dict[int, int]]:
    return {stream: await streams_of.ends(settings, stream) for stream in _OUTCOMES}


async def _outcomes(
    settings: Settings, since: dict[str, dict[int, int]]
) -> tuple[dict[str, list[ConsumerRecord]], dict[str, int]]:
    """Return the records of the outcome streams from these offsets on, and when each raw record was sent."""
    found = await streams_of.read(settings, "news.raw", *_OUTCOMES)
    sent = {f"{r.partition}:{r.offset}": r.timestamp for r in found["news.raw"]}
    return {name: [r for r in found[name] if r.offset >= since[name][r.partition]] for name in _OUTCOMES}, sent


def _cpu(pid: int) -> float:
    """Return the processor seconds of a process and its children so far."""
    total = 0.0
    for stat in [Path(f"/proc/{pid}/stat"), *(Path(f"/proc/{child}/stat") for child in _children(pid))]:
        fields = stat.read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def _children(pid: int) -> Sequence[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = [int(child) for child in (task / "children").read_text().split()]
        found += [*children, *(grandchild for child in children for grandchild in _children(child))]
    return found


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


def main() -> None:
    """Measure one host: ``python -m bench.end_to_end HOST COUNT RATE``."""
    import tempfile

    host, count, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    with tempfile.TemporaryDirectory() as directory, broker(Path(directory) / "kafka") as kafka:
        begun = time.perf_counter()
        run = measure(kafka, host, count=count, rate=rate, directory=Path(directory))
        print(
            f"{host}: {run.events_per_second:,.0f} events/s, worker {run.cpu_ms_per_event:.3f} ms CPU, broker "
            f"{run.broker_cpu_ms_per_event:.3f} ms, p50 {run.latency(0.5)} ms, p99 {run.latency(0.99)} ms, "
            f"{run.memory_mb:.0f} MB, {run.outcomes}, {time.perf_counter() - begun:.0f} s"
        )


if __name__ == "__main__":
    main()
