"""``geowire run``: everything in order on one machine, and stopped in order.

Kafka first (the embedded one, unless the settings name another), then the streams, a worker, the poller; at the end
the poller first, so that nothing new comes, then the worker, which sends out what it has, and Kafka last.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import fields
from typing import TYPE_CHECKING

from msgspec import Struct

from schemas.errors import InfrastructureError
from streams import logs
from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka, die_with_parent
from streams.polling import feedlist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.settings import Settings

log = logging.getLogger(__name__)

_STOP_SECONDS = 40.0
_RESTARTS = 5
_RESTART_WINDOW_SECONDS = 300.0
_CONFIG_EXIT = 2


class _Child(Struct):
    name: str
    process: subprocess.Popen[bytes]
    started: list[float]


def run_all(settings: Settings) -> None:
    """Start everything, watch over it, and stop it when told to.

    Raises:
        ConfigError: Something the operator gave is wrong.
        InfrastructureError: A part cannot be kept running.
    """
    feedlist.load(settings.feeds)  # what is wrong with it is said before anything is started
    logs.configure(settings)
    stop = _StopSignal()
    with ExitStack() as parts:
        if not settings.bootstrap_servers:
            kafka = parts.enter_context(EmbeddedKafka(settings))
            log.info("Kafka at %s, data in %s", kafka.address, kafka.directory)
        asyncio.run(admin.apply(settings))
        environment = _environment(settings)
        children = []
        for name in ("work", "poll"):  # stopped the other way round
            child = _Child(name, _start(name, environment), [time.monotonic()])
            parts.callback(_stop, child)
            children.append(child)
        log.info("worker and poller started; Ctrl-C stops everything in order")
        while not stop.wait(0.2):
            for child in children:
                _keep_alive(child, environment, stop)
        log.info("stopping: poller, worker%s", "" if settings.bootstrap_servers else ", Kafka")


def wait_for_signal(alive: Callable[[], bool]) -> None:
    """Wait for Ctrl-C or SIGTERM.

    Raises:
        InfrastructureError: What was to be kept alive ended by itself.
    """
    stop = _StopSignal()
    while not stop.wait(0.2):
        if not alive():
            raise InfrastructureError("Kafka ended by itself; its log is in the data directory")


class _StopSignal:
    """Remembers SIGINT and SIGTERM instead of raising in the middle of something."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def wait(self, seconds: float) -> bool:
        time.sleep(seconds)
        return self.received

    def _note(self, *_: object) -> None:
        self.received = True


def _environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment for the parts: ours, with what the command line changed."""
    environment = dict(os.environ)
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != field.default:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            environment[field.metadata["variable"]] = text
    return environment


def _start(name: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "streams.cli", name],
        env=environment,
        # As for Kafka: Ctrl-C must reach only us, and nobody outlives us.
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509
    )


def _keep_alive(child: _Child, environment: Mapping[str, str], stop: _StopSignal) -> None:
    code = child.process.poll()
    if code is None or stop.received:
        return
    if code == _CONFIG_EXIT:
        raise InfrastructureError(f"`geowire {child.name}` refused to run; it said why above")
    now = time.monotonic()
    child.started = [at for at in child.started if now - at < _RESTART_WINDOW_SECONDS]
    if len(child.started) >= _RESTARTS:
        raise InfrastructureError(
            f"`geowire {child.name}` ended {_RESTARTS} times within {_RESTART_WINDOW_SECONDS:.0f} s, last with exit "
            f"code {code}; it said why above"
        )
    log.warning("`geowire %s` ended with exit code %d: starting it again", child.name, code)
    stop.wait(1.0)
    child.started.append(time.monotonic())
    child.process = _start(child.name, environment)


def _stop(child: _Child) -> None:
    child.process.terminate()
    try:
        child.process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("`geowire %s` did not stop within %.0f s: ending it", child.name, _STOP_SECONDS)
        child.process.kill()
        child.process.wait()
