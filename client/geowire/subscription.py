"""A subscription to news.enriched: filtered by headers, in the order of its partitions, going on where it stopped."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from geowire.events import Enriched
from geowire.filters import Filter, make
from geowire.rule import InMemory, OnDisk, Version, Versions, judge, stands
from geowire.stories import Following, Stories

TYPE = b"geowire.item.enriched.v1"
_SAVE_SECONDS = 1.0
_POLL_MS = 250


class Event(Enriched, frozen=True, kw_only=True):
    """An event, and what it means to you.

    Attributes:
        gone: Drop what you keep of ``item_id``: it was withdrawn, or passes your filter no longer. Otherwise put this
            event in its place.
        story: Name of the story the item is in as far as is known, with ``stories=True``; its own id, where it is
            alone.
    """

    gone: bool = False
    story: str | None = None


class UnreadableError(Exception):
    """A record is no event that this version of the client reads; says which."""


def subscribe(
    *,
    topics: Iterable[str] = (),
    countries: Iterable[str] = (),
    languages: Iterable[str] = (),
    sources: Iterable[str] = (),
    geo: bool | None = None,
    group: str | None = None,
    state: str | Path | None = None,
    start: str = "end",
    follow: bool = True,
    stories: bool = False,
    servers: str | None = None,
    namespace: str = "",
    **kafka: Any,
) -> Subscription:
    """Subscribe to the events; see ``Subscription`` for what to do with it.

    Args:
        topics: Only events with one of these topics: ``["sanctions"]``.
        countries: Only events about one of these countries (ISO 3166): ``["IR", "CN"]``.
        languages: Only events in one of these languages: ``["en"]``.
        sources: Only events of these feeds, by id.
        geo: Only geopolitical events, or only others.
        group: Consumer group that shares the events and remembers in Kafka how far it is.
        state: File that remembers how far this subscription is, and the newest version of every item, so that the
            consumer's rule holds across restarts, too. One process.
        start: Where to begin where nothing is remembered: ``"end"`` (from now on), ``"beginning"`` (of what is kept),
            or a ``position``: ``"0:12,1:40"``.
        follow: Wait for more; otherwise end at the ends of now.
        stories: Say which story each event is in, and keep ``Subscription.stories``.
        servers: Kafka's addresses; else ``KAFKA_BOOTSTRAP_SERVERS``, else ``127.0.0.1:9092``.
        namespace: As ``GEOWIRE_NAMESPACE`` of the installation.
        kafka: More arguments for aiokafka's consumers: ``security_protocol``, ``ssl_context``, …

    Raises:
        ValueError: Arguments exclude each other.
    """
    if group is not None and state is not None:
        raise ValueError("group and state exclude each other: both remember how far the subscription is")
    if group is not None and not follow:
        raise ValueError("a group follows: give state or start for a reading that ends")
    prefix = f"{namespace}." if namespace else ""
    clients = {
        "bootstrap_servers": servers or os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or "127.0.0.1:9092",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        **kafka,
    }
    return Subscription(
        f"{prefix}news.enriched",
        make(topics, countries, languages, sources, geo=geo),
        clients,
        group=group,
        versions=OnDisk(Path(state), f"{prefix}news.enriched") if state is not None else InMemory(),
        start=start,
        follow=follow,
        stories=f"{prefix}news.stories" if stories else None,
    )


class Subscription:
    """Events as they come: ``async for event in subscription``.

    An event counts as done when the next one is asked for; how far the subscription is, is remembered then, once a
    second. After a crash, events that were not done come again: put them where they belong by ``item_id``.

    ``async with subscription`` closes it at the end of the block, else ``aclose`` does, or leaving the loop.

    Attributes:
        stories: The stories, with ``stories=True``.
    """

    def __init__(
        self,
        stream: str,
        wanted: Filter,
        clients: Mapping[str, Any],
        *,
        group: str | None,
        versions: Versions,
        start: str,
        follow: bool,
        stories: str | None,
    ) -> None:
        """Prepare; nothing is connected before the first event is asked for. See ``subscribe``."""
        self._stream = stream
        self._wanted = wanted
        self._versions = versions
        self._start_at = start if start in {"beginning", "end"} else parse(start)
        self._follow = follow
        self._group = group
        # Subscribed to when started: a rebalance must not find records that others have got.
        self._consumer: AIOKafkaConsumer | None = None
        self._clients = clients
        self._stories_stream = stories
        self.stories = Stories()
        self._following: Following | None = None
        self._batch: deque[ConsumerRecord] = deque()
        self._ends: dict[TopicPartition, int] = {}
        self._done: dict[TopicPartition, int] = {}
        self._newest: dict[str, Version] = {}
        self._in_hand: tuple[ConsumerRecord, Version] | None = None
        self._unsaved = False
        self._saved_at = 0.0
        self._decoder = msgspec.json.Decoder(Event)

    @property
    def position(self) -> str:
        """How far it is, as text: the next offset of each partition; ``start`` takes it."""
        return ",".join(f"{p.partition}:{offset}" for p, offset in sorted(self._done.items()))

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remember what is done, and close."""
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events."""
        opened_here = self._consumer is None
        try:
            await self._open()
            while (event := await self._next()) is not None:
                yield event
        finally:
            if opened_here:
                await self.aclose()

    async def aclose(self) -> None:
        """Remember what is done, and close."""
        consumer, self._consumer = self._consumer, None
        if self._following is not None:
            await self._following.stop()
            self._following = None
        if consumer is not None:
            try:
                await self._save(consumer)
            finally:
                self._versions.close()
                await consumer.stop()

    async def _open(self) -> None:
        if self._consumer is not None:
            return
        if self._stories_stream is not None:
            self._following = Following(self.stories, AIOKafkaConsumer(self._stories_stream, **self._clients))
            await self._following.start()
        if self._group is None:
            consumer = AIOKafkaConsumer(self._stream, **self._clients)
        else:
            consumer = AIOKafkaConsumer(group_id=self._group, **self._clients)
            consumer.subscribe([self._stream], listener=_Listener(self))
        self._consumer = consumer
        await consumer.start()
        if self._group is None:
            await self._seek(consumer)

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        partitions = consumer.assignment()
        if not partitions:
            raise LookupError(f"there is no stream {self._stream}: does geowire run there, with this namespace?")
        ends = await consumer.end_offsets(partitions)
        self._ends = {} if self._follow else ends
        known = self._versions.positions() if isinstance(self._versions, OnDisk) else {}
        if not known and isinstance(self._start_at, dict):
            known = self._start_at
        if not known and self._start_at == "end":
            known = {p.partition: offset for p, offset in ends.items()}
        first = await consumer.beginning_offsets(partitions)
        for partition in partitions:
            self._done[partition] = max(known.get(partition.partition, 0), first[partition])
            consumer.seek(partition, self._done[partition])

    async def _next(self) -> Event | None:
        consumer = self._consumer
        if consumer is None:
            raise RuntimeError("the subscription is closed")
        self._finish_in_hand()
        while True:
            if time.monotonic() - self._saved_at > _SAVE_SECONDS:
                await self._save(consumer)
            while self._batch:
                if (event := self._look_at(self._batch.popleft())) is not None:
                    return event
            if self._ends and all([await consumer.position(p) >= end for p, end in self._ends.items()]):
                return None
            if self._following is not None:
                self._following.check()
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                self._batch.extend(records)

    def _look_at(self, record: ConsumerRecord) -> Event | None:
        """Return a record's event where it means something; it is in hand then, otherwise it is done."""
        headers: dict[str, bytes] = dict(record.headers)
        item_id = _item(record)
        if headers.get("ce_type", TYPE) != TYPE:
            raise UnreadableError(
                f"{_place(record)} is {headers['ce_type'].decode()!r}: a newer geowire-client reads it"
            )
        new = Version(
            fetched=headers["ce_time"].decode(),
            generation=int(headers["ce_generation"]),
            id=headers["ce_id"].decode(),
            given=self._wanted.passes(headers),
        )
        reason = headers["ce_reason"].decode()
        old = self._newest.get(item_id) or self._versions.get(item_id)
        if old is not None and stands(old, new):
            self._mark_done(record)
            return None
        verdict = judge(new, old, reason=reason, complete=self._versions.complete)
        new = msgspec.structs.replace(new, given=verdict == "keep")
        if verdict is None:
            self._newest[item_id] = new
            self._mark_done(record)
            return None
        self._in_hand = record, new
        try:
            event = self._decoder.decode(record.value)
        except msgspec.DecodeError as error:
            raise UnreadableError(f"{_place(record)} is no event: {error}") from error
        story = self.stories.of(item_id) if self._following is not None else None
        return msgspec.structs.replace(event, gone=verdict == "gone", story=story)

    def _finish_in_hand(self) -> None:
        if self._in_hand is not None:
            record, version = self._in_hand
            self._in_hand = None
            self._newest[_item(record)] = version
            self._mark_done(record)

    def _mark_done(self, record: ConsumerRecord) -> None:
        self._done[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self._unsaved = True

    def _mark_begun(self, partition: TopicPartition, offset: int) -> None:
        # Committed before the first event, too: whoever goes on then begins here, not at what is the end by then.
        self._done.setdefault(partition, offset)
        self._unsaved = True

    async def _save(self, consumer: AIOKafkaConsumer) -> None:
        """Remember what is done."""
        self._saved_at = time.monotonic()
        if not self._unsaved:
            return
        if self._group is not None:
            ours = consumer.assignment()
            try:
                await consumer.commit({p: offset for p, offset in self._done.items() if p in ours})
            except (CommitFailedError, IllegalStateError):
                return  # others have the partitions: what is done comes again there
        self._versions.save(self._newest, {p.partition: offset for p, offset in self._done.items()})
        self._newest.clear()
        self._unsaved = False

    async def _taken(self, partitions: set[TopicPartition]) -> None:
        """Begin where we were told to in partitions of which the group remembers nothing."""
        consumer = self._consumer
        if consumer is None or self._start_at == "beginning":
            return
        new = [partition for partition in partitions if await consumer.committed(partition) is None]
        ends = await consumer.end_offsets(new) if self._start_at == "end" else {}
        for partition in new:
            first = self._start_at.get(partition.partition, 0) if isinstance(self._start_at, dict) else ends[partition]
            consumer.seek(partition, first)
            self._mark_begun(partition, first)

    async def _given_up(self) -> None:
        """Remember what is done before partitions go to others, and let go of what was read of them."""
        if self._consumer is not None:
            await self._save(self._consumer)
        self._batch.clear()
        self._in_hand = None
        self._done.clear()
        self._unsaved = False


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002
        await self._subscription._given_up()  # noqa: SLF001 - one class in two halves, as aiokafka wants it

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._subscription._taken(assigned)  # noqa: SLF001


def parse(position: str) -> dict[int, int]:
    """Return a position as offsets by partition.

    Raises:
        ValueError: It is none.
    """
    try:
        pairs = [part.split(":") for part in position.split(",")]
        return {int(partition): int(offset) for partition, offset in pairs}
    except ValueError:
        raise ValueError(f"start={position!r} is no position: beginning, end, or 0:12,1:40") from None


def _item(record: ConsumerRecord) -> str:
    return record.key.decode() if record.key else ""


def _place(record: ConsumerRecord) -> str:
    return f"{record.topic} {record.partition}:{record.offset}"
