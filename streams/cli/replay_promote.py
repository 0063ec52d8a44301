"""What ``geowire replay promote`` says and does."""

from __future__ import annotations

import asyncio
import os

from agents.enrich.enrich import Knowledge, load_knowledge
from schemas.pipeline import Generation
from schemas.replay import Replay
from streams import generations
from streams.cli.progress import bars_or_lines
from streams.cli.show import console
from streams.replay import registry
from streams.replay.diff import diff
from streams.replay.fence import workers
from streams.replay.promote import check_promotable, live_generation
from streams.replay.promote import promote as make_live
from streams.replay.run import check_knowledge
from streams.settings import Settings

_NICE = 10


def run_promote(settings: Settings, replay_id: str, *, rate: float | None, execute: bool) -> None:
    """Make a replay live; without ``execute``, say what that would be.

    Raises:
        ConfigError: The replay cannot be promoted, or not from here.
        BrokerError: The broker failed; the same command goes on.
    """
    os.nice(_NICE)
    knowledge = load_knowledge(settings.knowledge_dir)
    asyncio.run(_run(settings, replay_id, knowledge, rate=rate, execute=execute))


async def _run(settings: Settings, replay_id: str, knowledge: Knowledge, *, rate: float | None, execute: bool) -> None:
    replay = await registry.get(settings, replay_id)
    check_promotable(replay)
    check_knowledge(settings, replay, knowledge)
    if not execute:
        await _say(settings, replay, knowledge)
        return
    told: list[int] = []

    def waiting(count: int) -> None:
        if told[-1:] != [count]:
            told.append(count)
            console.print(f"waiting for the workers of group {settings.group} to stop: {count} left", highlight=False)

    def began(generation: Generation) -> None:
        console.print(
            f"live has stopped, generation {generation.generation} begins there: start the workers with knowledge "
            f"{generation.knowledge} now"
        )

    with bars_or_lines() as progress:
        replay = await make_live(
            settings, replay, knowledge, rate=rate, progress=progress, waiting=waiting, began=began
        )
    promotion = replay.promotion
    if promotion is not None:
        events = ", ".join(f"{count:,} {reason}" for reason, count in promotion.published.items()) or "nothing"
        console.print(f"replay {replay.id} is promoted to generation {promotion.generation}: {events} published")


async def _say(settings: Settings, replay: Replay, knowledge: Knowledge) -> None:
    generation = await live_generation(settings, replay, knowledge)
    known = await generations.read(settings)
    found = await diff(settings, replay, examples=0)
    events = f"{found.changed:,} changed, {found.added:,} added, {found.gone:,} gone"
    console.print(f"Promoting replay {replay.id} publishes on news.enriched: {events}", highlight=False)
    if found.refused:
        console.print(f"{found.refused:,} records became dead letters in the replay: their old decisions stand")
    if generation is not None:
        console.print(f"as generation {generation.generation}, with which live decides already; workers go on running")
    else:
        running = await workers(settings)
        console.print(f"as generation {known[-1].generation + 1 if known else 1}, which live goes over to:")
        console.print(f"  1. stop the workers of group {settings.group} ({running} run now); it waits for that")
        console.print("  2. where they stopped is fixed, and written to the pipeline stream; this takes some seconds")
        console.print(
            f"  3. start them with knowledge {replay.knowledge}, version {replay.version}, text {replay.text}"
        )
        console.print("  4. meanwhile the rest is replayed and published")
    console.print("\nNothing was done: --execute does it.")
