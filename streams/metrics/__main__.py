"""``python -m streams.metrics``: print docs/metrics.md."""

from __future__ import annotations

import sys

from streams.metrics import catalogue

_HEAD = """# Metrics

Generated from `streams/metrics/catalogue.py` by `make generate`.

Each worker and each poller answers on a port of its own at `/metrics`, in Prometheus' text format, beside
[`/health/live` and `/health/ready`](liveness.md). `GEOWIRE_HEALTH_PORT` names the port, or a range of which each takes
the first free one; `GEOWIRE_HEALTH_HOST` the address, loopback unless it says otherwise. `make run` takes 9464 to 9479,
unless the settings say something else.

```sh
curl -s http://127.0.0.1:9464/metrics | grep ^geowire_
```

Numbers are those of one process since it started: sum over processes, and use `rate()` or `increase()` on counters.
Beside these each process has the client library's `process_*` (memory, processor time, open files, start time).

Counting costs an event less than 2 µs, a thousandth of what deciding it does (`make bench ONLY=metrics`). Labels are
bounded: hosts to 101, all others by what the code and the knowledge files name.
"""
_TITLES = {
    "several": "Worker and poller (`geowire_build_info`: replay too)",
    "worker": "Worker (`geowire work`)",
    "poller": "Poller (`geowire poll`)",
    "replay": "Replay (`geowire replay run`)",
}


def text() -> str:
    """Return the page."""
    parts = [_HEAD]
    for group, title in _TITLES.items():
        parts.append(f"\n## {title}\n\n| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n")
        for measure in catalogue.ALL:
            if (measure.of[0] if len(measure.of) == 1 else "several") == group:
                labels = ", ".join(f"`{label}`" for label in measure.labels)
                parts.append(f"| `{measure.name}` | {measure.kind} | {labels} | {measure.unit} | {measure.help} |\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(text())
