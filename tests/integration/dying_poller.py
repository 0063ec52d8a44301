"""A poller that kills itself with kill -9 at a given point of its first poll with news in it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from streams.polling import poll, poller, sending, states
from streams.polling.service import serve
from streams.settings import Settings

monkeypatch = pytest.MonkeyPatch()
_send_items, _store = sending.send_items, states.store


def die(*_: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


async def after_fetch(self: poll.Polls, *arguments: Any) -> Any:
    die()


async def after_half_the_items(
    producer: Any, settings: Settings, feed_id: str, items: Any, *more: Any, **traced: Any
) -> Any:
    sent = await _send_items(producer, settings, feed_id, items[: len(items) // 2], *more, **traced)
    if items:
        die()
    return sent


async def before_the_state(*arguments: Any) -> None:
    die()


async def after_the_state(*arguments: Any) -> None:
    await _store(*arguments)
    die()


if __name__ == "__main__":
    point, feeds = sys.argv[1:]
    match point:
        case "after fetch":
            monkeypatch.setattr(poll.Polls, "_read", after_fetch)
        case "after half the items":
            monkeypatch.setattr(poller, "send_items", after_half_the_items)
        case "before the state":
            monkeypatch.setattr(states, "store", before_the_state)
        case "after the state":
            monkeypatch.setattr(states, "store", after_the_state)
    serve(Settings.from_env(), Path(feeds), once=True)
