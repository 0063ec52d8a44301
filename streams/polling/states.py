"""The feed states, kept in the compacted ``feed-state`` stream: read to the end at start, written after each poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from schemas.codec import decode, encode
from schemas.errors import DataError
from schemas.feed_state import FeedState
from streams.reading import read_all
from streams.table import FEED_STATE

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from streams.settings import Settings

_decoder = msgspec.json.Decoder(FeedState)


def read(value: bytes | None) -> FeedState | None:
    """Return the state a record holds.

    A state that cannot be read counts as none: the feed is polled anew, and dedupe gives each of its items once all
    the same.
    """
    try:
        return decode(_decoder, value)
    except DataError:
        return None


async def load(settings: Settings) -> dict[str, FeedState]:
    """Return the newest state of every feed, by feed id."""
    states: dict[str, FeedState] = {}
    for record in await read_all(settings, settings.stream(FEED_STATE.name)):
        feed_id = record.key.decode("utf-8", "replace")
        if (state := read(record.value)) is not None:
            states[feed_id] = state
        else:
            states.pop(feed_id, None)
    return states


async def store(producer: AIOKafkaProducer, settings: Settings, state: FeedState, partition: int) -> bytes:
    """Write the state of a feed, and wait until the broker has it; return it as it is there."""
    value = encode(state)
    await producer.send_and_wait(
        settings.stream(FEED_STATE.name), value, key=state.feed_id.encode(), partition=partition
    )
    return value
