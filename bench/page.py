"""docs/performance.md from the figures of a run: tables, plots, the machine, the versions, the commands.

Figures are kept in docs/figures/performance.json, part by part, so that one part can be measured anew.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).parents[1] / "docs"
_TEXTS = Path(__file__).parent / "texts"
_FIGURES = _DOCS / "figures" / "performance.json"
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
    lines = [(_TEXTS / "head.md").read_text("utf-8").rstrip(), ""]
    for part, render in _PARTS.items():
        if part in kept:
            lines += [*render(kept[part]), "", _measured(kept[part]["measured"]), ""]
    lines.append((_TEXTS / "tail.md").read_text("utf-8").rstrip())
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
        *_chart("articles/s", [c["name"] for c in corpora], [c["articles_per_second"] for c in corpora]),
        "",
        f"One round of the reference workload takes {figures['reference_us']:.0f} µs here. {figures['start']}",
    ]


_STREAM_INTRODUCTION = (
    "raw → enriched, one worker; broker, load generator and worker share the cores (`make bench ONLY=stream`). Load: "
    "{load}, each pass with other addresses and every fifth sentence another. Rates count enriched events only. The "
    "pure functions (dedupe, enrich) take {pure:.3f} ms of processor time an event; what a host takes "
    "beyond that is its own. ``worker`` is what `geowire work` runs: it tells stories, too (three more records an "
    "event); the others do not."
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
    latency = [
        [f"{at['rate']} events/s", at["p50_ms"], at["p99_ms"], ", ".join(map(str, at["p99_rounds_ms"]))]
        for at in figures["latencies"]
    ]
    return [
        "## End to end on a real Kafka",
        "",
        _STREAM_INTRODUCTION.format(load=figures["load"], pure=pure),
        "",
        *_table(head, rows),
        "",
        *_chart("events/s", [h["host"] for h in figures["hosts"]], [h["events_per_second"] for h in figures["hosts"]]),
        "",
        "Latency of geowire's own worker, from the moment a raw record is sent to its event (medians of some rounds):",
        "",
        *_table(["Load", "p50, ms", "p99, ms", "p99 of the rounds, ms"], latency),
    ]


def _scale(title: str, of: str, figures: Figures) -> list[str]:
    sizes = figures["sizes"]
    base = sizes[0]["cpu_ms_per_event"] + sizes[0]["broker_cpu_ms_per_event"]
    rows = [
        [
            f"{one['size']:,}",
            f"{one['events_per_second']:,.0f}",
            f"{one['cpu_ms_per_event']:.3f}",
            f"{one['broker_cpu_ms_per_event']:.3f}",
            f"{(one['cpu_ms_per_event'] + one['broker_cpu_ms_per_event']) / base:.2f}",
            f"{one['memory_mb']:.0f}",
            f"{one['recovery_seconds']:.1f}",
            *([] if one["restart_seconds"] is None else [f"{one['restart_seconds']:.1f}"]),
        ]
        for one in sizes
    ]
    head = [
        of,
        "events/s",
        "workers' CPU, ms",
        "broker CPU, ms",
        "cost, ratio",
        "MB",
        "first event, empty directory, s",
    ]
    if sizes[0]["restart_seconds"] is not None:
        head.append("first event, restart, s")
    return [
        f"## {title}",
        "",
        (
            f"Median of {figures['rounds']} rounds of {figures['records']:,} records "
            f"(`make bench-scale ONLY={sizes[0]['what']}`)."
        ),
        "",
        *_table(head, rows),
        "",
        *_chart(
            f"CPU ms an event, by {of}",
            [f"{one['size']:,}" for one in sizes],
            [round(one["cpu_ms_per_event"] + one["broker_cpu_ms_per_event"], 3) for one in sizes],
        ),
    ]


def _chart(title: str, names: Sequence[str], values: Sequence[float]) -> list[str]:
    """Return a bar chart that Git hosts and Markdown viewers with Mermaid draw."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return [
        "```mermaid",
        "xychart-beta",
        f'  title "{title}"',
        f"  x-axis [{quoted}]",
        f"  y-axis 0 --> {max(values) * 1.1:.3g}",
        f"  bar [{', '.join(f'{value:.4g}' for value in values)}]",
        "```",
    ]


def _compression(figures: Figures) -> list[str]:
    sizes = sorted({one["batch"] for one in figures["codecs"]})
    found = {(one["codec"], one["batch"]): f"{one['us']:.0f} µs, {one['left']:.0%}" for one in figures["codecs"]}
    names = list(dict.fromkeys(one["codec"] for one in figures["codecs"]))
    return [
        "## Compression",
        "",
        (
            f"Of events ({figures['corpus']}): processor time an event, and size left, by events in a batch "
            "(`make bench ONLY=compression`). `GEOWIRE_COMPRESSION` chooses."
        ),
        "",
        *_table(["Codec", *map(str, sizes)], [[name, *(found[name, size] for size in sizes)] for name in names]),
    ]


_PARTS: dict[str, Callable[[Figures], list[str]]] = {
    "core": _core,
    "stream": _stream,
    "compression": _compression,
    "scale-keys": partial(_scale, "How the cost grows: what dedupe knows", "keys"),
    "scale-partitions": partial(_scale, "How the cost grows: partitions", "partitions"),
    "scale-workers": partial(_scale, "Workers on the same cores", "workers"),
}
