"""How ``geowire status`` shows what it found: one screen for people, one JSON object for scripts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.times import from_milliseconds
from streams.broker.admin import Member
from streams.cli.audit import printable
from streams.cli.show import console, span, write_json
from streams.polling.overview import Feeds
from streams.settings import Settings
from streams.status import Status, StreamLook, judge, look, notes

_FAILING_SHOWN = 10
_CODES_SHOWN = 10
_HOSTS_SHOWN = 3
_TIMES = frozenset({"time", "oldest", "newest", "polled", "next_due", "succeeded"})


def run_status(settings: Settings, *, as_json: bool) -> bool:
    """Look, print what was found, and return whether all is well.

    Raises:
        ConfigError: A setting is wrong.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said by our own errors
    status = asyncio.run(look(settings))
    attention = judge(status, poll_seconds=settings.poll_seconds)
    if as_json:
        found = _with_times({**msgspec.to_builtins(status), "lag": status.lag})
        write_json({"healthy": not attention, "attention": attention, "notes": notes(status), **found})
    else:
        show_status(status, attention, console)
    return not attention


def _with_times(value: Any) -> Any:
    """Return what was found with its times as in the events, not in milliseconds."""
    if isinstance(value, dict):
        return {
            key: from_milliseconds(item) if key in _TIMES and item is not None else _with_times(item)
            for key, item in value.items()
        }
    return [_with_times(item) for item in value] if isinstance(value, list | tuple) else value


def show_status(status: Status, attention: list[str], out: Console) -> None:
    """Print a status for people."""
    out.print(_head(status))
    if status.problem is None:
        out.print()
        out.print(_streams(status))
        if status.feeds is not None and status.feeds.failing:
            out.print()
            out.print(_failing(status.feeds, status.time))
        if status.letters is not None and status.letters.kept:
            out.print()
            out.print(_letters(status))
    out.print()
    if not attention:
        out.print(Text("healthy", style="bold green"))
    for line in attention:
        out.print(Text(f"! {printable(line)}", style="bold red"))
    for line in notes(status):
        out.print(Text(f"- {printable(line)}", style="yellow"))


def _head(status: Status) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    if status.problem is not None:
        table.add_row("Kafka", Text(f"{status.broker or 'none'}, not reachable", style="red"))
    else:
        brokers = "1 broker" if status.brokers == 1 else f"{status.brokers} brokers"
        table.add_row("Kafka", Text(f"{status.broker}, {brokers}"))
        table.add_row(
            "Workers", _members(status.workers, status.group, needed=bool(status.lag), state=status.group_state)
        )
        polled = status.feeds is not None and status.feeds.total > 0
        table.add_row("Pollers", _members(status.pollers, f"{status.group}-poll", needed=polled))
        if status.feeds is not None:
            table.add_row("Feeds", ", ".join(_feeds(status.feeds, status.time)))
    for name, text in _knowledge(status):
        table.add_row(name, text)
    return table


def _members(members: Sequence[Member], group: str, *, needed: bool, state: str = "") -> Text:
    count, hosts = len(members), sorted({member.host for member in members})
    if not count:
        return Text(f"none in group {group}", style="red" if needed else "yellow")
    on = ", ".join(hosts) if len(hosts) <= _HOSTS_SHOWN else f"{len(hosts)} hosts"
    return Text(f"{count} in group {group}{f' ({state.lower()})' if state else ''}, on {on}")


def _feeds(feeds: Feeds, now: int) -> Iterator[str]:
    yield f"{feeds.total:,}: {feeds.ok:,} ok"
    yield f"{len(feeds.failing):,} failing"
    yield f"{feeds.never_polled:,} never polled"
    if feeds.paused:
        yield f"{feeds.paused:,} paused"
    yield from (f"{count:,} {name}" for name, count in sorted(feeds.standing.items()))
    if lost := feeds.events.get("possible-loss"):
        yield f"{lost:,} possible losses within 24 h"
    if feeds.next_due is not None:
        late = now - feeds.next_due
        yield f"next due {span(-late)}" if late < 0 else f"next due now ({span(late)} late)"


def _knowledge(status: Status) -> Iterator[tuple[str, Text]]:
    """Say which generation is live, and whether this installation would be another."""
    live, here = status.generation, status.here
    if live is not None:
        since = live.started[:16].replace("T", " ")
        yield (
            "Generation",
            Text(f"{live.generation} since {since} UTC: version {live.version}, knowledge {live.knowledge}"),
        )
    elif status.problem is None:
        yield "Generation", Text("none: no worker has run yet", style="dim")
    if here is None:
        return
    if live is not None and (live.version, live.knowledge) == (here.version, here.knowledge):
        yield "Here", Text("the same version and knowledge", style="dim")
    else:
        line = Text(f"version {here.version}, knowledge {here.knowledge}")
        if live is not None:
            line.append(f"; a worker started here begins generation {live.generation + 1}", style="yellow")
        yield "Here", line


def _streams(status: Status) -> Table:
    table = Table("Stream", header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Records", justify="right")
    table.add_column("Oldest", justify="right")
    table.add_column("Newest", justify="right")
    table.add_column("Still to do")
    for stream in status.streams:
        if stream.records is None:
            table.add_row(stream.name, Text("missing", style="red"))
            continue
        # Of a compacted stream nobody knows how many are left but by reading it.
        count = f"{'≤ ' if stream.compacted and stream.records else ''}{stream.records:,}"
        table.add_row(
            stream.name, count, _ago(stream.oldest, status.time), _ago(stream.newest, status.time), _lag(stream)
        )
    return table


def _lag(stream: StreamLook) -> Text:
    if stream.lag is None:
        return Text("")
    return Text(f"{stream.step}: {stream.lag:,}", style="yellow" if stream.lag else "dim")


def _failing(feeds: Feeds, now: int) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Failing feed", no_wrap=True, overflow="ellipsis", max_width=34)
    table.add_column("Problem", no_wrap=True, overflow="ellipsis", max_width=34, style="red")
    table.add_column("Last ok", justify="right", no_wrap=True)
    table.add_column("Next", justify="right", no_wrap=True)
    for feed in feeds.failing[:_FAILING_SHOWN]:
        due = span(feed.next_due - now) if feed.next_due > now else "now"
        table.add_row(
            Text(printable(feed.feed)), Text(printable(feed.problem)), _ago(feed.succeeded, now, none="never"), due
        )
    if len(feeds.failing) > _FAILING_SHOWN:
        table.add_row(Text(f"… and {len(feeds.failing) - _FAILING_SHOWN:,} more: --json", style="dim"))
    return table


def _letters(status: Status) -> Table:
    table = Table("Dead letters", header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Last 24 h", justify="right")
    table.add_column("All kept", justify="right")
    if status.letters is None:
        return table
    codes = list(status.letters.kept.items())
    for code, count in codes[:_CODES_SHOWN]:
        table.add_row(Text(printable(code)), f"{status.letters.day.get(code, 0):,}", f"{count:,}")
    if len(codes) > 1:
        table.add_row(
            "all", f"{sum(status.letters.day.values()):,}", f"{sum(status.letters.kept.values()):,}", style="bold"
        )
    return table


def _ago(moment: int | None, now: int, *, none: str = "") -> str:
    return none if moment is None else f"{span(max(0, now - moment))} ago"
