"""The poller: polls every feed when it is due and pushes what is new or changed onto news.raw.

One poll is: fetch ▸ parse ▸ produce ▸ wait for the broker ▸ write the feed's state. A crash between any two of these
repeats items, it loses none; dedupe gives each once. A restart goes on where the states say.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.identity.ids import raw_event_id
from agents.identity.partitions import partition_of
from schemas.envelope import RAW_TYPE, Headers, cloudevent, traceparent
from schemas.errors import DeliveryError
from schemas.feed_state import FeedState
from schemas.times import from_datetime, to_milliseconds
from streams.broker.connection import client_arguments
from streams.polling import outcome, states
from streams.polling.addresses import host_of
from streams.polling.agenda import Agenda
from streams.polling.fetch import Fetcher, Limits
from streams.polling.hosts import Hosts
from streams.polling.outcome import Outcome
from streams.polling.parsers import Parsers
from streams.polling.poll import Polls
from streams.polling.proxies import Proxies
from streams.polling.reading import Item, Reading
from streams.polling.schedule import NEVER, Pace, first_due
from streams.table import DEAD_LETTER, RAW, RAW_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.polling.feedlist import Feed
    from streams.settings import Settings

log = logging.getLogger(__name__)

_RECORD_MAX = RAW_MAX - 1024
"""Largest value for news.raw; key, headers and the record batch come on top."""


class Poller:
    """Polls a list of feeds until it is told to stop."""

    def __init__(self, settings: Settings, feeds: Sequence[Feed], *, limits: Limits | None = None) -> None:
        """Prepare; nothing is fetched before ``run``."""
        self._settings = settings
        self._feeds = {feed.id: feed for feed in feeds}
        self._states: dict[str, FeedState] = {}
        self._hosts = Hosts(gap=settings.poll_host_seconds)
        self._agenda = Agenda(self._hosts)
        self._limits = limits or Limits()
        self._fetcher = Fetcher(
            hosts=self._hosts,
            allow_private=settings.allow_private,
            contact=settings.contact,
            proxies=Proxies(http=settings.http_proxy, https=settings.https_proxy, excepted=settings.no_proxy),
            limits=self._limits,
        )
        self._parsers = Parsers(settings.poll_workers)
        self._polls = Polls(
            fetcher=self._fetcher,
            parsers=self._parsers,
            pace=Pace(usual=settings.poll_seconds, floor=settings.poll_floor_seconds, most=settings.poll_most_seconds),
        )
        self._producer = AIOKafkaProducer(
            **client_arguments(settings),
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=20,
            max_batch_size=256 * 1024,
            max_request_size=RAW_MAX,
        )
        self.counts: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._producer.start()
        await self._fetcher.__aenter__()
        self._states = await states.load(self._settings)
        for state in self._states.values():
            if state.host_rests is not None:
                moment = datetime.fromisoformat(state.host_rests.until).timestamp()
                self._hosts.rest_until(state.host_rests.host, moment)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._fetcher.__aexit__()
        await self._parsers.close()
        await self._producer.stop()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until ``stop`` is set; polls under way are finished.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        for feed in self._feeds.values():
            self._put(feed, self._states.get(feed.id))
        async with asyncio.TaskGroup() as tasks:
            closing = tasks.create_task(self._close_on(stop))
            slots = asyncio.Semaphore(self._limits.connections)
            try:
                while (feed_id := await self._agenda.take()) is not None:
                    await slots.acquire()
                    poll = tasks.create_task(self._turn(self._feeds[feed_id]))
                    poll.add_done_callback(lambda _: slots.release())
            finally:
                closing.cancel()

    async def _close_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._agenda.close()

    async def _turn(self, feed: Feed) -> None:
        host = self._host(feed)
        try:
            state = await self.poll(feed)
        finally:
            self._agenda.done(host)
        self._put(feed, state)

    def _put(self, feed: Feed, state: FeedState | None) -> None:
        """Enter a feed for its next poll."""
        due = first_due(feed.id, now=datetime.now(UTC)).due if state is None else datetime.fromisoformat(state.next_due)
        if due < NEVER:
            self._agenda.put(feed.id, self._host(feed), due.timestamp())

    def _host(self, feed: Feed) -> str:
        return host_of(outcome.address(feed.url, self._states.get(feed.id)))

    async def poll_once(self) -> None:
        """Poll every feed once.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        slots = asyncio.Semaphore(self._limits.connections)

        async def one(feed: Feed) -> None:
            async with slots:
                await self.poll(feed)

        async with asyncio.TaskGroup() as tasks:
            for feed in self._feeds.values():
                tasks.create_task(one(feed))

    async def poll(self, feed: Feed) -> FeedState:
        """Poll one feed once; return its new state.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        polled = await self._polls.once(feed, self._states.get(feed.id))
        state, reading = polled.outcome.state, polled.reading
        try:
            if reading is not None:
                await self._produce(feed, reading.items, from_datetime(polled.fetched))
            await states.store(self._producer, self._settings, state)
        except KafkaError as error:
            raise DeliveryError(f"the broker does not take the items of {feed.id}: {error!r}") from error
        self._states[feed.id] = state
        self._note(feed, polled.outcome, reading)
        return state

    async def _produce(self, feed: Feed, items: Sequence[Item], fetched: str) -> None:
        """Push items, and wait until the broker has all of them."""
        time = to_milliseconds(fetched)
        futures = []
        for item in items:
            key = item.item_id.encode()
            event_id = raw_event_id(item.item_id, fetched, item.content_hash)
            headers = cloudevent(type=RAW_TYPE, id=event_id, source=feed.id, time=fetched, subject=item.item_id)
            headers.append(traceparent(None, seed=event_id, hop="poll"))
            stream, value = RAW, item.record
            if len(item.record) > _RECORD_MAX:
                self.counts["too large"] += 1
                stream, value = DEAD_LETTER, b""
                headers += _too_large(len(item.record))
            futures.append(
                await self._producer.send(
                    self._settings.stream(stream.name),
                    value,
                    key=key,
                    partition=partition_of(key, self._settings.partitions),
                    timestamp_ms=time,
                    headers=headers,
                )
            )
        await asyncio.gather(*futures)

    def _note(self, feed: Feed, came: Outcome, reading: Reading | None) -> None:
        state = came.state
        self.counts["polls"] += 1
        if came.gap:
            self.counts["gaps"] += 1
            log.warning("%s: the newest items seen last time are gone from the page; some may be lost", feed.id)
        if came.adopted:
            log.warning("%s: has moved for good and is polled at %s from now on", feed.id, came.adopted)
        if state.problem is not None:
            self.counts["failed"] += 1
            log.warning("%s: %s; next poll %s", feed.id, state.problem, state.next_due)
        elif reading is not None:
            self.counts["items"] += len(reading.items)
            log.info("%s: %d new or changed of %d", feed.id, len(reading.items), len(reading.listed))


def _too_large(size: int) -> Headers:
    """Return what a dead letter says of an item that does not fit into news.raw; it can only say that it was there."""
    return [
        ("dlq_stage", b"poll"),
        ("dlq_code", b"too-large"),
        ("dlq_message", f"the item has {size} bytes as a record, news.raw takes {_RECORD_MAX}".encode()),
    ]
