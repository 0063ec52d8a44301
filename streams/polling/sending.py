"""Pushing what a poll brought: items onto news.raw, events onto feed-status.

An item that does not fit into news.raw becomes a dead letter that names it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from agents.identity.ids import raw_event_id
from agents.identity.partitions import partition_of
from schemas.codec import encode
from schemas.envelope import FEED_STATUS_TYPE, RAW_TYPE, Headers, cloudevent, traceparent
from schemas.times import to_milliseconds
from streams.broker.compression import compression
from streams.broker.connection import client_arguments
from streams.table import DEAD_LETTER, FEED_STATUS, RAW, RAW_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schemas.feed_status import FeedStatus
    from streams.polling.reading import Item
    from streams.settings import Settings

_RECORD_MAX = RAW_MAX - 1024
"""Largest value for news.raw; key, headers and the record batch come on top."""


def new_producer(settings: Settings) -> AIOKafkaProducer:
    """Return the poller's producer, to be started by the caller."""
    return AIOKafkaProducer(
        **client_arguments(settings),
        enable_idempotence=True,
        compression_type=compression(settings),
        linger_ms=20,
        max_batch_size=256 * 1024,
        max_request_size=RAW_MAX,
    )


async def send_items(
    producer: AIOKafkaProducer,
    settings: Settings,
    feed_id: str,
    items: Sequence[Item],
    fetched: str,
    *,
    traced: Callable[[bytes], None] | None = None,
) -> int:
    """Push items, and wait until the broker has all of them.

    Args:
        producer: The started producer.
        settings: The settings.
        feed_id: The feed.
        items: What it brought.
        fetched: When.
        traced: Told of each item's ``traceparent`` when the broker has them.

    Returns:
        How many were too large for news.raw.

    Raises:
        KafkaError: The broker does not take them.
    """
    time = to_milliseconds(fetched)
    futures, trace = [], []
    refused = 0
    for item in items:
        key = item.item_id.encode()
        event_id = raw_event_id(item.item_id, fetched, item.content_hash)
        headers = cloudevent(type=RAW_TYPE, id=event_id, source=feed_id, time=fetched, subject=item.item_id)
        headers.append(traceparent(None, seed=event_id, hop="poll"))
        trace.append(headers[-1][1])
        stream, value = RAW, item.record
        if len(item.record) > _RECORD_MAX:
            refused += 1
            stream, value = DEAD_LETTER, b""
            headers += _too_large(len(item.record))
        futures.append(
            await producer.send(
                settings.stream(stream.name),
                value,
                key=key,
                partition=partition_of(key, settings.partitions),
                timestamp_ms=time,
                headers=headers,
            )
        )
    await asyncio.gather(*futures)
    if traced is not None:
        for own in trace:
            traced(own)
    return refused


async def send_events(
    producer: AIOKafkaProducer, settings: Settings, events: Sequence[FeedStatus], partition: int
) -> None:
    """Push what happened to a feed onto feed-status, and wait until the broker has it.

    Raises:
        KafkaError: The broker does not take it.
    """
    futures = [
        await producer.send(
            settings.stream(FEED_STATUS.name),
            encode(event),
            key=event.feed_id.encode(),
            partition=partition,
            headers=cloudevent(
                type=FEED_STATUS_TYPE, id=event.id, source=event.feed_id, time=event.at, subject=event.feed_id
            ),
        )
        for event in events
    ]
    await asyncio.gather(*futures)


def _too_large(size: int) -> Headers:
    """Return what a dead letter says of an item that does not fit into news.raw; it can only say that it was there."""
    return [
        ("dlq_stage", b"poll"),
        ("dlq_code", b"too-large"),
        ("dlq_message", f"the item has {size} bytes as a record, news.raw takes {_RECORD_MAX}".encode()),
    ]
