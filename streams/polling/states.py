"""The feed states, on the compacted ``feed-state`` stream: read to the end at start, written after each poll."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, structs

from schemas.codec import decode, encode
from schemas.errors import DataError
from schemas.feed_state import FeedState, Writer
from schemas.polling import HostRest
from streams.reading import read_all
from streams.table import FEED_STATE, STATE_MAX

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

    from streams.settings import Settings

log = logging.getLogger(__name__)

_LISTED_MAX = 20_000
"""Items remembered of a page that would not fit otherwise; what is forgotten may come again, as a duplicate."""


class Glance(Struct, frozen=True):
    """The parts of a state that say when to poll next and how the last poll ended; the rest is not decoded."""

    url: str
    next_due: str
    polled: str | None = None
    address: str | None = None
    resumed: str | None = None
    host_rests: HostRest | None = None
    kind: str | None = None


class _Written(Struct, frozen=True):
    """The part of a state that says who wrote it."""

    writer: Writer = Writer()


_decoder = msgspec.json.Decoder(FeedState)
_glances = msgspec.json.Decoder(Glance)
_writers = msgspec.json.Decoder(_Written)


class Table:
    """The valid states of one partition, from its records in order, encoded as they came."""

    def __init__(self) -> None:
        """Begin empty."""
        self.states: dict[str, bytes] = {}
        self.newest = Writer()
        """The newest writer that was seen."""
        self._writers: dict[str, Writer] = {}

    def note(self, key: bytes, value: bytes | None) -> None:
        """Take in a record. What an older writer wrote behind a newer one is void."""
        feed_id = key.decode("utf-8", "replace")
        if value is None:
            self.states.pop(feed_id, None)
            self._writers.pop(feed_id, None)
            return
        writer = writer_of(value)
        self.newest = max(self.newest, writer)
        if writer >= self._writers.get(feed_id, writer):
            self.states[feed_id] = value
            self._writers[feed_id] = writer


def writer_of(value: bytes) -> Writer:
    """Return who wrote a state; the oldest of all where it cannot be read."""
    try:
        return _writers.decode(value).writer
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Writer()


def read(value: bytes | None) -> FeedState | None:
    """Return the state a record holds.

    A state that cannot be read counts as none: the feed is polled anew, and dedupe gives each of its items once all
    the same.
    """
    try:
        return decode(_decoder, value)
    except DataError:
        return None


def glance(value: bytes | None) -> Glance | None:
    """Return what of a state says when to poll next; None where it cannot be read."""
    try:
        return _glances.decode(value) if value else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def load(settings: Settings) -> dict[str, FeedState]:
    """Return the state of every feed, by feed id.

    Raises:
        BrokerError: The stream cannot be read.
    """
    tables: dict[int, Table] = {}
    for record in await read_all(settings, settings.stream(FEED_STATE.name)):
        tables.setdefault(record.partition, Table()).note(record.key, record.value)
    found: dict[str, FeedState] = {}
    for table in tables.values():
        for feed_id, value in table.states.items():
            state, other = read(value), found.get(feed_id)
            # A feed that is being moved has two: they are the same, or one was polled later.
            if state is not None and (other is None or (state.polled or "") >= (other.polled or "")):
                found[feed_id] = state
    return found


async def store(producer: AIOKafkaProducer, settings: Settings, state: FeedState, partition: int) -> bytes:
    """Write the state of a feed, and wait until the broker has it; return it as it is there."""
    value = encode(state)
    if len(value) > STATE_MAX - 1024:
        log.warning(
            "%s: lists %d items, of which the first %d are remembered", state.feed_id, len(state.listed), _LISTED_MAX
        )
        value = encode(structs.replace(state, listed=state.listed[:_LISTED_MAX]))
    await send(producer, settings, state.feed_id, value, partition)
    return value


async def send(producer: AIOKafkaProducer, settings: Settings, feed_id: str, value: bytes, partition: int) -> None:
    """Write a state as it is, and wait until the broker has it."""
    await producer.send_and_wait(settings.stream(FEED_STATE.name), value, key=feed_id.encode(), partition=partition)
