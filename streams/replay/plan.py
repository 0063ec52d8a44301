"""Planning a replay: which offsets it takes, and what it will cost. Nothing is changed."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from agents.enrich import agent as enrich_agent
from agents.enrich.enrich import Knowledge
from schemas.errors import ConfigError, DataError
from schemas.record import Record
from schemas.replay import Replay, ReplaySource, Scope
from schemas.times import DAY_MS, from_milliseconds
from streams.broker.admin import admin, patiently
from streams.operator import here
from streams.replay import registry
from streams.replay.positions import decided_in_raw
from streams.replay.run import by_partition
from streams.scan import Bounds, asking, bounds_of, scan, scan_bounds
from streams.table import RAW, UNIQUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.settings import Settings

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_RANGE = re.compile(r"(\d{1,6}):(\d{1,18})-(\d{1,18})?")
_SAMPLED = 25
_SAMPLE_SECONDS = 2.0
_WARM_UP = 10


class Request(Struct, frozen=True, kw_only=True):
    """What the operator asks for.

    Attributes:
        id: Name of the replay; None: one from the present time.
        source: Stream to read.
        since: First record time, milliseconds since the epoch.
        until: Behind the last record time.
        offsets: First and last offsets by partition, the last not included and None for the end; other partitions are
            left out.
        scope: Which outputs are written.
        note: Why.
    """

    id: str | None = None
    source: ReplaySource = "unique"
    since: int | None = None
    until: int | None = None
    offsets: Mapping[int, tuple[int, int | None]] | None = None
    scope: Scope = Scope()
    note: str | None = None


class Estimate(Struct, frozen=True):
    """What a replay will cost, measured on a sample of its records."""

    sampled: int
    per_second: float
    """Records that this machine decides in one process."""
    seconds: float
    bytes: int
    """Size of what is written, before compression."""
    first: int | None
    """Record time of the first record, milliseconds; None where there is none."""
    last: int | None


def parse_offsets(text: str) -> dict[int, tuple[int, int | None]]:
    """Read ``0:100-200,3:50-``: partition, first offset, and the one behind the last.

    Raises:
        ConfigError: It is not of that form.
    """
    found: dict[int, tuple[int, int | None]] = {}
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ConfigError(
                f"{part.strip()!r} is no range of offsets: give partition:first-last, as in 0:100-200,3:50-"
            )
        found[int(match[1])] = (int(match[2]), int(match[3]) if match[3] else None)
    return found


def new_id(now: datetime) -> str:
    """Return the name of a replay that was given none."""
    return now.strftime("%Y%m%d-%H%M%S")


async def plan(settings: Settings, request: Request, knowledge: Knowledge) -> Replay:
    """Return the replay that a request comes to; it is not begun.

    Raises:
        ConfigError: The name is taken or not possible, or there is nothing to replay.
        BrokerError: The broker cannot be asked.
    """
    now = datetime.now(UTC)
    replay_id = request.id or new_id(now)
    if not _ID.fullmatch(replay_id):
        raise ConfigError(f"{replay_id!r} cannot name a replay: up to 40 of a-z, 0-9 and -, a letter or digit first")
    if replay_id in await registry.read(settings):
        raise ConfigError(f"there is a replay {replay_id!r} already: give another name, or see `geowire replay status`")
    start, end = await _range(settings, request)
    if sum(end.values()) == sum(start.values()):
        raise ConfigError(f"there is nothing to replay in that range of {_source(request.source)}")
    raw = request.source == "raw"
    warm = await _warm(settings, request, start) if raw else None
    return Replay(
        id=replay_id,
        state="running",
        source=request.source,
        created=from_milliseconds(round(now.timestamp() * 1000)),
        by=here(),
        note=request.note,
        version=knowledge.pipeline.version,
        knowledge=knowledge.pipeline.knowledge,
        text=settings.event_text,
        dedupe_days=settings.dedupe_days if raw else None,
        since=from_milliseconds(request.since) if request.since is not None else None,
        until=from_milliseconds(request.until) if request.until is not None else None,
        warm=_named(warm) if warm is not None else None,
        start=_named(start),
        end=_named(end),
        open_end=request.until is None and request.offsets is None,
        scope=request.scope,
    )


async def decided(settings: Settings, source: ReplaySource) -> dict[int, int]:
    """Return the offsets of a source below which live has decided everything.

    Behind them it is not known yet what a record comes to in live, nor in which generation.
    """
    async with admin(settings) as client:
        offsets = await patiently(lambda: client.list_consumer_group_offsets(settings.group))
    by_topic: dict[str, dict[int, int]] = {}
    for partition, at in offsets.items():
        by_topic.setdefault(partition.topic, {})[partition.partition] = max(0, at.offset)
    committed = by_topic.get(settings.stream(UNIQUE.name), {})
    if source == "unique":
        return committed
    return await decided_in_raw(settings, committed, by_topic.get(settings.stream(RAW.name), {}))


async def estimate(settings: Settings, replay: Replay, knowledge: Knowledge) -> Estimate:
    """Measure on a sample what a replay will cost: the first records of each partition are decided, and dropped."""
    topic = settings.stream(_source(replay.source))
    start, end = by_partition(replay.start), by_partition(replay.end)
    first_ends = {p: min(start[p] + _SAMPLED, end[p]) for p in end}
    handle = enrich_agent.handler(knowledge, generation=lambda _: 0, text=settings.event_text, signed=False)
    times, size, sampled, spent = [], 0, 0, 0.0
    async for record in scan(settings, topic, Bounds(start, start, first_ends)):
        times.append(record.timestamp)
        if spent > _SAMPLE_SECONDS:
            continue
        headers = [*record.headers, ("origin", b"0:0"), ("ce_reason", b"new")]
        headers = [(key, value) for key, value in headers if key != "ce_type"]
        began = time.perf_counter()
        unique = Record(
            UNIQUE.name, record.partition, record.offset, record.key, record.value, headers, record.timestamp
        )
        (outcome,) = handle([unique])
        if not isinstance(outcome, Exception):
            size += sum(len(output.value or b"") for output in outcome)
        elif not isinstance(outcome, DataError):
            raise outcome
        sampled += 1
        if sampled > _WARM_UP:  # the first ones pay for what is built when it is first needed
            spent += time.perf_counter() - began
    lasts = {p: max(start[p], end[p] - 1) for p in end}
    times += [record.timestamp async for record in scan(settings, topic, Bounds(start, lasts, end))]
    per_second = (sampled - _WARM_UP) / spent if spent else 0.0
    records = total(replay)
    return Estimate(
        sampled=sampled,
        per_second=per_second,
        seconds=records / per_second if per_second else 0.0,
        bytes=round(size / sampled * records) if sampled else 0,
        first=min(times, default=None),
        last=max(times, default=None),
    )


def total(replay: Replay) -> int:
    """Return how many records a replay takes from its source."""
    return sum(replay.end.values()) - sum(replay.start.values())


async def _range(settings: Settings, request: Request) -> tuple[dict[int, int], dict[int, int]]:
    topic = settings.stream(_source(request.source))
    known = await decided(settings, request.source)
    async with asking(settings, topic) as consumer:
        bounds = await bounds_of(consumer, since=request.since)
        last = await bounds_of(consumer, since=request.until) if request.until is not None else None
    start, end = dict(bounds.start), {p: min(known.get(p, 0), bounds.end[p]) for p in bounds.end}
    if last is not None:
        end = {p: min(end[p], last.start[p]) for p in end}
    if request.offsets is not None:
        start, end = _by_offsets(request.offsets, bounds, end)
    return {p: min(start[p], max(end[p], bounds.kept[p])) for p in start}, {p: max(end[p], bounds.kept[p]) for p in end}


def _by_offsets(
    asked: Mapping[int, tuple[int, int | None]], bounds: Bounds, known: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, int]]:
    start, end = dict(known), dict(known)
    for partition, (first, last) in asked.items():
        if partition not in known:
            raise ConfigError(f"there is no partition {partition}; there are 0 to {max(known)}")
        if first < bounds.kept[partition]:
            raise ConfigError(
                f"partition {partition} is kept from offset {bounds.kept[partition]} on, {first} is before that"
            )
        if last is not None and last > known[partition]:
            raise ConfigError(
                f"partition {partition} is decided up to offset {known[partition]}, {last} is behind that"
            )
        start[partition] = min(first, known[partition])
        end[partition] = max(start[partition], known[partition] if last is None else last)
    return start, end


async def _warm(settings: Settings, request: Request, start: Mapping[int, int]) -> dict[int, int]:
    """Return where the state of dedupe has to begin: one time to live before the range."""
    topic = settings.stream(RAW.name)
    begins = request.since if request.since is not None else await _time_at(settings, topic, start)
    async with asking(settings, topic) as consumer:
        bounds = await bounds_of(consumer, since=begins - settings.dedupe_days * DAY_MS)
    return {p: min(offset, start[p]) for p, offset in bounds.start.items()}


async def _time_at(settings: Settings, topic: str, start: Mapping[int, int]) -> int:
    """Return the earliest record time at some offsets."""
    ends = (await scan_bounds(settings, topic)).end
    first = {p: min(offset + 1, ends[p]) for p, offset in start.items()}
    return min([r.timestamp async for r in scan(settings, topic, Bounds(dict(start), dict(start), first))], default=0)


def _source(source: ReplaySource) -> str:
    return UNIQUE.name if source == "unique" else RAW.name


def _named(offsets: Mapping[int, int]) -> dict[str, int]:
    return {str(partition): offset for partition, offset in sorted(offsets.items())}
