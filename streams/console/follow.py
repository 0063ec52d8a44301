"""Following a stream for as long as the console runs: an outage of the broker is noted, waited for, and read past."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.errors import GeowireError
from streams.console.window import Signal
from streams.reading import reader
from streams.scan import Bounds, bounds_of

if TYPE_CHECKING:
    from streams.settings import Settings

log = logging.getLogger(__name__)

_ASK_SECONDS = 2.0
_ANSWER_SECONDS = 4.0
_AGAIN_SECONDS = 1.0
_WAIT_MS = 200
_BATCH = 2_000
SILENT = "Kafka does not answer"


class Health:
    """Whether Kafka answers."""

    def __init__(self, signal: Signal) -> None:
        """Begin: nobody has asked yet."""
        self._signal = signal
        self._problems: dict[str, str] = {}

    def note(self, who: str, problem: str | None) -> None:
        """Note that somebody got an answer (None), or what was wrong."""
        if self._problems.get(who) != problem:
            if problem is None:
                self._problems.pop(who, None)
            else:
                self._problems[who] = problem
            self._signal.give()

    @property
    def problem(self) -> str | None:
        """What is wrong; None: nothing."""
        return next(iter(self._problems.values()), None)


class Followed(Struct, frozen=True):
    """A stream to follow.

    Attributes:
        stream: Its name in the table.
        start: Says where to begin, from what there is; called once.
        take: Gets records, in the order of each partition.
        loaded: Called once what there was at the start has been taken.
    """

    stream: str
    start: Callable[[Bounds], Mapping[int, int]]
    take: Callable[[list[ConsumerRecord]], None]
    loaded: Callable[[], None] = lambda: None


async def follow(settings: Settings, followed: Followed, health: Health) -> None:
    """Follow a stream until cancelled."""
    positions: dict[TopicPartition, int] = {}
    ends: dict[TopicPartition, int] = {}
    while True:
        try:
            async with reader(settings, settings.stream(followed.stream)) as consumer:
                await _read(consumer, followed, health, positions, ends)
        except (KafkaError, GeowireError, OSError, TimeoutError) as error:
            health.note(followed.stream, str(error) or SILENT)
        except asyncio.CancelledError:
            # A consumer that is closed without a broker cancels a task of its own, and lets that out (aiokafka 0.14).
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
        await asyncio.sleep(_AGAIN_SECONDS)


async def _read(
    consumer: AIOKafkaConsumer,
    followed: Followed,
    health: Health,
    positions: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
) -> None:
    """Read on; ``positions`` and ``ends`` (of the first reading; empty once it is done) outlive an outage."""
    loading = not positions or bool(ends)
    if not positions:
        bounds = await bounds_of(consumer)
        start = followed.start(bounds)
        positions |= {p: start[p.partition] for p in consumer.assignment()}
        ends |= {p: bounds.end[p.partition] for p in positions if bounds.end[p.partition] > positions[p]}
    for partition, position in positions.items():
        consumer.seek(partition, position)
    asked = 0.0
    while True:
        if loading and not ends:
            loading = False
            followed.loaded()
        batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
        for partition, records in batches.items():
            followed.take(records)
            positions[partition] = records[-1].offset + 1
            health.note(followed.stream, None)
        # A compacted stream need not hold the record before its end: the position counts, not what was seen.
        for partition in [p for p, end in ends.items() if await consumer.position(p) >= end]:
            del ends[partition]
        if not batches and time.monotonic() > asked + _ASK_SECONDS:
            await _ask(consumer, followed.stream, health)
            asked = time.monotonic()


async def _ask(consumer: AIOKafkaConsumer, stream: str, health: Health) -> None:
    """Ask for something: a consumer without a broker says nothing of itself."""
    try:
        await asyncio.wait_for(consumer.end_offsets(consumer.assignment()), _ANSWER_SECONDS)
    except (KafkaError, TimeoutError):
        # Said before the consumer is closed: that takes its time without a broker.
        health.note(stream, SILENT)
        raise
    health.note(stream, None)
