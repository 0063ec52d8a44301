"""Tables for people, JSON for scripts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import get_args, get_type_hints

import orjson
from rich.console import Console
from rich.table import Table

from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from streams.broker.admin import StreamStatus
from streams.settings import Settings

console = Console(soft_wrap=False)


def write_json(value: object) -> None:
    """Print a value as one JSON line."""
    sys.stdout.buffer.write(orjson.dumps(value, default=str) + b"\n")


def show_settings(settings: Settings, *, as_json: bool) -> None:
    """Print every setting: variable, value, meaning."""
    rows = []
    for field in fields(settings):
        value = getattr(settings, field.name)
        secret = field.metadata["secret"] and value
        rows.append((field.metadata["variable"], "(hidden)" if secret else _shown(value), field.metadata["doc"]))
    if as_json:
        write_json({variable: value for variable, value, _ in rows})
        return
    table = Table("Variable", "Value", "Meaning", header_style="bold", box=None, pad_edge=False)
    for variable, value, doc in rows:
        table.add_row(variable, value or "-", doc)
    console.print(table)


_PAGE = """# Configuration

Every setting is an environment variable; there is no configuration file. `geowire config` prints the effective values
(secrets hidden), `geowire config --json` as JSON. An empty variable counts as not set. A value that is not of its kind
stops the command with one line that names the variable, the value and what would do. A secret may stand in a file: its
variable with `_FILE` behind it names that file, and wins.

This page is written by `make generate` from `streams/settings.py`.

| Variable | Default | Meaning |
|---|---|---|
"""


def settings_page() -> str:
    """Return docs/configuration.md."""
    rows = []
    for field in fields(Settings):
        default = _shown(field.default)
        doc = field.metadata["doc"]
        choices = get_args(get_type_hints(Settings)[field.name])
        if all(isinstance(choice, str) for choice in choices) and choices:
            doc += " One of " + ", ".join(f"`{choice}`" for choice in choices) + "."
        variable = f"`{field.metadata['variable']}`" + (", `…_FILE`" if field.metadata["secret"] else "")
        rows.append(f"| {variable} | {f'`{default}`' if default else ''} | {doc} |\n")
    return _PAGE + "".join(rows)


def show_streams(settings: Settings, statuses: Sequence[StreamStatus], *, as_json: bool) -> None:
    """Print the streams of the table and how they are on the broker."""
    if as_json:
        for status in statuses:
            write_json(
                {
                    "stream": status.stream.name,
                    "topic": status.topic,
                    "exists": status.partitions > 0,
                    "partitions": status.partitions,
                    "key": status.stream.key,
                    "config": status.stream.config(settings),
                    "differences": status.differences,
                }
            )
        return
    table = Table("Stream", "Partitions", "Kept", "Key", "What it holds", header_style="bold", box=None, pad_edge=False)
    for status in statuses:
        stream = status.stream
        days = stream.retention_days if stream.retention_days is not None else settings.retention_days
        state = "; ".join(status.differences) or (str(status.partitions) if status.partitions else "missing")
        table.add_row(status.topic, state, "by key" if stream.compacted else f"{days} d", stream.key, stream.doc)
    console.print(table)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def span(milliseconds: int) -> str:
    """Return a stretch of time in the unit that suits it."""
    if milliseconds < 2 * MINUTE_MS:
        return f"{milliseconds // 1000} s"
    if milliseconds < 2 * HOUR_MS:
        return f"{milliseconds // MINUTE_MS} min"
    if milliseconds < 2 * DAY_MS:
        return f"{milliseconds // HOUR_MS} h"
    return f"{milliseconds // DAY_MS} d"
