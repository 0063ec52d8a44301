"""Keeps news.stats in step with news.enriched: an hour that changed is counted anew, and what differs is written.

Counting needs all items of an hour. The newest hours are kept in memory, item by item; where an older one changes (a
promotion, a withdrawal, a start), it is read again from its beginning. What is written are counts, never additions: who
counts twice, or two consoles that count the same, write the same. How far news.enriched is counted stands in a consumer
group's offsets, committed behind what was written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.attention import Attention
from schemas.codec import encode
from schemas.errors import GeowireError
from schemas.times import HOUR_MS
from streams.attention.hours import Hour, said_by
from streams.broker.connection import client_arguments
from streams.scan import scan, scan_bounds
from streams.table import CLOCK_SKEW_MS, DERIVED_MAX, ENRICHED, STATS
from streams.writing import writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiokafka import AIOKafkaProducer

    from streams.settings import Settings

log = logging.getLogger(__name__)

DAYS = 8
"""How far back counts go: a week, and the day that is not over."""
_OPEN = 3
_AT_ONCE = 48
"""Hours that are read again together: their items are in memory meanwhile."""
_EVERY_SECONDS = 2.0
_AGAIN_SECONDS = 5.0
_BATCH = 2_000


async def keep_counted(settings: Settings, known: Callable[[str], Mapping[str, Attention]]) -> None:
    """Count until cancelled; an outage is waited for.

    Args:
        settings: The settings.
        known: Says what stands on news.stats for an hour, by topic.
    """
    while True:
        try:
            await _Counter(settings, known).run()
        except (KafkaError, GeowireError, OSError, TimeoutError) as error:
            log.debug("counting is interrupted: %r", error)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
        await asyncio.sleep(_AGAIN_SECONDS)


class _Counter:
    def __init__(self, settings: Settings, known: Callable[[str], Mapping[str, Attention]]) -> None:
        self._settings = settings
        self._known = known
        self._topic = settings.stream(ENRICHED.name)
        self._open: dict[str, Hour] = {}
        self._written: dict[str, Mapping[str, Attention]] = {}
        self._changed: set[str] = set()
        self._unread: set[str] = set()

    async def run(self) -> None:
        consumer = AIOKafkaConsumer(
            **client_arguments(self._settings),
            group_id=self._settings.stream("geowire-stats"),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=DERIVED_MAX,
        )
        await consumer.start()
        try:
            async with writer(self._settings) as producer:
                await self._follow(consumer, producer)
        finally:
            await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        consumer.assign([TopicPartition(self._topic, p) for p in range(self._settings.partitions)])
        await self._begin(consumer)
        while True:
            batches = await consumer.getmany(timeout_ms=500, max_records=_BATCH)
            for records in batches.values():
                for record in records:
                    self._note(record.value)
            if batches and len(next(iter(batches.values()))) == _BATCH:
                continue  # more is waiting: first to the end
            if self._changed or self._unread:
                await self._write(producer)
                await consumer.commit({p: await consumer.position(p) for p in consumer.assignment()})
            await asyncio.sleep(_EVERY_SECONDS)

    async def _begin(self, consumer: AIOKafkaConsumer) -> None:
        """Go on where counting got to, but never further back than counts go."""
        oldest = await consumer.offsets_for_times(dict.fromkeys(consumer.assignment(), _now() - DAYS * 24 * HOUR_MS))
        ends = await consumer.end_offsets(consumer.assignment())
        for partition in consumer.assignment():
            at = oldest[partition]
            first = at.offset if at is not None else ends[partition]
            done = await consumer.committed(partition)
            # Counted beyond the end: the stream is another than it was.
            consumer.seek(partition, max(done, first) if done is not None and done <= ends[partition] else first)

    def _note(self, value: bytes | None) -> None:
        said = said_by(value)
        if said is None or said.hour < _hour(_now() - DAYS * 24 * HOUR_MS):
            return
        if (hour := self._open.get(said.hour)) is not None:
            hour.note(said)
            self._changed.add(said.hour)
        else:
            self._unread.add(said.hour)

    async def _write(self, producer: AIOKafkaProducer) -> None:
        """Write what differs, a few hours at a time, and keep only the newest hours."""
        while self._unread:
            again = sorted(self._unread)[:_AT_ONCE]
            await self._read_again(again)
            self._unread.difference_update(again)
            self._changed.update(again)
            await self._write_changed(producer)
        await self._write_changed(producer)

    async def _write_changed(self, producer: AIOKafkaProducer) -> None:
        topic = self._settings.stream(STATS.name)
        sent = []
        for hour in sorted(self._changed):
            now = self._open[hour].count(hour)
            # What we wrote a moment ago may not have been read back yet.
            before = self._written.get(hour) or self._known(hour)
            for name in sorted(now.keys() | before.keys()):
                if now.get(name) != before.get(name):
                    value = encode(now[name]) if name in now else None
                    sent.append(await producer.send(topic, value, key=f"{hour}/{name}".encode(), partition=0))
            self._written[hour] = now
        await asyncio.gather(*sent)
        self._changed.clear()
        for hour in sorted(self._open)[:-_OPEN]:
            del self._open[hour]
            self._written.pop(hour, None)

    async def _read_again(self, hours: list[str]) -> None:
        """Read some hours from the beginning of the first; what is written to them is written after it was fetched."""
        since = _milliseconds(hours[0]) - CLOCK_SKEW_MS
        for hour in hours:
            self._open[hour] = Hour()
        bounds = await scan_bounds(self._settings, self._topic, since=since)
        async for record in scan(self._settings, self._topic, bounds):
            said = said_by(record.value)
            if said is not None and said.hour in self._open and said.hour in hours:
                self._open[said.hour].note(said)


def _now() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)


def _hour(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H")


def _milliseconds(hour: str) -> int:
    return round(datetime.fromisoformat(f"{hour}:00:00+00:00").timestamp() * 1000)
