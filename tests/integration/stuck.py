"""A worker that gets stuck at a certain record, in one of two ways."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streams import intake
from streams.settings import Settings
from streams.worker import work

monkeypatch = pytest.MonkeyPatch()
_HOUR = 3600


def blocked() -> None:
    """A decision that does not come back: nothing else in the event loop runs any more."""
    monkeypatch.setattr("agents.dedupe.agent.sight", lambda _: time.sleep(_HOUR))


def silent() -> None:
    """What Faust has been seen to do: it fetches no more, heartbeats go on, nothing is said."""

    async def nothing(_: intake.Inbox) -> AsyncIterator[Any]:
        await asyncio.sleep(_HOUR)
        yield

    monkeypatch.setattr(intake.Inbox, "batches", nothing)


if __name__ == "__main__":
    {"blocked": blocked, "silent": silent}[sys.argv[1]]()
    work(Settings.from_env())
