"""docs/performance.md from the figures of a run: tables, plots, the machine, the versions, the commands.

Figures are kept in docs/performance.json, part by part, so that one part can be measured anew.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).parents[1] / "docs"
_FIGURES = _DOCS / "performance.json"
_PACKAGES = ("faust-streaming", "aiokafka", "quixstreams", "rocksdict", "orjson", "msgspec", "uvloop")

Figures = dict[str, Any]


def note(part: str, figures: Figures) -> None:
    """Keep the figures of a part, with when and on what they were measured."""
    kept = _kept()
    kept[part] = {"measured": _circumstances(), **figures}
    _FIGURES.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write() -> None:
    """Write the page from what is kept."""
    kept = _kept()
    lines = [(_DOCS / "performance-head.md").read_text("utf-8").rstrip(), ""]
    for part, render in _PARTS.items():
        if part in kept:
            lines += [*render(kept[part]), "", _measured(kept[part]["measured"]), ""]
    lines.append((_DOCS / "performance-tail.md").read_text("utf-8").rstrip())
    (_DOCS / "performance.md").write_text("\n".join(lines) + "\n", "utf-8")


def _kept() -> Figures:
    return json.loads(_FIGURES.read_text("utf-8")) if _FIGURES.exists() else {}


def _circumstances() -> Figures:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit.strip(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "versions": dict(_versions()),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _measured(on: Figures) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in on["versions"].items())
    return (
        f"*{on['date']}, commit {on['commit']}; {on['cores']} cores of {on['processor']}, CPython {on['python']}; "
        f"{versions}.*"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    marks = ["---" if number == 0 else "---:" for number in range(len(head))]
    return [f"| {' | '.join(map(str, row))} |" for row in (head, marks, *rows)]


def _core(figures: Figures) -> list[str]:
    corpora = figures["corpora"]
    stages = list(corpora[0]["stages"])
    rows = [
        [c["name"], f"{c['articles_per_second']:,.0f}", *(f"{c['stages'][stage]:.0f}" for stage in stages)]
        for c in corpora
    ]
    return [
        "## The pure pipe on one core",
        "",
        "Articles a second, and µs of processor time an article in each stage (`make bench ONLY=core`).",
        "",
        *_table(["Text", "articles/s", *stages], rows),
        "",
        f"One round of the reference workload takes {figures['reference_us']:.0f} µs here. {figures['start']}",
    ]


_STREAM_INTRODUCTION = (
    "raw → enriched, one worker; broker, load generator and worker share the cores (`make bench ONLY=stream`). Load: "
    "{load}, each pass with other addresses and every fifth sentence another. Rates count enriched events only. The "
    "pure functions take {pure:.3f} ms of processor time an event; what a worker takes beyond that is its framework's."
)


def _stream(figures: Figures) -> list[str]:
    pure = figures["pure_ms"]
    fastest = max(host["events_per_second"] for host in figures["hosts"])
    rows = [
        [
            host["host"],
            f"{host['events_per_second']:,.0f}",
            f"{host['events_per_second'] / fastest:.2f}",
            f"{host['cpu_ms_per_event']:.3f}",
            f"{(host['cpu_ms_per_event'] - pure) * 1000:.0f}",
            f"{host['broker_cpu_ms_per_event']:.3f}",
            f"{host['memory_mb']:.0f}",
            " / ".join(f"{count:,}" for count in host["outcomes"].values()),
        ]
        for host in figures["hosts"]
    ]
    head = [
        "Host",
        "events/s",
        "of the fastest",
        "worker CPU, ms",
        "of it framework, µs",
        "broker CPU, ms",
        "MB",
        "enriched / duplicates / letters",
    ]
    latency = [[f"{at['rate']} events/s", at["p50_ms"], at["p99_ms"]] for at in figures["latencies"]]
    return [
        "## End to end on a real Kafka",
        "",
        _STREAM_INTRODUCTION.format(load=figures["load"], pure=pure),
        "",
        *_table(head, rows),
        "",
        "Latency of geowire's own worker, from the moment a raw record is sent to its event:",
        "",
        *_table(["Load", "p50, ms", "p99, ms"], latency),
    ]


_PARTS = {"core": _core, "stream": _stream}
