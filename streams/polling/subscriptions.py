"""The ``feeds`` stream: which feeds are polled. Read as a whole, changed record by record.

A feed has one record, in the partition of the domain it is fetched from; its state is in the same partition of
``feed-state``. A feed whose domain changes moves: its record is marked where it was, so that it is not polled from
there any more; its state is copied to where it belongs, then its record; what was there is deleted. A process may die
at any point of that: whoever takes the old partition over finishes the move (``Share``), and so does the next change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct, structs

from schemas.codec import decode, encode
from schemas.errors import BrokerError, DataError
from schemas.feed import Subscription
from schemas.feed_state import FeedState, Writer
from streams.broker.refusals import in_words
from streams.polling import states
from streams.polling.domains import partition_for
from streams.polling.editing import Changes, Feeds
from streams.polling.sending import new_producer
from streams.reading import read_all
from streams.table import FEED_STATE, FEEDS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer, ConsumerRecord

    from streams.settings import Settings

_STRIDE = 500
"""Feeds written at once: an import of ten thousand must not be ten thousand round trips."""

_decoder = msgspec.json.Decoder(Subscription)


class Roll:
    """All feeds there are, and where their records are."""

    def __init__(self, records: list[ConsumerRecord]) -> None:
        """Build.

        Args:
            records: All records of ``feeds``, by partition and offset.
        """
        self.feeds: dict[str, Subscription] = {}
        self.places: dict[str, set[int]] = {}
        live = {(record.partition, record.key): record for record in records}
        found: dict[str, tuple[bool, int]] = {}
        for (partition, key), record in live.items():
            if record.value is None:
                continue
            feed_id = key.decode("utf-8", "replace")
            self.places.setdefault(feed_id, set()).add(partition)
            if (subscription := parse(record.value)) is None:
                continue
            # Of a feed in two partitions, as in the midst of a move, the newer record counts that does not leave.
            age = (not subscription.leaving, record.timestamp)
            if age >= found.get(feed_id, age):
                found[feed_id] = age
                self.feeds[feed_id] = structs.replace(subscription, leaving=False)

    @property
    def active(self) -> list[Subscription]:
        """The feeds that are polled."""
        return [subscription for subscription in self.feeds.values() if subscription.active]


def parse(value: bytes | None) -> Subscription | None:
    """Return the subscription a record holds; None: it is deleted, or cannot be read."""
    try:
        return decode(_decoder, value)
    except DataError:
        return None


async def read(settings: Settings) -> Roll:
    """Return all feeds.

    Raises:
        BrokerError: The stream cannot be read.
    """
    return Roll(await read_all(settings, settings.stream(FEEDS.name)))


async def write(settings: Settings, roll: Roll, changes: Changes) -> None:
    """Write changes, and wait until the broker has them.

    Args:
        settings: The settings.
        roll: What is on the stream.
        changes: What is to be on it.

    Raises:
        BrokerError: The broker does not take them.
    """
    if not changes:
        return
    todo = []
    for feed_id, subscription in changes.items():
        target = None if subscription is None else partition_for(subscription.url, settings.partitions)
        todo.append(_Change(feed_id, subscription, frozenset(roll.places.get(feed_id, set()) - {target}), None))
    if any(change.leaves and change.subscription is not None for change in todo):
        known = await states.load(settings)
        todo = [structs.replace(change, state=known.get(change.feed_id)) for change in todo]
    producer = new_producer(settings)
    try:
        await producer.start()
        for start in range(0, len(todo), _STRIDE):
            await asyncio.gather(*(change.put(producer, settings) for change in todo[start : start + _STRIDE]))
    except KafkaError as error:
        raise BrokerError(f"the changes to the feeds cannot be written: {in_words(error)}") from error
    finally:
        await producer.stop()


async def change(settings: Settings, edit: Callable[[Feeds], Changes]) -> tuple[Roll, Changes]:
    """Read the feeds, decide what is to change, write it.

    Args:
        settings: The settings.
        edit: One of the functions of ``streams.polling.editing``.

    Returns:
        The feeds as they were, and what was written.

    Raises:
        BrokerError: The feeds cannot be read or written.
    """
    roll = await read(settings)
    changes = edit(roll.feeds)
    await write(settings, roll, changes)
    return roll, changes


class _Change(Struct, frozen=True):
    """One feed as it is to be; None: it is to go. It leaves some partitions, and may have a state to take along."""

    feed_id: str
    subscription: Subscription | None
    leaves: frozenset[int]
    state: FeedState | None

    async def put(self, producer: AIOKafkaProducer, settings: Settings) -> None:
        """Mark where it leaves, take its state along, write where it is, delete what is left."""
        feeds, feed_state = settings.stream(FEEDS.name), settings.stream(FEED_STATE.name)
        key, leaves = self.feed_id.encode(), sorted(self.leaves)
        if self.subscription is not None:
            marked = encode(structs.replace(self.subscription, leaving=True))
            for partition in leaves:
                await producer.send_and_wait(feeds, marked, key=key, partition=partition)
            target = partition_for(self.subscription.url, settings.partitions)
            if leaves and self.state is not None:
                # Any poller's state is newer than what a mover copies.
                await states.store(producer, settings, structs.replace(self.state, writer=Writer()), target)
            await producer.send_and_wait(feeds, encode(self.subscription), key=key, partition=target)
        for partition in leaves:
            await producer.send_and_wait(feeds, None, key=key, partition=partition)
            await producer.send_and_wait(feed_state, None, key=key, partition=partition)


async def update(
    producer: AIOKafkaProducer, settings: Settings, subscription: Subscription, state: FeedState | None, partition: int
) -> int:
    """Write what a poll found out about a feed that is in ``partition``; return the partition it is in now.

    Raises:
        KafkaError: The broker does not take it.
    """
    target = partition_for(subscription.url, settings.partitions)
    stays = structs.replace(subscription, leaving=False)
    await _Change(stays.feed.id, stays, frozenset({partition} - {target}), state).put(producer, settings)
    return target
