"""Running a replay: its legs one after the other, each through the handler that live has, onto streams of its own.

From news.unique there is one leg, through enrich. From news.raw there are two: through dedupe, with state of its own,
then from the replay's own news.unique through enrich. Every record passes the same code as in live; what differs stands
here: where outputs go, which are left out, and where a generation is looked up.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from agents.dedupe import agent as dedupe_agent
from agents.enrich import agent as enrich_agent
from agents.enrich.enrich import Knowledge
from schemas.envelope import header
from schemas.errors import ConfigError, InfrastructureError
from schemas.pipeline import Generation
from schemas.record import Output, Record
from schemas.replay import Offsets, Replay
from schemas.times import DAY_MS
from streams import generations
from streams.broker import admin
from streams.delivery import Outbox, Producer, one_by_one
from streams.generations import Timeline
from streams.operator import timestamp
from streams.replay import registry
from streams.replay.leg import Leg, Pace, Progress, Way
from streams.replay.positions import raw_positions
from streams.replay.scope import Handle, only_outputs, within
from streams.scan import scan_bounds
from streams.state import State
from streams.suppression import Suppression
from streams.suppression import load as load_suppression
from streams.table import DEDUPE_CHANGELOG, RAW, UNIQUE, replay_streams, replayed
from streams.writing import writer

if TYPE_CHECKING:
    from streams.settings import Settings

GENERATION = "generation"
"""Header on a replay's own news.unique: the generation of the record in live."""


class Fenced:
    """A producer that writes to a replay's own streams and nowhere else."""

    def __init__(self, producer: Producer, prefix: str) -> None:
        """Stand in front of a producer.

        Args:
            producer: The started producer.
            prefix: What the topics of the replay's streams begin with.
        """
        self._producer = producer
        self._prefix = prefix

    async def send(self, topic: str, value: bytes | None, **options: Any) -> asyncio.Future[Any]:
        """Hand a record over.

        Raises:
            InfrastructureError: It is for another stream.
        """
        if not topic.startswith(self._prefix):
            raise InfrastructureError(f"a replay must not write to {topic}: nothing was written; please report this")
        return await self._producer.send(topic, value, **options)


async def run(
    settings: Settings,
    replay: Replay,
    knowledge: Knowledge,
    *,
    rate: float | None = None,
    progress: Progress = lambda *_: None,
) -> Replay:
    """Take a replay to its end, from the beginning or from where an earlier run was; return it as it is then.

    Args:
        settings: The settings.
        replay: What to replay; it is in the registry.
        knowledge: What to decide with.
        rate: Records a second at most.
        progress: Told how far it is.

    Raises:
        ConfigError: The knowledge is not that of the replay.
        BrokerError: A stream cannot be read or written.
    """
    check_knowledge(settings, replay, knowledge)
    await admin.apply(settings, replay_streams(replay.id, replay.source))
    known = await generations.read(settings)
    suppressed = await load_suppression(settings)
    pace = Pace(rate)
    async with writer(settings) as producer:
        fenced = Fenced(producer, settings.stream(replayed("", replay.id)))

        def leg(way: Way, entries: State | None = None) -> Leg:
            topic = partial(_topic, settings, replay, way)
            return Leg(
                settings, way, topic=topic, producer=lambda: fenced, pace=pace, progress=progress, entries=entries
            )

        if replay.source == "raw":
            timeline = Timeline(await _in_raw(settings, known))
            with closing(State(state_directory(settings, replay))) as entries:
                first = leg(dedupe_way(settings, replay), entries)
                handle = _dedupe(
                    settings, replay, outbox=first.outbox, entries=entries, timeline=timeline, suppressed=suppressed
                )
                await first.run(one_by_one(handle))
            shutil.rmtree(entries.path)
        way = enrich_way(settings, replay) if replay.source == "unique" else await own_unique(settings, replay)
        of = Timeline(known) if replay.source == "unique" else _carried
        decide = enrich_agent.handler(
            knowledge, generation=of, text=settings.event_text, suppressed=suppressed, signed=False
        )
        await leg(way).run(within(replay.scope, decide))
    written = await count(settings, replay)
    return msgspec.structs.replace(replay, written=written)


def state_directory(settings: Settings, replay: Replay) -> Path:
    """Return where a replay from news.raw keeps the state of dedupe while it runs."""
    return settings.data_dir.expanduser() / "replay" / replay.id


def check_knowledge(settings: Settings, replay: Replay, knowledge: Knowledge) -> None:
    """Refuse to decide one replay with two kinds of knowledge.

    Raises:
        ConfigError: This installation is not the one the replay was begun with.
    """
    began = (replay.version, replay.knowledge, replay.text)
    here = (knowledge.pipeline.version, knowledge.pipeline.knowledge, settings.event_text)
    if began != here:
        raise ConfigError(
            f"replay {replay.id} was begun with version, knowledge and text {'/'.join(began)}, here is "
            f"{'/'.join(here)}: set GEOWIRE_KNOWLEDGE_DIR and EVENT_TEXT as they were, or begin another replay"
        )


def dedupe_way(settings: Settings, replay: Replay) -> Way:
    """Return the way from news.raw through dedupe."""
    return Way(
        step="dedupe",
        group=group(settings, replay, "dedupe"),
        stream=RAW.name,
        topic=settings.stream(RAW.name),
        start=by_partition(replay.warm or replay.start),
        end=by_partition(replay.end),
        changelog=settings.stream(replayed(DEDUPE_CHANGELOG.name, replay.id)),
    )


def enrich_way(settings: Settings, replay: Replay) -> Way:
    """Return the way from live's news.unique through enrich."""
    return Way(
        step="enrich",
        group=group(settings, replay, "enrich"),
        stream=UNIQUE.name,
        topic=settings.stream(UNIQUE.name),
        start=by_partition(replay.start),
        end=by_partition(replay.end),
    )


async def own_unique(settings: Settings, replay: Replay) -> Way:
    """Return the way from the replay's own news.unique, all that is there, through enrich."""
    topic = settings.stream(replayed(UNIQUE.name, replay.id))
    bounds = await scan_bounds(settings, topic)
    return Way(
        step="enrich",
        group=group(settings, replay, "enrich"),
        stream=UNIQUE.name,
        topic=topic,
        start=bounds.start,
        end=bounds.end,
    )


def group(settings: Settings, replay: Replay, step: str) -> str:
    """Return the consumer group of a step of a replay."""
    return settings.stream(replayed(step, replay.id))


def by_partition(offsets: Offsets) -> dict[int, int]:
    """Return offsets as they are written with numbers as keys."""
    return {int(partition): offset for partition, offset in offsets.items()}


async def count(settings: Settings, replay: Replay) -> dict[str, int]:
    """Count what a replay has written so far, by stream; the state of dedupe is no output."""
    counts = {}
    for stream in replay_streams(replay.id, replay.source):
        if not stream.compacted:
            bounds = await scan_bounds(settings, settings.stream(stream.name))
            counts[stream.name.removeprefix(replayed("", replay.id))] = sum(bounds.end.values())
    return counts


def _topic(settings: Settings, replay: Replay, way: Way, name: str) -> str:
    """Return where a step of a replay reads and writes a stream: it reads what it is given, all else is its own."""
    return way.topic if name == way.stream else settings.stream(replayed(name, replay.id))


def _dedupe(
    settings: Settings, replay: Replay, *, outbox: Outbox, entries: State, timeline: Timeline, suppressed: Suppression
) -> Handle:
    """Return dedupe as it is in live, but for what a replay must not write."""
    start = by_partition(replay.start)
    decide = dedupe_agent.handler(
        entries,
        partitions=settings.partitions,
        ttl=(replay.dedupe_days or settings.dedupe_days) * DAY_MS,
        committed=outbox.committed,
        suppressed=suppressed,
    )
    handle = only_outputs(replay.scope, decide, always=DEDUPE_CHANGELOG.name)

    def quiet(record: Record) -> list[Output]:
        """Keep the state, write nothing else; what live made a letter of is none of ours."""
        try:
            return [output for output in handle(record) if output.stream == DEDUPE_CHANGELOG.name]
        except InfrastructureError:
            raise
        except Exception:  # noqa: BLE001 - whatever live did with it, it was before the range
            return []

    def replayed_record(record: Record) -> list[Output]:
        if record.offset < start[record.partition]:
            return quiet(record)
        # What was re-keyed stands in news.raw under its right key as well, and is decided there.
        return [
            _with_generation(output, timeline.at(record.partition, record.offset))
            for output in handle(record)
            if output.stream != RAW.name
        ]

    return replayed_record


def _with_generation(output: Output, generation: int) -> Output:
    if output.stream != UNIQUE.name:
        return output
    return msgspec.structs.replace(output, headers=[*output.headers, (GENERATION, str(generation).encode())])


def _carried(record: Record) -> int:
    return int(header(record.headers, GENERATION) or 0)


async def _in_raw(settings: Settings, known: Sequence[Generation]) -> list[Generation]:
    """Return the generations with the offsets of news.raw from which on they hold."""
    begun = [g for g in known if any(g.valid_from.values())]
    vectors: list[Mapping[int, int]] = [by_partition(g.valid_from) for g in begun]
    found = (
        dict(zip((g.generation for g in begun), await raw_positions(settings, vectors), strict=True)) if begun else {}
    )
    return [
        msgspec.structs.replace(g, valid_from={str(p): o for p, o in found.get(g.generation, {}).items()})
        for g in known
    ]


async def finish(settings: Settings, replay: Replay) -> Replay:
    """Note that a replay is at its end."""
    return await registry.write(settings, msgspec.structs.replace(replay, state="finished", finished=timestamp()))
