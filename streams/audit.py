"""``geowire audit``: reads the news streams up to the ends they have now, and keeps the books (``streams.ledger``).

The order of the first questions makes the answers fit while the pipe runs: committed offsets first, then the ends of
the outcome streams (what is committed has its outcome before them), then the ends of news.unique and news.raw (every
outcome up to its end has its raw record before them).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from msgspec import Struct

from schemas.envelope import ORIGIN
from schemas.errors import ConfigError
from schemas.record import Position
from streams.broker.admin import admin, patiently
from streams.ledger import Ledger, Span
from streams.outcomes import Place, Report, feed_of, is_of_cluster, is_refusal, outcome_of, position
from streams.scan import Bounds, asking, bounds_of, scan
from streams.table import CLOCK_SKEW_MS, DEAD_LETTER, DUPLICATES, ENRICHED, RAW, UNIQUE, Stream

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

    from streams.settings import Settings

UNREADABLE = "(unreadable)"
"""Stands for the feed of a raw record that does not say which it is from."""

Progress = Callable[[str, int, int], None]
"""Called with a stream, the records read of it, and how many there are."""

# Letters first: with them a second outcome is a retry, without them a contradiction.
_OUTCOMES = (DEAD_LETTER, DUPLICATES, ENRICHED)
_STREAMS = (RAW, UNIQUE, *_OUTCOMES)
_TRIES = 3
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Snapshot(Struct, frozen=True):
    """Where the streams stood when the audit began."""

    bounds: dict[str, Bounds]
    """By stream."""
    committed: dict[tuple[str, int], int]
    """By stream and partition."""
    known_from: int
    """Milliseconds since the epoch: outcomes of older raw records may have expired."""


async def audit(
    settings: Settings, *, since: int | None = None, feed: str | None = None, progress: Progress | None = None
) -> Report:
    """Account for every raw record.

    Args:
        settings: The settings.
        since: Only raw records from this time on, milliseconds since the epoch.
        feed: Only records of this feed.
        progress: Told how far the reading is.

    Raises:
        BrokerError: A stream cannot be read.
        ConfigError: No raw record is of that feed.
    """
    for _ in range(_TRIES):
        snapshot = await _look(settings, since)
        ledger = await _read(settings, snapshot, since, feed, progress)
        # Where retention took records away meanwhile, outcomes would lack their raw record, or raw records theirs.
        if {name: bounds.kept for name, bounds in snapshot.bounds.items()} == await _kept(settings):
            break
    if feed is not None and feed not in ledger.feeds:
        known = ", ".join(ledger.feeds[:10]) or "none"
        raise ConfigError(f"no raw record is of a feed {feed!r}; feeds there are {known}")
    return ledger.report()


async def _read(
    settings: Settings, snapshot: Snapshot, since: int | None, feed: str | None, progress: Progress | None
) -> Ledger:
    raw = snapshot.bounds[RAW.name]
    spans = {p: Span(kept=raw.kept[p], start=raw.start[p], end=raw.end[p]) for p in raw.end}
    ledger = Ledger(spans, known_from=snapshot.known_from, only=feed)
    for stream in _STREAMS:
        told = partial(progress, stream.name) if progress is not None else None
        async for record in scan(settings, settings.stream(stream.name), snapshot.bounds[stream.name], told):
            _enter(ledger, stream, record, snapshot, since or 0)
    return ledger


async def _kept(settings: Settings) -> dict[str, dict[int, int]]:
    kept = {}
    for stream in _STREAMS:
        async with asking(settings, settings.stream(stream.name)) as consumer:
            kept[stream.name] = (await bounds_of(consumer)).kept
    return kept


def parse_when(text: str, now: datetime) -> int:
    """Return a moment as milliseconds since the epoch.

    Args:
        text: How long ago (``90m``, ``2h``, ``3d``, ``1w``), or an ISO 8601 time; without a zone it is UTC.
        now: What it is counted from.

    Raises:
        ConfigError: It is neither.
    """
    ago = re.fullmatch(r"(\d{1,6})\s*([mhdw])", text.strip().lower())
    if ago:
        return round(1000 * (now.timestamp() - int(ago[1]) * _UNITS[ago[2]]))
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f"{text!r} is no time: give 90m, 2h, 3d, 1w or 2026-02-18T09:30") from None
    return round(1000 * (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _enter(ledger: Ledger, stream: Stream, record: ConsumerRecord, snapshot: Snapshot, since: int) -> None:
    headers = dict(record.headers)
    done = record.offset < snapshot.committed.get((stream.name, record.partition), 0)
    if stream is RAW:
        at = Position(record.partition, record.offset)
        if record.timestamp < since:
            ledger.outside(at)
        else:
            feed = feed_of(headers) or _decoded_feed(record.value)
            ledger.raw(at, feed=feed, time=record.timestamp, origin=position(headers.get(ORIGIN)), done=done)
    elif stream is UNIQUE:
        ledger.unique(position(headers.get(ORIGIN)), done=done)
    elif stream is DEAD_LETTER and is_refusal(headers):
        ledger.refused(feed_of(headers))
    elif stream is DEAD_LETTER and is_of_cluster(headers):
        ledger.unclustered(feed_of(headers))
    else:
        ledger.outcome(outcome_of(Place(stream.name, record.partition, record.offset), headers, record.value))


class _Feed(Struct):
    id: str


class _Item(Struct):
    feed: _Feed


_items = msgspec.json.Decoder(_Item)


def _decoded_feed(value: bytes | None) -> str:
    try:
        return _items.decode(value or b"").feed.id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNREADABLE


async def _look(settings: Settings, since: int | None) -> Snapshot:
    names = {settings.stream(stream.name): stream.name for stream in _STREAMS}
    async with admin(settings) as client:
        offsets = await patiently(lambda: client.list_consumer_group_offsets(settings.group))
        retention = await _retention(client, [settings.stream(stream.name) for stream in _OUTCOMES])
    committed = {(names[p.topic], p.partition): max(0, at.offset) for p, at in offsets.items() if p.topic in names}
    bounds = {}
    known_from = 0
    for stream in (*_OUTCOMES, UNIQUE, RAW):
        topic = settings.stream(stream.name)
        async with asking(settings, topic) as consumer:
            # Outcomes carry the broker's time; the fetch times of raw records may be ahead of it.
            earliest = None if since is None else since - (CLOCK_SKEW_MS if stream in _OUTCOMES else 0)
            bounds[stream.name] = found = await bounds_of(consumer, since=earliest)
            if stream in _OUTCOMES:
                known_from = max(known_from, await _expired_before(consumer, topic, found, retention[topic]))
    return Snapshot(bounds, committed, known_from + CLOCK_SKEW_MS if known_from else 0)


async def _expired_before(consumer: AIOKafkaConsumer, topic: str, bounds: Bounds, retention: int | None) -> int:
    """Return the time before which outcomes of a stream may have expired, 0 where none have.

    A partition that has lost records says no more of what is older than its first. But nothing within the retention
    has been deleted, and that is the better bound where records are rare, as dead letters are.
    """
    lost = [TopicPartition(topic, partition) for partition, offset in bounds.kept.items() if offset > 0]
    if not lost:
        return 0
    now = round(time.time() * 1000)
    first = await consumer.offsets_for_times(dict.fromkeys(lost, 0))
    times = [at.timestamp if (at := first.get(partition)) is not None else now for partition in lost]
    return min(max(times), now - retention) if retention is not None else max(times)


async def _retention(client: AIOKafkaAdminClient, topics: list[str]) -> dict[str, int | None]:
    """Return how long topics keep records, in milliseconds; None where they go by size, or by hand alone."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    found: dict[str, int | None] = dict.fromkeys(topics)
    for response in await patiently(lambda: client.describe_configs(resources)):
        for _code, _message, _type, topic, entries in response.resources:
            config = {entry[0]: entry[1] for entry in entries}
            kept = int(config.get("retention.ms") or -1)
            found[topic] = kept if kept >= 0 and config.get("retention.bytes", "-1") == "-1" else None
    return found
