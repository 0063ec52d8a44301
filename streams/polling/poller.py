"""The poller: polls the feeds it holds when they are due and pushes what is new or changed onto news.raw.

One poll is: fetch ▸ parse ▸ produce ▸ wait for the broker ▸ write the feed's state. A crash between any two of these
repeats items, it loses none; dedupe gives each once. A restart goes on where the states say.

Which feeds it holds, others decide (``Share``): they may be given and taken away at any time. What a poll brought for a
feed that is no longer held is dropped: whoever holds it now polls it anew.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Self

from aiokafka.errors import KafkaError
from msgspec import Struct, structs

from schemas.errors import BrokerError, DeliveryError
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState, Writer
from schemas.times import from_datetime
from streams.broker.refusals import in_words, unreachable
from streams.clock import Setting
from streams.polling import events, states, subscriptions
from streams.polling.agenda import Agenda
from streams.polling.counters import Counters
from streams.polling.domains import host_of
from streams.polling.fetch import Fetcher, Limits
from streams.polling.hosts import Hosts
from streams.polling.parsers import Parsers
from streams.polling.poll import Polled, Polls
from streams.polling.schedule import NEVER, Pace, first_due
from streams.polling.sending import new_producer, send_events, send_items
from streams.traces import Attributes, open_traces

if TYPE_CHECKING:
    from schemas.feed_status import FeedStatus
    from streams.metrics.poller import Standing
    from streams.settings import Settings

log = logging.getLogger(__name__)

_RELEASE_SECONDS = 5.0
"""How long polls under way may take to end when feeds are taken away: a rebalance of the group waits for it."""
_STOP_SECONDS = 20.0
"""How long they may take at the end; a supervisor's patience is 30 s."""
_FENCED_SECONDS = 0.2
_CLOCK_SECONDS = 1.0
_AHEAD = timedelta(minutes=5)
"""How far another poller's clock may be ahead of ours."""


class Held(Struct, frozen=True, gc=False):
    """A feed of ours: what is to be done with it, the partition it is in, and as whom its state is written."""

    subscription: Subscription
    partition: int = 0
    writer: Writer = Writer()

    @property
    def feed(self) -> Feed:
        """The feed."""
        return self.subscription.feed


class Poller:
    """Polls the feeds it holds until it is told to stop."""

    def __init__(
        self, settings: Settings, *, limits: Limits | None = None, may_poll: Callable[[], bool] = lambda: True
    ) -> None:
        """Prepare; nothing is fetched before ``run``.

        Args:
            settings: The settings.
            limits: Bounds of a request, for tests.
            may_poll: Asked before every poll and before every write; while it is False the poller keeps still.
        """
        self._settings = settings
        self._may_poll = may_poll
        self._held: dict[str, Held] = {}
        self._states: dict[str, bytes] = {}
        """As on feed-state: encoded they take a tenth of the memory."""
        self._under_way: dict[str, asyncio.Task[FeedState | None]] = {}
        self._hosts = Hosts(gap=settings.poll_host_seconds)
        self._agenda = Agenda(self._hosts)
        self._limits = limits or Limits()
        self._fetcher = Fetcher.of(settings, hosts=self._hosts, limits=self._limits)
        self._parsers = Parsers(settings.poll_workers)
        self._polls = Polls(
            fetcher=self._fetcher,
            parsers=self._parsers,
            pace=Pace(usual=settings.poll_seconds, floor=settings.poll_floor_seconds, most=settings.poll_most_seconds),
        )
        self._producer = new_producer(settings)
        self._traces = open_traces(settings, "poller")
        self.counters = Counters()
        self.standings: dict[str, Standing] = {}
        """How the last poll of each feed ended, of those that are held and were ever polled."""

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._producer.stop()
            raise BrokerError(await unreachable(self._settings, error)) from error
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._fetcher.__aexit__()
        await self._parsers.close()
        await self._producer.stop()
        if self._traces is not None:
            self._traces.flush()

    def hold(self, held: Held, state: bytes | None = None) -> None:
        """Take over a feed, or what has changed about one.

        Args:
            held: The feed.
            state: Its state as on feed-state; None: what is known of it stays.
        """
        feed_id = held.feed.id
        self._held[feed_id] = held
        if state is not None:
            self._states[feed_id] = state
        if feed_id not in self._under_way:
            self._put(held)

    def learn(self, feed_id: str, state: bytes) -> None:
        """Take over the state of a feed that came from another partition, unless one is known."""
        if feed_id not in self._states:
            self._states[feed_id] = state
            if feed_id not in self._under_way and (held := self._held.get(feed_id)) is not None:
                self._put(held)

    def drop(self, feed_id: str, partition: int) -> None:
        """Give up a feed, unless it is held in another partition by now."""
        held = self._held.get(feed_id)
        if held is not None and held.partition == partition:
            del self._held[feed_id]
            self._states.pop(feed_id, None)
            self.standings.pop(feed_id, None)
            self._agenda.drop(feed_id)

    async def release(self, *, finish: bool = True) -> None:
        """Give up all feeds, when the polls under way have ended; not ``finish``: they are broken off."""
        self._agenda.clear()
        await self._finish(_RELEASE_SECONDS if finish else 0)
        self._held.clear()
        self._states.clear()
        self.standings.clear()

    async def write_again(self, feed_id: str, partition: int) -> None:
        """Write the state of a feed again, over what somebody else wrote.

        Raises:
            DeliveryError: The broker does not take it.
        """
        held, state = self._held.get(feed_id), self._states.get(feed_id)
        if held is not None and held.partition == partition and state is not None:
            with _delivering(f"the state of {feed_id}"):
                await states.send(self._producer, self._settings, feed_id, state, partition)

    async def finish_move(self, subscription: Subscription, partition: int, state: bytes | None) -> None:
        """Move a feed to the partition where it belongs, as somebody who died had begun to.

        Raises:
            DeliveryError: The broker does not take it.
        """
        with _delivering(subscription.feed.id):
            await subscriptions.update(self._producer, self._settings, subscription, states.read(state), partition)

    def held(self) -> dict[str, bool]:
        """Return the feeds that are held, and whether they are polled. May be called from another thread."""
        return {feed_id: held.subscription.active for feed_id, held in dict(self._held).items()}

    @property
    def late(self) -> float:
        """For how long a poll that could have begun has not, in seconds."""
        return self._agenda.late()

    def state(self, feed_id: str) -> FeedState | None:
        """Return the state of a feed; None: it was never polled, as far as is known here."""
        return states.read(self._states.get(feed_id))

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until ``stop`` is set; polls under way are finished, if that does not take long.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        async with asyncio.TaskGroup() as tasks:
            closing = tasks.create_task(self._close_on(stop))
            watching = tasks.create_task(self._mind_the_clock())
            slots = asyncio.Semaphore(self._limits.connections)
            try:
                while (turn := await self._agenda.take()) is not None:
                    await slots.acquire()
                    await self._wait_until_allowed(stop)
                    if turn.feed_id in self._under_way:  # given away and back while it waited for a slot
                        slots.release()
                        self._agenda.done(turn.host)
                        continue
                    self._agenda.drop(turn.feed_id)
                    give_back = _once(partial(self._agenda.done, turn.host))
                    poll = tasks.create_task(self.poll(turn.feed_id, give_back))
                    self._under_way[turn.feed_id] = poll
                    poll.add_done_callback(partial(self._ended, turn.feed_id, slots, give_back))
            finally:
                closing.cancel()
                watching.cancel()
            await self._finish(_STOP_SECONDS)

    async def _finish(self, seconds: float) -> None:
        """Let the polls under way end, and break off those that take too long: they are repeated."""
        tasks = set(self._under_way.values())
        if tasks and seconds:
            _, tasks = await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._agenda.close()

    async def _mind_the_clock(self) -> None:
        """Where the clock was set, enter all feeds anew: when they are due was said by another clock."""
        setting = Setting()
        while True:
            await asyncio.sleep(_CLOCK_SECONDS)
            if seconds := setting.seconds():
                log.warning("the clock was set %s by %.0f s", "ahead" if seconds > 0 else "back", abs(seconds))
                self._hosts.shift(seconds)
                self._agenda.clear()
                for feed_id, held in self._held.items():
                    if feed_id not in self._under_way:
                        self._put(held)

    async def _wait_until_allowed(self, stop: asyncio.Event) -> None:
        while not self._may_poll() and not stop.is_set():  # noqa: ASYNC110 - the clock says it, no event
            await asyncio.sleep(_FENCED_SECONDS)

    def _ended(
        self,
        feed_id: str,
        slots: asyncio.Semaphore,
        give_back: Callable[[], None],
        _: asyncio.Task[FeedState | None],
    ) -> None:
        del self._under_way[feed_id]
        slots.release()
        give_back()
        if (held := self._held.get(feed_id)) is not None:
            self._put(held)

    def _put(self, held: Held) -> None:
        """Enter a feed for its next poll, or take it off."""
        state = states.glance(self._states.get(held.feed.id))
        now, due = datetime.now(UTC), NEVER
        if held.subscription.active:
            at_once = (
                state is None
                or state.url != held.feed.url
                or state.resumed != held.subscription.resumed
                # Polled in the future: whoever wrote that, or we, had a wrong clock.
                or (state.polled is not None and _time(state.polled) > now + _AHEAD)
            )
            due = first_due(held.feed.id, now=now).due if state is None or at_once else _time(state.next_due)
        if state is not None and state.host_rests is not None:
            self._hosts.rest_until(state.host_rests.host, _time(state.host_rests.until).timestamp())
        moved = state is not None and state.url == held.feed.url and state.address
        host = host_of(moved or held.feed.url)
        if state is not None and state.polled is not None:
            self.standings[held.feed.id] = (host, state.kind)
        if due < NEVER:
            self._agenda.put(held.feed.id, host, due.timestamp())
        else:
            self._agenda.drop(held.feed.id)

    async def poll_once(self) -> None:
        """Poll every feed once that is held and not paused.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        asked = iter([feed_id for feed_id, held in self._held.items() if held.subscription.active])

        async def some() -> None:
            for feed_id in asked:
                await self.poll(feed_id)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._limits.connections):
                tasks.create_task(some())

    async def poll(self, feed_id: str, answered: Callable[[], None] | None = None) -> FeedState | None:
        """Poll a feed once.

        Args:
            feed_id: The feed.
            answered: Called when its host has answered; reading, and fetching articles elsewhere, may take longer.

        Returns:
            Its new state; None where it is not ours to poll, or was no longer when the answer came.

        Raises:
            DeliveryError: The broker does not take the items.
        """
        held = self._held.get(feed_id)
        if held is None or not self._is_ours(held):
            return None
        begun = time.perf_counter()
        before = self.state(feed_id)
        polled = await self._polls.once(held.feed, before, answered)
        polled = structs.replace(polled, outcome=events.standing(before, polled.outcome, polled.reading))
        with _delivering(f"what {feed_id} brought"):
            state = await self._keep(held, before, polled, begun)
        self.counters.done += 1
        self.counters.seconds.observe(time.perf_counter() - begun)
        if state is None:
            self.counters.given_up += 1
        return state

    async def _keep(self, held: Held, before: FeedState | None, polled: Polled, begun: float) -> FeedState | None:
        """Write what a poll brought: items, events, and when the broker has them the state."""
        reading, feed_id = polled.reading, held.feed.id
        if not self._is_ours(held):
            return None
        if reading is not None:
            traced = None
            if self._traces is not None:
                attributes: Attributes = {"geowire.feed": feed_id, "url.full": polled.response.url}
                traced = partial(self._traces.polled, begun=begun, attributes=attributes)
            self.counters.too_large += await send_items(
                self._producer,
                self._settings,
                feed_id,
                reading.items,
                from_datetime(polled.fetched),
                traced=traced,
            )
        happened = events.events(held.feed, before, polled.outcome)
        if happened and self._is_ours(held):
            await send_events(self._producer, self._settings, happened, held.partition)
        if not self._is_ours(held):
            return None
        state = structs.replace(polled.outcome.state, writer=held.writer, resumed=held.subscription.resumed)
        self._states[feed_id] = await states.store(self._producer, self._settings, state, held.partition)
        self._note(held.feed, polled, happened)
        if state.address != held.subscription.address:
            await self._move(held, state)
        return state

    async def _move(self, held: Held, state: FeedState) -> None:
        """Write where a feed is fetched from now; that may be another poller's domain."""
        subscription = structs.replace(held.subscription, address=state.address)
        moved = await subscriptions.update(self._producer, self._settings, subscription, state, held.partition)
        if moved != held.partition:
            self.drop(held.feed.id, held.partition)

    def _is_ours(self, held: Held) -> bool:
        """Whether a feed is still to be polled by us, at the same address."""
        now = self._held.get(held.feed.id)
        return (
            now is not None
            and now.subscription.active
            and (now.feed.url, now.partition, now.writer) == (held.feed.url, held.partition, held.writer)
            and self._may_poll()
        )

    def _note(self, feed: Feed, polled: Polled, happened: list[FeedStatus]) -> None:
        came, reading = polled.outcome, polled.reading
        self.counters.poll(polled)
        for event in happened:
            self.counters.events[event.event] += 1
            log.warning("%s: %s", feed.id, event.message)
        if came.state.problem is not None:
            log.warning("%s: %s; next poll %s", feed.id, came.state.problem, came.state.next_due)
        elif reading is not None:
            self.counters.items += len(reading.items)
            log.info("%s: %d new or changed of %d", feed.id, len(reading.items), len(reading.listed))


def _once(call: Callable[[], None]) -> Callable[[], None]:
    """Return what makes a call the first time, and nothing later."""
    left = [call]
    return lambda: left.pop()() if left else None


@contextmanager
def _delivering(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise DeliveryError(f"the broker does not take {what}: {in_words(error)}") from error


def _time(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)
