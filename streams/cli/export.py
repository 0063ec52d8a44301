"""``geowire export`` on the terminal: a bar, and where to."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import ConfigError
from streams.audit import parse_when
from streams.cli.progress import bars
from streams.export import Form, export
from streams.settings import Settings
from streams.tail import Filter


def run_export(settings: Settings, form: Form, *, when: str | None, only: Filter, out: Path | None) -> None:
    """Export.

    Raises:
        ConfigError: ``when`` is no time, or the file cannot be written.
        BrokerError: The stream cannot be read.
    """
    since = parse_when(when, datetime.now(UTC)) if when is not None else None
    with bars() as progress:
        if out is None:
            asyncio.run(export(settings, sys.stdout.buffer, form, since=since, only=only, progress=progress))
            return
        try:
            with out.open("wb") as file:
                count = asyncio.run(export(settings, file, form, since=since, only=only, progress=progress))
        except OSError as error:
            raise ConfigError(f"{out} cannot be written: {error.strerror}") from error
    print(f"{out}: {count:,} events", file=sys.stderr)
