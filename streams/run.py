"""``geowire run``: everything in order on one machine, and stopped in order.

Kafka first (the embedded one, unless the settings name another), then the streams, a worker, the poller, the console.
At the end the poller goes before the worker, so that nothing new comes while it sends out what it has, and Kafka last.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import Struct
from rich.console import Console
from rich.live import Live

from schemas.errors import InfrastructureError
from streams import logs
from streams.broker import admin
from streams.broker.connection import bootstrap_servers
from streams.broker.embedded import EmbeddedKafka, die_with_parent
from streams.console.address import running_address
from streams.live.screen import About, draw
from streams.live.tally import Tally
from streams.live.watch import last_look, watch
from streams.offer import Offer
from streams.polling import feedlist
from streams.polling.reach import unreachable
from streams.polling.service import put_in_force

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from schemas.feed import Feed
    from streams.polling.subscriptions import Roll
    from streams.settings import Settings

log = logging.getLogger(__name__)

_STOP_SECONDS = 40.0
_RESTARTS = 5
_RESTART_WINDOW_SECONDS = 300.0
_CONFIG_EXIT = 2
_SUMMARY_SECONDS = 60.0
_READY_SECONDS = 30.0
_LOG_LINES = 200
_HEALTH_PORTS = "9464-9479"
CONSOLE = "console"
SAMPLE = "sample"
"""Namespace of the sample newsroom's streams: they never meet real ones."""


def run_all(settings: Settings, *, sample: bool, plain: bool) -> None:
    """Start everything, watch over it, and stop it when told to.

    Args:
        settings: The settings; ``settings.feeds`` is the feed list, None the shipped one.
        sample: Play the sample newsroom instead.
        plain: Log lines rather than a live view, as where there is no terminal.

    Raises:
        ConfigError: Something the operator gave is wrong.
        InfrastructureError: A part cannot be kept running.
    """
    console = Console()
    live = console.is_terminal and not console.is_dumb_terminal and not plain
    feeds = [] if sample else feedlist.in_force(settings.feeds)  # what is wrong is said before anything is started
    logs.configure(settings)
    stop = _StopSignal()
    with ExitStack() as parts:
        if not settings.bootstrap_servers:
            log.info("starting Kafka on %s", settings.data_dir)
            kafka = parts.enter_context(EmbeddedKafka(settings))
            log.info("Kafka at %s, data in %s", kafka.address, kafka.directory)
        if not stop.received:
            summary = asyncio.run(_run(settings, feeds, stop, console if live else None, sample=sample))
            log.info("%s", summary)


async def _run(
    settings: Settings, feeds: Sequence[Feed], stop: _StopSignal, console: Console | None, *, sample: bool
) -> str:
    """Run the parts until told to stop; return what was done, in one line."""
    async with AsyncExitStack() as opened:
        notice = None
        if not sample:
            await admin.apply(settings)
            roll = await put_in_force(settings, feeds)
            notice, sample = await _unreachable(settings, roll)
        if sample:
            settings, feeds = await opened.enter_async_context(_sample_newsroom(settings))
            notice = notice or "This is the sample newsroom: every outlet and every story is invented."
            await admin.apply(settings)
            roll = await put_in_force(settings, feeds)
        offer = Offer(first=False) if sample else await Offer.of(settings)
        tally = await opened.enter_async_context(_tally(settings))
        async with _children(settings, quiet=console is not None) as children:
            log.info("worker and poller started: %d feeds; Ctrl-C stops everything in order", len(roll.active))
            if console is None:
                await _log_summaries(tally, offer, children, stop)
            else:
                await _show(lambda: _about(settings, notice or offer.notice(tally)), tally, console, children, stop)
            log.info("stopping: poller, worker%s", "" if settings.bootstrap_servers else ", Kafka")
        await last_look(tally)
        summary = _summary(tally)
        if console is not None:
            stop.received = False
            await offer.ask(settings, tally, console, enough=lambda: stop.received)
    return summary


async def _unreachable(settings: Settings, roll: Roll) -> tuple[str | None, bool]:
    """Return what the operator must know where no feed can be reached, and whether to play the sample newsroom.

    It plays only for somebody who has said nothing about feeds yet.
    """
    active = roll.active
    reason = await unreachable([subscription.url for subscription in active])
    if reason is None:
        return None, False
    plays = not settings.feeds and not any(subscription.added for subscription in active)
    goes_on = "playing the sample newsroom instead." if plays else "polling goes on."
    notice = f"None of {len(active)} feeds can be reached ({reason}): {goes_on}"
    log.warning("%s", notice)
    return notice, plays


def _about(settings: Settings, notice: str | None) -> About:
    sample = settings.namespace.endswith(SAMPLE)
    namespace = f"GEOWIRE_NAMESPACE={settings.namespace} " if sample else ""
    feeds = f"feeds: {settings.feeds.name}" if settings.feeds else "shipped feed list"
    return About(
        kafka=bootstrap_servers(settings),
        feeds="sample newsroom" if sample else feeds,
        notice=notice,
        console=running_address(settings),
        hint=f"in another terminal: {namespace}geowire tail",
    )


@asynccontextmanager
async def _tally(settings: Settings) -> AsyncIterator[Tally]:
    """Count from now on; nothing is started before everything that follows will be counted."""
    tally = Tally()
    watching = asyncio.create_task(watch(settings, tally))
    try:
        try:
            await asyncio.wait_for(asyncio.gather(tally.following.wait(), tally.measuring.wait()), _READY_SECONDS)
        except TimeoutError as error:
            raise InfrastructureError(tally.problem or f"Kafka gave nothing within {_READY_SECONDS:.0f} s") from error
        yield tally
    finally:
        watching.cancel()


@asynccontextmanager
async def _sample_newsroom(settings: Settings) -> AsyncIterator[tuple[Settings, list[Feed]]]:
    """Serve the sample newsroom on loopback; give the settings and the feed list to poll it with."""
    from streams.sample.newsroom import newsroom  # its articles are read only where they are played

    namespace = f"{settings.namespace}-{SAMPLE}" if settings.namespace else SAMPLE
    async with newsroom() as site:
        path = settings.data_dir.expanduser() / "sample-feeds.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(feedlist.dump(site.feeds), "utf-8")
        yield (
            replace(
                settings,
                namespace=namespace,
                feeds=path,
                allow_private=(*settings.allow_private, site.address),
                poll_seconds=5,
                poll_floor_seconds=2,
                poll_host_seconds=0.0,
            ),
            site.feeds,
        )


async def _log_summaries(tally: Tally, offer: Offer, children: Sequence[_Child], stop: _StopSignal) -> None:
    due = time.monotonic() + _SUMMARY_SECONDS
    offered = None
    while not stop.received:
        await asyncio.sleep(0.2)
        for child in children:
            child.keep_alive()
        if time.monotonic() >= due:
            log.info("%s", _summary(tally))
            due += _SUMMARY_SECONDS
        if offered is None and (offered := offer.notice(tally)):
            log.warning("%s", offered)


async def _show(
    about: Callable[[], About], tally: Tally, console: Console, children: Sequence[_Child], stop: _StopSignal
) -> None:
    """Show the live view; log lines go into it."""
    lines: deque[str] = deque(maxlen=_LOG_LINES)
    with logs.redirected(lines.append), Live(console=console, screen=True, auto_refresh=False) as live:
        while not stop.received:
            for child in children:
                child.keep_alive()
            width, height = console.size
            live.update(draw(about(), tally, list(lines), width=width, height=height), refresh=True)
            await asyncio.sleep(0.25)


def _summary(tally: Tally) -> str:
    counts = tally.counts
    return (
        f"{counts['items']} items in, {counts['duplicates']} duplicates, {counts['events']} events out "
        f"({counts['edits']} edits, {counts['removed']} interjections removed), {counts['letters']} dead letters; "
        f"{tally.healthy} feeds ok, {len(tally.failing)} failing of {tally.feeds}"
    )


def wait_for_signal(alive: Callable[[], bool]) -> None:
    """Wait for Ctrl-C or SIGTERM.

    Raises:
        InfrastructureError: What was to be kept alive ended by itself.
    """
    stop = _StopSignal()
    while not stop.received:
        time.sleep(0.2)
        if not alive():
            raise InfrastructureError("Kafka ended by itself; its log is in the data directory")


class _StopSignal:
    """Remembers SIGINT and SIGTERM instead of raising in the middle of something."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self.received = True


class _Command(Struct, frozen=True):
    """How a part is started."""

    name: str
    environment: Mapping[str, str]
    log: Path | None
    """Where its log lines go; None: to our standard error."""

    def start(self) -> subprocess.Popen[bytes]:
        output: IO[bytes] | None = self.log.open("ab") if self.log else None
        try:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "streams.cli", self.name],
                env=self.environment,
                stderr=output,
                # As for Kafka: Ctrl-C must reach only us, and nobody outlives us.
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )
        finally:
            if output is not None:
                output.close()

    def last_words(self) -> str:
        """What it said last, where it does not say it to our own standard error."""
        if self.log is None:
            return "it said why above"
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return f"its last words: {lines[-1]}" if lines else "it said nothing"


class _Child:
    """A part that is kept running."""

    def __init__(self, command: _Command) -> None:
        self._command = command
        self._given_up = False
        self._process = command.start()
        self._started = [time.monotonic()]

    def keep_alive(self) -> None:
        """Start the part again where it ended, a second later, and not for ever.

        Raises:
            InfrastructureError: It refused to run, or ended too often.
        """
        code = self._process.poll()
        if code is None or self._given_up or time.monotonic() < self._started[-1] + 1.0:
            return
        name = self._command.name
        if code == _CONFIG_EXIT and name == CONSOLE:
            # Its port may be taken; news flow without anybody looking.
            log.warning("`geowire %s` refused to run: %s", name, self._command.last_words())
            self._given_up = True
            return
        if code == _CONFIG_EXIT:
            raise InfrastructureError(f"`geowire {name}` refused to run; {self._command.last_words()}")
        now = time.monotonic()
        self._started = [at for at in self._started if now - at < _RESTART_WINDOW_SECONDS]
        if len(self._started) >= _RESTARTS:
            raise InfrastructureError(
                f"`geowire {name}` ended {_RESTARTS} times within {_RESTART_WINDOW_SECONDS:.0f} s, last with exit "
                f"code {code}; {self._command.last_words()}"
            )
        log.warning(
            "`geowire %s` ended with exit code %d and is started again; %s", name, code, self._command.last_words()
        )
        self._started.append(now)
        self._process = self._command.start()

    def stop(self) -> None:
        """Stop in order, or after a while without."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("`geowire %s` did not stop within %.0f s: ending it", self._command.name, _STOP_SECONDS)
            self._process.kill()
            self._process.wait()


@asynccontextmanager
async def _children(settings: Settings, *, quiet: bool) -> AsyncIterator[list[_Child]]:
    """Start the worker, the poller, then the console; stop them the other way round."""
    environment = _environment(settings)
    directory = settings.data_dir.expanduser() / "logs"
    if quiet:
        # What the poller says of every poll is on the screen; warnings go to a file.
        environment["GEOWIRE_LOG_LEVEL"] = "WARNING"
        directory.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as parts:
        children = []
        for name in ("work", "poll", CONSOLE):
            path = directory / f"{name}.log" if quiet else None
            if path is not None:
                path.write_bytes(b"")
            child = _Child(_Command(name, environment, path))
            # Not in the loop: the sample newsroom still answers, and what comes out is still counted.
            parts.push_async_callback(asyncio.to_thread, child.stop)
            children.append(child)
        yield children


def _environment(settings: Settings) -> dict[str, str]:
    """Return the environment for the parts: ours, with what the command line changed."""
    environment = dict(os.environ)
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != field.default:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            environment[field.metadata["variable"]] = text
    environment.setdefault("GEOWIRE_HEALTH_PORT", _HEALTH_PORTS)
    return environment
