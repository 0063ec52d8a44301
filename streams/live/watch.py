"""Reads the streams for the live view: from Kafka itself, like any other consumer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import GeowireError
from streams.broker import admin
from streams.broker.connection import client_arguments
from streams.table import DEAD_LETTER, DERIVED_MAX, DUPLICATES, ENRICHED, FEED_STATE, FEEDS, RAW, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiokafka import ConsumerRecord

    from streams.live.tally import Tally
    from streams.settings import Settings

_MEASURE_SECONDS = 1.0
_AGAIN_SECONDS = 3.0
_LAST_LOOK_SECONDS = 6.0


async def watch(settings: Settings, tally: Tally) -> None:
    """Feed the tally until cancelled; an outage of the broker is noted in it, and waited for."""
    while True:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_follow(settings, tally))
                tasks.create_task(_measure(settings, tally))
        except* (KafkaError, GeowireError, OSError) as group:
            tally.problem = f"Kafka cannot be read: {group.exceptions[0]}"
        await asyncio.sleep(_AGAIN_SECONDS)


async def last_look(tally: Tally) -> None:
    """Wait until everything that is there is counted, once nothing more comes; not for ever."""
    after = tally.measures + 2
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_LOOK_SECONDS):
            while tally.measures < after:  # noqa: ASYNC110 - a counter says it, no event
                await asyncio.sleep(0.1)


async def _follow(settings: Settings, tally: Tally) -> None:
    """Follow events and letters from now on, the feeds and their states from the beginning."""
    handlers: dict[str, Callable[[ConsumerRecord], None]] = {
        settings.stream(ENRICHED.name): tally.enriched,
        settings.stream(DEAD_LETTER.name): tally.letter,
        settings.stream(FEEDS.name): tally.feed,
        settings.stream(FEED_STATE.name): tally.feed_state,
    }
    consumer = AIOKafkaConsumer(
        *handlers,
        **client_arguments(settings),
        enable_auto_commit=False,
        auto_offset_reset="latest",
        max_partition_fetch_bytes=DERIVED_MAX,
    )
    await consumer.start()
    try:
        if not tally.positions:
            await consumer.seek_to_end()
            known = [p for stream in (FEEDS, FEED_STATE) for p in _of(consumer, settings.stream(stream.name))]
            await consumer.seek_to_beginning(*known)
            tally.positions = {p: await consumer.position(p) for p in consumer.assignment()}
            tally.following.set()
        for partition, position in tally.positions.items():
            consumer.seek(partition, position)
        while True:
            for partition, records in (await consumer.getmany(timeout_ms=250)).items():
                for record in records:
                    handlers[partition.topic](record)
                tally.positions[partition] = records[-1].offset + 1
            tally.problem = None
    finally:
        await consumer.stop()


async def _measure(settings: Settings, tally: Tally) -> None:
    """Count what arrives in raw and duplicates by their ends, and how far the workers are behind."""
    raw, repeated = (settings.stream(stream.name) for stream in (RAW, DUPLICATES))
    to_do = [settings.stream(name) for name in STEPS]
    consumer = AIOKafkaConsumer(*to_do, repeated, **client_arguments(settings), enable_auto_commit=False)
    await consumer.start()
    try:
        async with admin.admin(settings) as client:
            tally.begun = tally.begun or await consumer.end_offsets(consumer.assignment())
            tally.measuring.set()
            while True:
                # Offsets before ends: what is committed in between must not look like less than nothing to do.
                committed = await client.list_consumer_group_offsets(settings.group)
                starts = await consumer.beginning_offsets(consumer.assignment())
                ends = await consumer.end_offsets(consumer.assignment())
                for name, topic in (("items", raw), ("duplicates", repeated)):
                    tally.counts[name] = sum(ends[p] - tally.begun[p] for p in _of(consumer, topic))
                tally.lag = sum(
                    ends[p] - max(starts[p], committed[p].offset if p in committed else 0)
                    for topic in to_do
                    for p in _of(consumer, topic)
                )
                tally.measures += 1
                await asyncio.sleep(_MEASURE_SECONDS)
    finally:
        await consumer.stop()


def _of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    return [partition for partition in consumer.assignment() if partition.topic == topic]
