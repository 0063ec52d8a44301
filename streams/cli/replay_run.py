"""What ``geowire replay`` does about planning, running, showing and ending a replay."""

from __future__ import annotations

import asyncio
import os

import msgspec
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from agents.enrich.enrich import Knowledge, load_knowledge
from schemas.errors import ConfigError
from schemas.replay import Replay
from schemas.times import from_milliseconds
from streams.broker import admin
from streams.cli.audit import printable
from streams.cli.progress import bars_or_lines
from streams.cli.show import console, span, write_json
from streams.health.replay import told
from streams.replay import registry, watch
from streams.replay.plan import Estimate, Request, estimate, total
from streams.replay.plan import plan as make_plan
from streams.replay.run import check_knowledge, finish
from streams.replay.run import run as run_replay
from streams.settings import Settings
from streams.table import DEAD_LETTER, ENRICHED, replay_streams

_NICE = 10
"""A replay yields to live on the same machine."""


def show_plan(settings: Settings, request: Request, *, as_json: bool) -> None:
    """Print what a replay would read and cost.

    Raises:
        ConfigError: It is not possible.
    """
    knowledge = load_knowledge(settings.knowledge_dir)
    replay, cost = asyncio.run(_plan(settings, request, knowledge))
    if as_json:
        write_json({**msgspec.to_builtins(replay), "estimate": msgspec.to_builtins(cost), "records": total(replay)})
    else:
        _show(replay, cost)


def begin_or_go_on(settings: Settings, request: Request, *, rate: float | None, execute: bool) -> None:
    """Run a replay to its end; without ``execute``, say what that would be.

    Raises:
        ConfigError: It is not possible.
        BrokerError: The broker failed; the same command goes on from there.
    """
    os.nice(_NICE)
    knowledge = load_knowledge(settings.knowledge_dir)
    asyncio.run(_begin_or_go_on(settings, request, knowledge, rate=rate, execute=execute))


async def _begin_or_go_on(
    settings: Settings, request: Request, knowledge: Knowledge, *, rate: float | None, execute: bool
) -> None:
    known = (await registry.read(settings)).get(request.id or "")
    if known is not None:
        await _go_on(settings, known, request, knowledge, rate=rate, execute=execute)
        return
    replay, cost = await _plan(settings, request, knowledge)
    _show(replay, cost)
    if not execute:
        console.print("\nNothing was done: --execute begins it.")
        return
    await admin.apply(settings, replay_streams(replay.id, replay.source))
    await registry.write(settings, replay)
    await _run(settings, replay, knowledge, rate)


async def _go_on(
    settings: Settings, replay: Replay, request: Request, knowledge: Knowledge, *, rate: float | None, execute: bool
) -> None:
    if msgspec.structs.replace(request, id=None) != Request(source=request.source):
        raise ConfigError(f"there is a replay {replay.id!r} already: to go on with it, give only its name")
    if replay.state != "running":
        raise ConfigError(f"replay {replay.id} is {replay.state}: see `geowire replay status {replay.id}`")
    check_knowledge(settings, replay, knowledge)
    standing = await watch.look(settings, replay)
    for step in standing.steps:
        console.print(f"{step.step}: {step.done:,} of {step.total:,} done, {step.runners} processes work on it")
    if not execute:
        console.print("\nNothing was done: --execute goes on with it.")
        return
    await _run(settings, replay, knowledge, rate)


async def _run(settings: Settings, replay: Replay, knowledge: Knowledge, rate: float | None) -> None:
    with bars_or_lines() as progress:
        async with told(settings, replay.id) as tell:

            def both(step: str, done: int, total: int) -> None:
                progress(step, done, total)
                tell(step, done, total)

            replay = await run_replay(settings, replay, knowledge, rate=rate, progress=both)
    replay = await finish(settings, replay)
    letters = replay.written[DEAD_LETTER.name]
    console.print(f"replay {replay.id} is finished: {replay.written[ENRICHED.name]:,} events, {letters:,} dead letters")
    console.print(f"Next: geowire replay diff {replay.id}")


async def _plan(settings: Settings, request: Request, knowledge: Knowledge) -> tuple[Replay, Estimate]:
    replay = await make_plan(settings, request, knowledge)
    return replay, await estimate(settings, replay, knowledge)


def _show(replay: Replay, cost: Estimate) -> None:
    raw = replay.source == "raw"
    console.print(
        f"Replay {replay.id} of news.{replay.source} onto replay.{replay.id}.*", style="bold", highlight=False
    )
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (
        ("Partition", "State from", "First", "Last", "Records") if raw else ("Partition", "First", "Last", "Records")
    ):
        table.add_column(title, justify="right")
    for partition in sorted(replay.end, key=int):
        first, end = replay.start[partition], replay.end[partition]
        warm = [f"{replay.warm[partition]:,}"] if replay.warm is not None else []
        last = f"{end - 1:,}" if end > first else "-"
        table.add_row(partition, *warm, f"{first:,}", last, f"{end - first:,}")
    table.add_row("all", *([""] * (3 if raw else 2)), f"{total(replay):,}", style="bold")
    console.print(table)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    if cost.first is not None and cost.last is not None:
        facts.add_row("Fetched", f"{from_milliseconds(cost.first)} to {from_milliseconds(cost.last)}")
    for name, wanted in (
        ("Feeds", replay.scope.feeds),
        ("Items", replay.scope.keys),
        ("Languages", replay.scope.languages),
    ):
        if wanted:
            facts.add_row(f"{name} only", Text(printable(", ".join(wanted))))
    facts.add_row("Decided with", f"version {replay.version}, knowledge {replay.knowledge}, text {replay.text}")
    if cost.sampled:
        takes = span(max(1_000, round(1000 * cost.seconds)))
        facts.add_row("Will take", f"about {takes} ({cost.per_second:,.0f} records/s on a sample of {cost.sampled})")
        facts.add_row("Disk", f"about {decimal(cost.bytes)} before compression, until it is promoted or aborted")
    facts.add_row("Live", "is not touched: its streams are only read")
    console.print()
    console.print(facts, highlight=False)


def show_status(settings: Settings, replay_id: str, *, as_json: bool) -> None:
    """Print how far a replay is.

    Raises:
        ConfigError: There is no such replay.
    """

    async def ask() -> watch.Standing:
        return await watch.look(settings, await registry.get(settings, replay_id))

    standing = asyncio.run(ask())
    if as_json:
        write_json(msgspec.to_builtins(standing))
        return
    replay = standing.replay
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Replay", f"{replay.id} of news.{replay.source}: {_state(standing)}")
    facts.add_row("Begun", f"{replay.created} by {printable(replay.by)}")
    if replay.note:
        facts.add_row("Why", Text(printable(replay.note)))
    facts.add_row("Decided with", f"version {replay.version}, knowledge {replay.knowledge}, text {replay.text}")
    for step in standing.steps:
        share = 100 * step.done // step.total if step.total else 100
        facts.add_row(step.step, f"{step.done:,} of {step.total:,} ({share} %)")
    for stream, count in standing.written.items():
        facts.add_row(stream, f"{count:,} records")
    if replay.promotion is not None:
        events = ", ".join(f"{count:,} {reason}" for reason, count in replay.promotion.published.items()) or "no events"
        facts.add_row("Promoted", f"to generation {replay.promotion.generation}: {events}")
    if replay.ended:
        facts.add_row("Ended", replay.ended)
    console.print(facts, highlight=False)


def _state(standing: watch.Standing) -> str:
    state = standing.replay.state
    if state != "running":
        return state
    if standing.runners:
        return f"running in {standing.runners} processes" if standing.runners > 1 else "running"
    return f"interrupted; `geowire replay run {standing.replay.id} --execute` goes on"


def show_list(settings: Settings, *, as_json: bool) -> None:
    """Print every replay there is and was."""
    replays = asyncio.run(registry.read(settings)).values()
    if as_json:
        for replay in replays:
            write_json(msgspec.to_builtins(replay))
        return
    table = Table(
        "Replay", "State", "Of", "Records", "Begun", "By", "Why", header_style="bold", box=None, pad_edge=False
    )
    for replay in replays:
        table.add_row(
            replay.id,
            replay.state,
            f"news.{replay.source}",
            f"{total(replay):,}",
            replay.created[:16].replace("T", " "),
            Text(printable(replay.by)),
            Text(printable(replay.note or "")),
        )
    console.print(table)


def run_abort(settings: Settings, replay_id: str, *, execute: bool) -> None:
    """Delete the streams of a replay; without ``execute``, say which.

    Raises:
        ConfigError: It cannot be aborted.
    """

    async def ask() -> None:
        replay = await registry.get(settings, replay_id)
        if execute:
            await watch.abort(settings, replay)
            console.print(f"replay {replay_id} is aborted, its streams are deleted")
            return
        standing = await watch.look(settings, replay)
        for name, count in standing.written.items():
            console.print(f"replay.{replay_id}.{name}: {count:,} records", highlight=False)
        console.print("\nNothing was done: --execute deletes them.")

    asyncio.run(ask())
