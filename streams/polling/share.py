"""This poller's share of the feeds: a consumer group on ``feeds`` and ``feed-state`` gives each poller partitions.

On assignment both streams are read to their ends before anything of a partition is polled; from then on what changes on
``feeds`` is followed. Both streams have the same partitions, and the range assignor gives partition n of both to the
same poller.

Two pollers must not poll one feed, or only for a moment:

* before a poller gives partitions up, it ends the polls under way (``Poller.release``);
* one that has not heard from the group for half a session keeps still (``Fence``): whoever was frozen finds its fence
  down when it wakes;
* states carry the group's generation, and what an older one wrote is void; if it comes after all, its successor, which
  reads along, writes its own again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from schemas.errors import BrokerError
from schemas.feed import Subscription
from schemas.feed_state import Writer
from streams import heartbeats
from streams.broker.connection import client_arguments
from streams.broker.refusals import in_words, unreachable
from streams.clock import steady
from streams.polling import states, subscriptions
from streams.polling.poller import Held, Poller
from streams.table import FEED_STATE, FEEDS, STATE_MAX

if TYPE_CHECKING:
    from streams.settings import Settings

log = logging.getLogger(__name__)

_WAIT_MS = 500
_REBALANCE_MS = 20_000
_BEATS = 4
"""Heartbeats in a session: one may be late, and half a session without any means something."""
_STRIDE = 50
"""Feeds taken over between two looks at everything else."""


class Fence:
    """Whether the group may be believed to count us as a member still."""

    def __init__(self, session_seconds: float) -> None:
        """Begin outside."""
        self._half = session_seconds / 2
        self._heard: float | None = None

    def renew(self, asked: float) -> None:
        """Note that the group answered a question that was asked then."""
        self._heard = asked

    def fall(self) -> None:
        """Note that we are no member."""
        self._heard = None

    def holds(self) -> bool:
        """Whether we were a member within the last half session."""
        return self._heard is not None and steady() - self._heard < self._half


class _Partition:
    """A partition of ours: read to its end first, followed afterwards."""

    def __init__(self) -> None:
        self.ends: dict[str, int] | None = None
        """By topic, where loading ends; None: not known yet."""
        self.position: dict[str, int] = {}
        self.feeds: dict[str, Subscription] = {}
        self.states = states.Table()
        self.writer: Writer | None = None
        """As whom its states are written; None: not loaded yet."""

    @property
    def read(self) -> bool:
        """Whether everything was read that was there when it was assigned."""
        return self.ends is not None and all(self.position.get(topic, 0) >= end for topic, end in self.ends.items())


class Share(ConsumerRebalanceListener):  # type: ignore[misc]
    """Membership in the group of pollers; gives the poller its feeds and takes them away."""

    def __init__(self, settings: Settings, poller: Poller, fence: Fence) -> None:
        """Prepare; ``poller`` is opened by the caller and asks ``fence`` whether it may poll."""
        self._settings = settings
        self._poller = poller
        self._fence = fence
        self._feeds = settings.stream(FEEDS.name)
        self._states = settings.stream(FEED_STATE.name)
        self._partitions: dict[int, _Partition] = {}
        self._generation = 0
        self.ready = asyncio.Event()
        """Set while all partitions of ours are read and polled."""
        self.assigned = False
        """Whether the group has ever given us a share."""
        session_ms = round(settings.session_seconds * 1000)
        self._consumer = AIOKafkaConsumer(
            **client_arguments(settings),
            group_id=settings.poll_group,
            group_instance_id=settings.instance_id or None,
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // _BEATS,
            rebalance_timeout_ms=_REBALANCE_MS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=STATE_MAX,
        )

    async def __aenter__(self) -> Self:
        self._consumer.subscribe([self._feeds, self._states], listener=self)
        try:
            await self._consumer.start()
        except KafkaError as error:
            await self._consumer.stop()
            raise BrokerError(await unreachable(self._settings, error)) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Give up all feeds: whoever gets the partitions begins where we ended."""
        self.ready.clear()
        self._partitions = {}
        member = self._coordinator.generation > 0 and self._fence.holds()
        await self._poller.release(finish=member)
        if revoked:
            log.info("gave up %d partitions%s", len(_numbers(revoked)), "" if member else ", which others have by now")

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Begin to read the partitions that are ours now."""
        heartbeats.listen(
            self._coordinator,
            instance_id=self._settings.instance_id,
            session_seconds=self._settings.session_seconds,
            heard=self._fence.renew,
            fell=self._fence.fall,
        )
        self.assigned = True
        self._generation = self._coordinator.generation
        self._fence.renew(steady())
        self._partitions = {number: _Partition() for number in _numbers(assigned)}
        if not assigned:
            log.warning("no partition is left for this poller: there are as many pollers as partitions")
            self.ready.set()

    async def follow(self) -> None:
        """Read what concerns our partitions, for ever.

        Raises:
            BrokerError: The streams cannot be read.
            KafkaError: The broker does not take a state.
        """
        while True:
            try:
                found = await self._consumer.getmany(timeout_ms=_WAIT_MS)
                for partition, records in found.items():
                    await self._take(partition, records)
                await self._measure()
            except KafkaError as error:
                if not error.retriable:
                    raise BrokerError(f"the feed streams cannot be read: {in_words(error)}") from error
                log.warning("the feed streams cannot be read for the moment: %r", error)
                await asyncio.sleep(_WAIT_MS / 1000)
                continue
            for number, part in list(self._partitions.items()):
                if part.writer is None and part.read:
                    await self._begin(number, part)

    @property
    def _coordinator(self) -> Any:
        return self._consumer._coordinator  # noqa: SLF001 - aiokafka 0.14 shows the generation nowhere else

    async def _take(self, partition: TopicPartition, records: list[ConsumerRecord]) -> None:
        part = self._partitions.get(partition.partition)
        if part is None:
            return
        part.position[partition.topic] = records[-1].offset + 1
        for record in records:
            if self._partitions.get(partition.partition) is not part:
                return  # taken away meanwhile
            if part.writer is None:
                _load(part, record, is_state=partition.topic == self._states)
            elif partition.topic == self._feeds:
                self._changed(record, part.writer)
            else:
                await self._written(record, part.writer)

    def _changed(self, record: ConsumerRecord, writer: Writer) -> None:
        """Follow a change to a feed."""
        subscription = subscriptions.parse(record.value)
        feed_id = record.key.decode("utf-8", "replace")
        if subscription is None or subscription.leaving:
            self._poller.drop(feed_id, record.partition)
        else:
            self._poller.hold(Held(subscription, record.partition, writer))

    async def _written(self, record: ConsumerRecord, writer: Writer) -> None:
        """Look at a state that was written: most are our own."""
        if record.value is None or (by := states.writer_of(record.value)) == writer:
            return
        feed_id = record.key.decode("utf-8", "replace")
        if by == Writer():
            self._poller.learn(feed_id, record.value)
        elif by < writer:
            log.warning("%s: a poller of generation %d still wrote its state; ours counts", feed_id, by.generation)
            await self._poller.write_again(feed_id, record.partition)

    async def _measure(self) -> None:
        """Ask how far the partitions that were just assigned are to be read."""
        new = [number for number, part in self._partitions.items() if part.ends is None]
        if not new:
            return
        generation = self._generation
        wanted = [TopicPartition(topic, number) for topic in (self._feeds, self._states) for number in new]
        ends = await self._consumer.end_offsets(wanted)
        starts = await self._consumer.beginning_offsets(wanted)
        if generation != self._generation:
            return
        for number in new:
            if (part := self._partitions.get(number)) is not None:
                part.ends = {p.topic: ends[p] for p in wanted if p.partition == number and ends[p] > starts[p]}

    async def _begin(self, number: int, part: _Partition) -> None:
        """Have the feeds of a partition polled that was read to its end."""
        generation, newest = self._generation, part.states.newest
        # A generation that is not above all that wrote here is one of a group that the broker had forgotten.
        part.writer = Writer(newest.term + (generation <= newest.generation), generation)
        feeds, known = part.feeds, part.states.states
        part.feeds, part.states = {}, states.Table()
        for count, (feed_id, subscription) in enumerate(feeds.items(), 1):
            if subscription.leaving:
                await self._poller.finish_move(subscription, number, known.get(feed_id))
            else:
                self._poller.hold(Held(subscription, number, part.writer), known.get(feed_id))
            if count % _STRIDE == 0:
                await asyncio.sleep(0)
            if self._partitions.get(number) is not part:
                return  # taken away again
        if all(part.writer is not None for part in self._partitions.values()):
            log.info("polling the feeds of %d partitions", len(self._partitions))
            self.ready.set()


def _load(part: _Partition, record: ConsumerRecord, *, is_state: bool) -> None:
    if is_state:
        part.states.note(record.key, record.value)
        return
    feed_id = record.key.decode("utf-8", "replace")
    if (subscription := subscriptions.parse(record.value)) is not None:
        part.feeds[feed_id] = subscription
    else:
        part.feeds.pop(feed_id, None)


def _numbers(partitions: set[TopicPartition]) -> set[int]:
    return {partition.partition for partition in partitions}
