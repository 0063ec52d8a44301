"""The poller: polls every feed when it is due and pushes what is new or changed onto news.raw.

One poll is: fetch ▸ parse ▸ produce ▸ wait for the broker ▸ write the feed's state. A crash between any two of these
repeats items, it loses none; dedupe gives each once. A restart goes on where the states say.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.identity.ids import raw_event_id
from agents.identity.partitions import partition_of
from schemas.envelope import RAW_TYPE, Headers, cloudevent, traceparent
from schemas.errors import DeliveryError
from schemas.feed_state import FeedState, Validators
from schemas.raw import HttpResponse
from schemas.times import from_datetime, to_milliseconds
from streams.broker.connection import client_arguments
from streams.polling import states
from streams.polling.fetch import Fetcher, Response
from streams.polling.parsers import Parsers
from streams.polling.reading import Item, Reading, Request
from streams.polling.schedule import Pace, Trouble, decide, first_due
from streams.table import DEAD_LETTER, RAW, RAW_MAX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from streams.polling.feedlist import Feed
    from streams.settings import Settings

log = logging.getLogger(__name__)

_AT_A_TIME = 64
_RECORD_MAX = RAW_MAX - 1024
"""Largest value for news.raw; key, headers and the record batch come on top."""


class Poller:
    """Polls a list of feeds until it is told to stop."""

    def __init__(self, settings: Settings, feeds: Sequence[Feed]) -> None:
        """Prepare; nothing is fetched before ``run``."""
        self._settings = settings
        self._feeds = {feed.id: feed for feed in feeds}
        self._states: dict[str, FeedState] = {}
        self._pace = Pace(
            usual=settings.poll_seconds, floor=settings.poll_floor_seconds, most=settings.poll_most_seconds
        )
        self._slots = asyncio.Semaphore(_AT_A_TIME)
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._fetcher = Fetcher(allow_private=settings.allow_private, contact=settings.contact)
        self._parsers = Parsers(settings.poll_workers)
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
        async with asyncio.TaskGroup() as tasks:
            loops = [tasks.create_task(self._follow(feed, stop)) for feed in self._feeds.values()]
            await asyncio.gather(*loops)

    async def _follow(self, feed: Feed, stop: asyncio.Event) -> None:
        state = self._states.get(feed.id)
        now = datetime.now(UTC)
        due = datetime.fromisoformat(state.next_due) if state else first_due(feed.id, now=now).due
        while not stop.is_set():
            wait = (due - datetime.now(UTC)).total_seconds()
            if wait > 0:
                try:
                    await asyncio.wait_for(stop.wait(), wait)
                except TimeoutError:
                    pass
                else:
                    return
            async with self._turn(feed):
                if stop.is_set():
                    return
                due = datetime.fromisoformat((await self.poll(feed)).next_due)

    @asynccontextmanager
    async def _turn(self, feed: Feed) -> AsyncIterator[None]:
        """Wait for the feed's host to be free, and keep it until the gap after the request is over."""
        async with self._hosts[urlsplit(feed.url).hostname or ""]:
            yield
            await asyncio.sleep(self._settings.poll_host_seconds)

    async def poll_once(self) -> None:
        """Poll every feed once.

        Raises:
            DeliveryError: The broker does not take the items.
        """

        async def one(feed: Feed) -> None:
            async with self._turn(feed):
                await self.poll(feed)

        async with asyncio.TaskGroup() as tasks:
            for feed in self._feeds.values():
                tasks.create_task(one(feed))

    async def poll(self, feed: Feed) -> FeedState:
        """Poll one feed once; return its new state.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        state = self._states.get(feed.id)
        async with self._slots:
            response = await self._fetcher.get(feed.url, state.validators if state else None)
        fetched = datetime.now(UTC)
        reading = await self._read(feed, state, response, fetched)
        new = self._next_state(feed, state, response, reading, fetched)
        try:
            if reading is not None:
                await self._produce(feed, reading.items, from_datetime(fetched))
            await states.store(self._producer, self._settings, new)
        except KafkaError as error:
            raise DeliveryError(f"the broker does not take the items of {feed.id}: {error!r}") from error
        self._states[feed.id] = new
        self._note(feed, new, reading)
        return new

    async def _read(self, feed: Feed, state: FeedState | None, response: Response, fetched: datetime) -> Reading | None:
        """Parse a body that is new; None where there is none."""
        if response.body is None or (state is not None and state.body_hash == _body_hash(response.body)):
            return None
        request = Request(
            feed=feed.ref,
            fetched=from_datetime(fetched),
            http=HttpResponse(
                status=response.status or 0,
                url=response.url,
                etag=response.headers.get("etag"),
                last_modified=response.headers.get("last-modified"),
            ),
            content_type=response.headers.get("content-type"),
            listed=state.listed if state else (),
            first=state is None or state.succeeded is None,
        )
        return await self._parsers.read(request, response.body)

    def _next_state(
        self,
        feed: Feed,
        state: FeedState | None,
        response: Response,
        reading: Reading | None,
        fetched: datetime,
    ) -> FeedState:
        now = from_datetime(fetched)
        problem = response.problem
        if problem is None and reading is not None and not reading.version and not reading.entries:
            problem = reading.problem or "not a feed"
        failures = (state.failures if state else 0) + 1 if problem else 0
        decision = decide(
            feed.id,
            now=fetched,
            pace=self._pace,
            headers=response.headers,
            trouble=Trouble(kind="unavailable", failures=failures) if problem else None,
        )
        new = FeedState(
            feed_id=feed.id,
            url=feed.url,
            next_due=from_datetime(decision.due),
            reasons=decision.reasons,
            polled=now,
            succeeded=now if problem is None else state.succeeded if state else None,
            status=response.status,
            problem=problem,
            failures=failures,
            validators=state.validators if state else None,
            body_hash=state.body_hash if state else None,
            title=state.title if state else None,
            language=state.language if state else None,
            listed=state.listed if state else (),
        )
        if problem is not None or reading is None or response.body is None:
            return new
        return msgspec.structs.replace(
            new,
            validators=Validators(
                url=response.url,
                etag=response.headers.get("etag"),
                last_modified=response.headers.get("last-modified"),
            ),
            body_hash=_body_hash(response.body),
            title=reading.title,
            language=reading.language,
            listed=reading.listed,
        )

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

    def _note(self, feed: Feed, state: FeedState, reading: Reading | None) -> None:
        self.counts["polls"] += 1
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


def _body_hash(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
