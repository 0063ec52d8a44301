"""``/metrics`` of ``geowire replay run``: how far it is."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prometheus_client.core import Metric

from schemas.errors import GeowireError
from streams.health.server import Answer, bind, serving
from streams.metrics import catalogue as m
from streams.metrics.page import page

if TYPE_CHECKING:
    from streams.settings import Settings

log = logging.getLogger(__name__)

_RUNNING = Answer(ok=True, phase="running")


@asynccontextmanager
async def told(settings: Settings, replay: str) -> AsyncIterator[Callable[[str, int, int], None]]:
    """Answer probes while the block runs; give what is to be told of a step's records done and all.

    A port that is taken is no reason not to replay: then nobody is told.

    Args:
        settings: The settings.
        replay: Id of the replay.
    """
    steps: dict[str, tuple[int, int]] = {}

    def note(step: str, done: int, total: int) -> None:
        steps[step] = (done, total)

    def collect() -> Iterator[Metric]:
        yield m.REPLAY_DONE.family(((replay, step), done) for step, (done, _) in steps.items())
        yield m.REPLAY_ALL.family(((replay, step), total) for step, (_, total) in steps.items())

    try:
        bound = bind(settings)
    except GeowireError as error:
        log.warning("no metrics of the replay: %s", error)
        bound = None
    async with serving(bound, live=lambda: _RUNNING, ready=lambda: _RUNNING, metrics=page("replay", collect)):
        yield note
