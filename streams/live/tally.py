"""What the live view counts, fed with records as they arrive."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from datetime import UTC, datetime

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec import Struct

from schemas.enriched import Source
from schemas.envelope import header, header_text, header_words
from schemas.feed import Subscription
from schemas.feed_state import FeedState
from streams.polling import editing, states, subscriptions

_NEWEST = 100
_WINDOW_SECONDS = 60.0


class Headline(Struct, frozen=True):
    """One enriched event, as far as the view shows it."""

    at: float
    """Wall clock, seconds since the epoch."""
    title: str
    topics: tuple[str, ...]
    countries: tuple[str, ...]
    language: str
    source: str
    geopolitical: bool | None
    edited: bool
    removed: int


class _Event(Struct):
    """The parts of an enriched event that are shown; the rest is skipped when decoding."""

    title: str
    source: Source
    removed: tuple[msgspec.Raw, ...] = ()


_events = msgspec.json.Decoder(_Event)


class Tally:
    """Counts since the view was opened, the newest events, the states of the feeds."""

    def __init__(self) -> None:
        """Begin."""
        self._feeds: dict[tuple[int, str], Subscription] = {}
        self._states: dict[tuple[int, str], FeedState] = {}
        self.started = time.time()
        self.first_event: float | None = None
        """Seconds from the start to the first event."""
        self.counts: Counter[str] = Counter()
        self.letters: Counter[str] = Counter()
        self.newest: deque[Headline] = deque(maxlen=_NEWEST)
        self.lag: int | None = None
        self.problem: str | None = None
        self.begun: dict[TopicPartition, int] = {}
        """Ends of raw and duplicates when the view was opened."""
        self.positions: dict[TopicPartition, int] = {}
        """Where each stream is read next; kept when the broker has to be asked anew."""
        self.measures = 0
        self.following = asyncio.Event()
        self.measuring = asyncio.Event()
        """Set once everything from now on is counted."""
        self._times: deque[float] = deque()

    def enriched(self, record: ConsumerRecord) -> None:
        """Count an enriched event."""
        event = _events.decode(record.value)
        now = time.time()
        if self.first_event is None:
            self.first_event = now - self.started
        edited = header(record.headers, "ce_reason") == b"edited"
        self.counts["events"] += 1
        self.counts["edits"] += edited
        self.counts["removed"] += len(event.removed)
        self._times.append(now)
        geo = header(record.headers, "ce_geo")
        self.newest.append(
            Headline(
                at=now,
                title=event.title,
                topics=tuple(header_words(record.headers, "ce_topics")),
                countries=tuple(header_words(record.headers, "ce_countries")),
                language=header_text(record.headers, "ce_lang"),
                source=event.source.name,
                geopolitical=None if geo == b"unknown" else geo == b"true",
                edited=edited,
                removed=len(event.removed),
            )
        )

    def letter(self, record: ConsumerRecord) -> None:
        """Count a dead letter."""
        self.counts["letters"] += 1
        self.letters[header_text(record.headers, "dlq_code", "?")] += 1

    def feed(self, record: ConsumerRecord) -> None:
        """Take over a feed."""
        # By partition: what is deleted where a feed was must not delete it where it is.
        key = (record.partition, record.key.decode("utf-8", "replace"))
        subscription = subscriptions.parse(record.value)
        if subscription is not None and subscription.active:
            self._feeds[key] = subscription
        else:
            self._feeds.pop(key, None)

    def feed_state(self, record: ConsumerRecord) -> None:
        """Take over the state of a feed."""
        key = (record.partition, record.key.decode("utf-8", "replace"))
        if (state := states.read(record.value)) is not None:
            self._states[key] = state
        else:
            self._states.pop(key, None)

    @property
    def feeds(self) -> int:
        """Feeds that are polled."""
        return len(self._feeds)

    @property
    def states(self) -> list[FeedState]:
        """The states of the feeds that are polled."""
        return [self._states[key] for key in self._feeds if key in self._states]

    @property
    def per_minute(self) -> int:
        """Events of the last minute."""
        while self._times and self._times[0] < time.time() - _WINDOW_SECONDS:
            self._times.popleft()
        return len(self._times)

    @property
    def all_polled(self) -> bool:
        """Whether each feed was polled at least once."""
        return bool(self._feeds) and self._feeds.keys() <= self._states.keys()

    @property
    def dead(self) -> list[str]:
        """Feeds that never answered with a feed."""
        return editing.dead({key[1]: s for key, s in self._feeds.items()}, {s.feed_id: s for s in self.states})

    @property
    def failing(self) -> list[FeedState]:
        """Feeds whose last poll failed, the longest failing first."""
        return sorted((s for s in self.states if s.problem), key=lambda s: (-s.failures, s.feed_id))

    @property
    def healthy(self) -> int:
        """Feeds whose last poll brought a feed or "not modified"."""
        return sum(1 for s in self.states if not s.problem and s.succeeded)

    @property
    def due(self) -> int:
        """Feeds that are to be polled now: never polled, or past their time."""
        now = datetime.now(UTC)
        known = self.states
        waiting = sum(1 for s in known if datetime.fromisoformat(s.next_due) <= now)
        return waiting + self.feeds - len(known)
