"""``geowire status``: one look at broker, streams, workers, feeds, dead letters and knowledge.

What is found is a plain struct; ``judge`` is pure and says what needs attention. How lag moves cannot be seen in one
look, so it counts only where nobody works on it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.enriched import Pipeline
from schemas.envelope import header_text
from schemas.errors import BrokerError, ConfigError
from schemas.feed_status import FeedEvent
from schemas.pipeline import Generation
from schemas.times import DAY_MS, HOUR_MS
from streams import generations
from streams.broker.admin import Member, StreamStatus, admin, members, patiently
from streams.broker.admin import status as stream_statuses
from streams.broker.connection import bootstrap_servers
from streams.dlq.work import settled
from streams.polling import overview, states, subscriptions
from streams.polling.overview import Feeds
from streams.scan import Bounds, asking, bounds_of, scan
from streams.table import DEAD_LETTER, FEED_STATE, FEED_STATUS, FEEDS, PIPELINE, SETTLED, STEPS

if TYPE_CHECKING:
    from streams.settings import Settings

_QUIET_POLLS = 2
_LEADERS_OLD_MONTHS = 12
_QUIET_LEAST_MS = HOUR_MS // 2


class _Event(Struct):
    """The part of an event on feed-status that is counted."""

    event: FeedEvent


_events = msgspec.json.Decoder(_Event)


class StreamLook(Struct, frozen=True):
    """A stream as it is now. Times are milliseconds since the epoch."""

    name: str
    records: int | None
    """Offsets it spans: of a compacted stream, which keeps the newest of each key, more than it holds. None: it does
    not exist."""
    compacted: bool = False
    oldest: int | None = None
    newest: int | None = None
    step: str | None = None
    """The step that reads it, for those that the workers read."""
    lag: int | None = None
    """Records that the step has still to do."""
    differences: tuple[str, ...] = ()


class Letters(Struct, frozen=True):
    """Dead letters by code, but for those about which something was done."""

    hour: int
    day: dict[str, int]
    kept: dict[str, int]


class Status(Struct, frozen=True, kw_only=True):
    """What one look finds; parts that could not be looked at are None."""

    time: int
    broker: str | None
    """Addresses; None where there is no broker to talk to."""
    problem: str | None = None
    """Why the broker could not be looked at."""
    brokers: int = 0
    streams: tuple[StreamLook, ...] = ()
    group: str = ""
    group_state: str = ""
    workers: tuple[Member, ...] = ()
    pollers: tuple[Member, ...] = ()
    feeds: Feeds | None = None
    letters: Letters | None = None
    generation: Generation | None = None
    """The live one; None where no worker ever ran."""
    here: Pipeline | None = None
    """Version and knowledge of this installation."""
    here_problem: str | None = None
    leaders_to: str | None = None
    """Month up to which this installation knows office holders, ``2026-01``."""

    @property
    def lag(self) -> int:
        """Records that the workers have still to do."""
        return sum(stream.lag or 0 for stream in self.streams)


async def look(settings: Settings, *, here: bool = True) -> Status:
    """Look at everything once.

    Args:
        settings: The settings.
        here: Load the knowledge of this installation too, to compare; that takes a second of CPU.

    Raises:
        ConfigError: A setting is wrong.
    """
    now = round(time.time() * 1000)
    ours, leaders_to, here_problem = _here(settings) if here else (None, None, None)
    try:
        found = await stream_statuses(settings)
        there = {status.stream.name for status in found if status.partitions}
        async with admin(settings) as client:
            offsets = await patiently(lambda: client.list_consumer_group_offsets(settings.group))
            cluster = await patiently(client.describe_cluster)
            group_state, workers = await members(client, settings.group)
            _, pollers = await members(client, settings.poll_group)
        committed = {p: at.offset for p, at in offsets.items()}
        looks = await asyncio.gather(*(_stream(settings, status, committed) for status in found))
        return Status(
            time=now,
            broker=bootstrap_servers(settings),
            brokers=len(cluster["brokers"]),
            streams=tuple(looks),
            group=settings.group,
            group_state=group_state,
            workers=workers,
            pollers=pollers,
            feeds=await _feeds(settings, there, now),
            letters=await _letters(settings, now, there) if DEAD_LETTER.name in there else None,
            generation=await _generation(settings) if PIPELINE.name in there else None,
            here=ours,
            here_problem=here_problem,
            leaders_to=leaders_to,
        )
    except (BrokerError, KafkaError) as error:
        address = settings.bootstrap_servers or None
        return Status(
            time=now,
            broker=address,
            problem=str(error) or type(error).__name__,
            here=ours,
            here_problem=here_problem,
            leaders_to=leaders_to,
        )


def judge(status: Status, *, poll_seconds: int) -> list[str]:
    """Return what needs attention, one line each; nothing where all is well.

    Args:
        status: What was found.
        poll_seconds: How often feeds are polled.
    """
    if status.problem is not None:
        return [status.problem]
    found = []
    missing = [stream.name for stream in status.streams if stream.records is None]
    if missing:
        found.append(f"streams are missing ({', '.join(missing)}): `geowire streams apply` creates them")
    found += [
        f"{s.name} differs from the stream table: {'; '.join(s.differences)}" for s in status.streams if s.differences
    ]
    if status.lag and not status.workers:
        found.append(f"{status.lag:,} records wait and no worker is in the group: start `geowire work`")
    feeds = status.feeds
    if feeds is not None and feeds.failing and 2 * len(feeds.failing) > feeds.ok + len(feeds.failing):
        found.append(f"{len(feeds.failing)} of {feeds.ok + len(feeds.failing)} polled feeds are failing")
    if feeds is not None and (gone := feeds.standing.get("gone")):
        found.append(f"{gone} feeds are gone for good (HTTP 410): `geowire feeds list --state gone`, then remove them")
    quiet = max(_QUIET_POLLS * poll_seconds * 1000, _QUIET_LEAST_MS)
    if feeds is not None and feeds.polled is not None and status.time - feeds.polled > quiet:
        minutes = (status.time - feeds.polled) // 60_000
        found.append(f"no feed was polled for {minutes:,} minutes: is `geowire poll` running?")
    if status.letters is not None and status.letters.hour:
        found.append(f"{status.letters.hour:,} dead letters within the last hour: `geowire dlq list`")
    if status.here_problem is not None:
        found.append(f"this installation cannot load its knowledge: {status.here_problem}")
    return found


def notes(status: Status) -> list[str]:
    """Return what should be seen to some day, one line each; nothing fails for it."""
    if not status.leaders_to:
        return []
    year, month = map(int, status.leaders_to.split("-"))
    now = datetime.fromtimestamp(status.time / 1000, UTC)
    age = (now.year - year) * 12 + now.month - month
    if age <= _LEADERS_OLD_MONTHS:
        return []
    known = f"office holders are known up to {status.leaders_to} ({age} months ago)"
    return [f"{known}: update geowire, or lay a leaders.tsv over the shipped one (docs/adding-a-place.md)"]


def _here(settings: Settings) -> tuple[Pipeline | None, str | None, str | None]:
    from agents.enrich.enrich import load_knowledge

    try:
        knowledge = load_knowledge(settings.knowledge_dir)
    except ConfigError as error:
        return None, None, str(error)
    return knowledge.pipeline, knowledge.gazetteer.tables.leaders_to, None


async def _stream(settings: Settings, status: StreamStatus, committed: Mapping[TopicPartition, int]) -> StreamLook:
    name = status.stream.name
    if not status.partitions:
        return StreamLook(name, None, status.stream.compacted)
    async with asking(settings, status.topic) as consumer:
        bounds = await bounds_of(consumer)
        held = [p for p, end in bounds.end.items() if end > bounds.kept[p]]
        firsts = await consumer.offsets_for_times({TopicPartition(status.topic, p): 0 for p in held}) if held else {}
    newest = [record.timestamp async for record in scan(settings, status.topic, _lasts(bounds, held))]
    lag = None
    if name in STEPS:
        done = {p: committed.get(TopicPartition(status.topic, p), 0) for p in bounds.end}
        lag = sum(max(0, end - max(done[p], bounds.kept[p])) for p, end in bounds.end.items())
    return StreamLook(
        name,
        sum(end - bounds.kept[p] for p, end in bounds.end.items()),
        status.stream.compacted,
        oldest=min((at.timestamp for at in firsts.values() if at is not None), default=None),
        newest=max(newest, default=None),
        step=STEPS.get(name),
        lag=lag,
        differences=status.differences,
    )


def _lasts(bounds: Bounds, held: Sequence[int]) -> Bounds:
    return Bounds(
        kept={p: bounds.kept[p] for p in held},
        start={p: bounds.end[p] - 1 for p in held},
        end={p: bounds.end[p] for p in held},
    )


async def _feeds(settings: Settings, there: set[str], now: int) -> Feeds | None:
    if not {FEEDS.name, FEED_STATE.name, FEED_STATUS.name} <= there:
        return None
    roll, known = await asyncio.gather(subscriptions.read(settings), states.load(settings))
    topic = settings.stream(FEED_STATUS.name)
    async with asking(settings, topic) as consumer:
        bounds = await bounds_of(consumer, since=now - DAY_MS)
    events: list[FeedEvent] = []
    async for record in scan(settings, topic, bounds):
        with suppress(msgspec.DecodeError):
            events.append(_events.decode(record.value).event)
    return overview.count(roll.feeds, known, events)


async def _letters(settings: Settings, now: int, there: set[str]) -> Letters:
    topic = settings.stream(DEAD_LETTER.name)
    async with asking(settings, topic) as consumer:
        bounds = await bounds_of(consumer)
    hour = 0
    day: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    done = await settled(settings) if SETTLED.name in there else {}
    async for record in scan(settings, topic, bounds):
        if f"{record.partition}:{record.offset}" in done:
            continue
        code = header_text(record.headers, "dlq_code", "?")
        kept[code] += 1
        day[code] += record.timestamp > now - DAY_MS
        hour += record.timestamp > now - HOUR_MS
    return Letters(hour, dict((+day).most_common()), dict(kept.most_common()))


async def _generation(settings: Settings) -> Generation | None:
    known = await generations.read(settings)
    return known[-1] if known else None
