"""The health thread: looks at the process from time to time, answers probes, and ends it where it stands still.

A thread with an event loop of its own, because what it watches over is the main event loop: a probe answered by that
loop says nothing where it is blocked. What blocks the whole interpreter (a regular expression that never ends does)
stops this thread as well; then Python's own ``faulthandler`` ends the process, from a thread that needs no interpreter.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from prometheus_client.core import Metric

from schemas.errors import InfrastructureError
from streams.delivery import fail
from streams.health.pulse import Phase, Pulse, Work
from streams.health.server import Answer, bind, serving
from streams.health.watchdog import PATIENCE, Look, Watchdog
from streams.metrics import catalogue
from streams.metrics.catalogue import Process
from streams.metrics.page import page

if TYPE_CHECKING:
    from streams.settings import Settings

log = logging.getLogger(__name__)


class Health(Protocol):
    """What a process tells of itself."""

    @property
    def pulse(self) -> Pulse:
        """Its signs of life."""

    @property
    def phase(self) -> Phase:
        """What it is about; asked from the health thread: the event loop may be blocked."""

    def look(self) -> None:
        """Bring the pulse up to date; called with every beat, in the process's own event loop."""

    async def read(self) -> Mapping[str, Work] | None:
        """Return how much waits where, None where that cannot be read; called in the health thread's loop."""

    def collect(self) -> Iterator[Metric]:
        """Yield its metrics; called in the health thread."""


_LOOK_SECONDS = 5.0
_LOOKS = 10
"""Looks within the time after which the process counts as standing still, at least."""
_WARNED_SECONDS = 3.0
"""How long it answers 503 before it is ended: whoever asks sees why."""
_LAST_WORDS_SECONDS = 10.0
_STOP_SECONDS = 5.0
_DEFAULT_SECONDS = 60.0
_ANSWERS = 4
"""Answers that may be waited for in vain within that time."""


def answer_seconds(settings: Settings) -> float:
    """Return how long reading what waits may take."""
    return min(_LOOK_SECONDS, (settings.watchdog_seconds or _DEFAULT_SECONDS) / _ANSWERS)


class Attendant:
    """The health thread of a process."""

    def __init__(self, settings: Settings, process: Process, health: Health) -> None:
        """Take the port; nothing is watched before ``start``.

        Args:
            settings: The settings.
            process: Which process this is.
            health: What it tells of itself.

        Raises:
            ConfigError: The address is wrong.
            InfrastructureError: The port is taken.
        """
        self._seconds = settings.watchdog_seconds or _DEFAULT_SECONDS
        self._ends = settings.watchdog_seconds > 0
        self._health = health
        self._pulse = health.pulse
        self._metrics = page(process, self._collect)
        self._bound: socket.socket | None = bind(settings)
        self._trouble: InfrastructureError | None = None
        self._work: Mapping[str, Work] | None = None
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[object]] | None = None
        self.thread = threading.Thread(target=self._run, name="health", daemon=True)
        if self._bound is not None:
            log.info("health and metrics at http://%s:%d", *self._bound.getsockname()[:2])

    def start(self) -> None:
        """Begin to look and to answer."""
        self.thread.start()

    def stop(self) -> None:
        """Look no more."""
        if self._running is not None:
            loop, task = self._running
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(task.cancel)
        self.thread.join(_STOP_SECONDS)
        faulthandler.cancel_dump_traceback_later()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._attend())

    async def _attend(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        self._running = (asyncio.get_running_loop(), task)
        async with serving(self._bound, live=self._live, ready=self._ready, metrics=self._metrics):
            await self._watch()

    async def _watch(self) -> None:
        pause = min(_LOOK_SECONDS, self._seconds / _LOOKS)
        watchdog = Watchdog(self._seconds)
        looked, warned = time.monotonic(), 0.0
        while True:
            if self._ends:
                faulthandler.dump_traceback_later(PATIENCE * self._seconds, exit=True)
            await asyncio.sleep(pause)
            self._work = await self._read()
            now = time.monotonic()
            # Frozen, or asleep with the machine: not time in which something could have been done.
            passed, looked = min(now - looked, 2 * pause + self._seconds / 2), now
            trouble = watchdog.look(self._look(), passed)
            if trouble is not None and self._trouble is None:
                warned = now
                log.error("%s%s", trouble, "" if self._ends else "; GEOWIRE_WATCHDOG_SECONDS=0: going on")
                faulthandler.dump_traceback()
            self._trouble = trouble
            if trouble is not None and self._ends and now - warned >= min(_WARNED_SECONDS, self._seconds):
                end(trouble)

    async def _read(self) -> Mapping[str, Work] | None:
        try:
            return await self._health.read()
        except Exception:  # whatever it is, it counts as unread; this thread must not die of it
            log.exception("cannot say what waits")
            return None

    def _collect(self) -> Iterator[Metric]:
        yield catalogue.LIVE.family([((), float(self._live().ok))])
        yield catalogue.READY.family([((), float(self._ready().ok))])
        yield from self._health.collect()

    def _look(self) -> Look:
        pulse = self._pulse
        return Look(
            phase=self._phase,
            beats=pulse.beats,
            moves=pulse.moves,
            recovering=pulse.recovering > 0,
            work=self._work,
        )

    @property
    def _phase(self) -> Phase:
        return "stopping" if self._pulse.stopping else self._health.phase

    def _live(self) -> Answer:
        trouble = self._trouble
        return self._answer(None if trouble is None else str(trouble))

    def _ready(self) -> Answer:
        if self._trouble is not None:
            return self._live()
        phase = self._phase
        if phase != "running":
            return self._answer(phase)
        return self._answer("recovering state" if self._pulse.recovering else None)

    def _answer(self, reason: str | None) -> Answer:
        waiting = {place: at.waiting for place, at in (self._work or {}).items() if at.waiting}
        return Answer(ok=reason is None, phase=self._phase, reason=reason, waiting=waiting)


def end(trouble: InfrastructureError) -> None:
    """End the process, whatever hangs in it: a log line may never come out where nobody reads our standard error."""
    timer = threading.Timer(_LAST_WORDS_SECONDS, os._exit, [trouble.exit_code])
    timer.daemon = True
    timer.start()
    fail(trouble)


@asynccontextmanager
async def attended(settings: Settings, process: Process, health: Health) -> AsyncIterator[None]:
    """Watch over this event loop, and answer probes, while the block runs.

    Args:
        settings: The settings.
        process: Which process this is.
        health: What it tells of itself.

    Raises:
        ConfigError: The address to answer at is wrong.
        InfrastructureError: The port is taken.
    """
    attendant = Attendant(settings, process, health)
    beating = asyncio.create_task(health.pulse.beat(health.look))
    attendant.start()
    try:
        yield
    finally:
        health.pulse.stopping = True
        beating.cancel()
        attendant.stop()
