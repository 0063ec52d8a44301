"""The stream table: the only place that knows the streams' names, keys, sizes and retention.

Broker creation, the start-up check, ``geowire streams list``, the docs and the tests all read this. A *stream* is a
Kafka topic; in geowire the word *topic* always means a geopolitical one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from agents.cluster import names as cluster_streams
from agents.dedupe.agent import CHANGELOG
from schemas.attention import Attention
from schemas.duplicate import Duplicate
from schemas.enriched import Enriched
from schemas.errors import Stage
from schemas.feed import Subscription
from schemas.feed_state import FeedState
from schemas.feed_status import FeedStatus
from schemas.pipeline import Generation
from schemas.raw import RawItem
from schemas.replay import Replay, ReplaySource
from schemas.settled import Settled
from schemas.story import Story
from schemas.suppressed import Suppressed
from schemas.times import DAY_MS

if TYPE_CHECKING:
    from streams.settings import Settings

MIB = 1024 * 1024

RAW_MAX = 12 * MIB
"""Largest raw record. Producer, stream and fetch limits are set together: where they differ, a record that one side
accepts stops the other."""
DERIVED_MAX = 16 * MIB
"""Largest derived record; a dead letter holds the raw bytes and its headers, so it must be larger than a raw one."""
DELETIONS_KEPT_DAYS = 7
"""How long a compacted stream shows that a key was deleted: state on disk that is older must be built anew."""
STATE_MAX = 8 * MIB
"""Largest state of a feed. A poller that takes over reads all states of its partitions, and beyond the newest of each
feed as much as an open segment holds: it must stay small."""
CLOCK_SKEW_MS = 300_000
"""How far ahead of the broker's clock a fetch time may lie."""


class Stream(Struct, frozen=True, kw_only=True):
    """One stream.

    Attributes:
        name: Name in CLI and docs; the Kafka topic has the namespace in front.
        key: What the key is.
        value: Struct of the value; None where it is bytes of any kind.
        partitioned: Whether it has the news streams' partitions; otherwise one partition.
        compacted: Kept by key for ever rather than for a time.
        expires: Though compacted, kept for a time only.
        retention_days: Days kept; None: the setting ``GEOWIRE_RETENTION_DAYS``.
        until_deleted: Kept until somebody deletes the stream, whatever its age.
        from_outside: Producers other than the steps write to it. The broker refuses what is older than it keeps: it
            would expire before anybody has seen it.
        append_time: Records carry the broker's time, so that what a replay writes about old items lives as long as
            anything else; otherwise the fetch time, by which time ranges are replayed.
        max_bytes: Largest record.
        segment_bytes: Size at which a segment is closed, and so open to compaction; None: Kafka's own, 1 GiB.
        doc: One line for people.
    """

    name: str
    key: str
    value: type[Struct] | None
    doc: str
    partitioned: bool = True
    compacted: bool = False
    expires: bool = False
    retention_days: int | None = None
    until_deleted: bool = False
    from_outside: bool = False
    append_time: bool = True
    max_bytes: int = DERIVED_MAX
    segment_bytes: int | None = None

    def partitions(self, settings: Settings) -> int:
        """Return how many partitions the stream has."""
        return settings.partitions if self.partitioned else 1

    def config(self, settings: Settings) -> dict[str, str]:
        """Return the Kafka topic configuration."""
        config = {
            "cleanup.policy": "compact,delete" if self.expires else "compact" if self.compacted else "delete",
            "max.message.bytes": str(self.max_bytes),
            "message.timestamp.type": "LogAppendTime" if self.append_time else "CreateTime",
            "min.insync.replicas": str(settings.min_insync or max(1, settings.replication - 1)),
        }
        if not self.append_time:
            config["message.timestamp.after.max.ms"] = str(CLOCK_SKEW_MS)
        if self.compacted:
            # Small and read from the start at every boot: compact early.
            config |= {
                "segment.ms": str(DAY_MS),
                "min.cleanable.dirty.ratio": "0.1",
                "delete.retention.ms": str(DELETIONS_KEPT_DAYS * DAY_MS),
            }
            if self.segment_bytes is not None:
                config["segment.bytes"] = str(self.segment_bytes)
        if self.expires or not self.compacted:
            kept = self.retention_ms(settings)
            config["retention.ms"] = str(-1 if kept is None else kept)
            if self.from_outside and kept is not None:
                config["message.timestamp.before.max.ms"] = str(kept)
        return config

    def retention_ms(self, settings: Settings) -> int | None:
        """Return how long a record is kept, in milliseconds; None where age alone takes none away."""
        if self.until_deleted or (self.compacted and not self.expires):
            return None
        return (self.retention_days if self.retention_days is not None else settings.retention_days) * DAY_MS


RAW = Stream(
    name="news.raw",
    key="item_id",
    value=RawItem,
    append_time=False,
    from_outside=True,
    max_bytes=RAW_MAX,
    doc="what the feeds said: one record for each new or changed item",
)
UNIQUE = Stream(
    name="news.unique",
    key="item_id",
    value=RawItem,
    append_time=False,
    max_bytes=DERIVED_MAX,
    doc="raw items that are new or edited, byte for byte; replays start here",
)
DUPLICATES = Stream(
    name="news.duplicates",
    key="item_id",
    value=Duplicate,
    retention_days=7,
    doc="one notice for each raw record that repeated another",
)
ENRICHED = Stream(
    name="news.enriched",
    key="item_id",
    value=Enriched,
    doc="clean text, topics, countries: what consumers read",
)
SIGNATURES = Stream(
    name=cluster_streams.SIGNATURES,
    key="item_id",
    value=None,
    partitioned=False,
    retention_days=7,
    doc="what is left of each event's text to tell copies by (MessagePack); cluster reads it",
)
STORIES = Stream(
    name=cluster_streams.STORIES,
    key="canonical item_id",
    value=Story,
    partitioned=False,
    compacted=True,
    expires=True,
    doc="which items are copies of one report; the newest record of a key counts",
)
STATS = Stream(
    name="news.stats",
    key="hour/topic",
    value=Attention,
    partitioned=False,
    compacted=True,
    expires=True,
    doc="items an hour by topic, country and pair, counted anew whenever an hour changes; the console writes it",
)
DEAD_LETTER = Stream(
    name="news.dead-letter",
    key="as it came",
    value=None,
    retention_days=30,
    doc="records that could not be processed, bytes untouched, the reason in the headers",
)
SETTLED = Stream(
    name="news.settled",
    key="place of the letter",
    value=Settled,
    partitioned=False,
    retention_days=31,
    doc="what operators did about dead letters: tried again, or laid to rest",
)
FEEDS = Stream(
    name="feeds",
    key="feed id",
    value=Subscription,
    compacted=True,
    doc="what is polled: one record a feed, in the partition of the domain it is fetched from",
)
FEED_STATE = Stream(
    name="feed-state",
    key="feed id",
    value=FeedState,
    compacted=True,
    max_bytes=STATE_MAX,
    segment_bytes=2 * STATE_MAX,
    doc="validators, listed items and next poll of each feed, in the partition it has on feeds",
)
FEED_STATUS = Stream(
    name="feed-status",
    key="feed id",
    value=FeedStatus,
    retention_days=30,
    doc="what an operator should know of a feed: possible loss, moved, gone, stale, blocked, recovered",
)
PIPELINE = Stream(
    name="pipeline",
    key="generation",
    value=Generation,
    partitioned=False,
    compacted=True,
    doc="generations of knowledge and rules, and from which offsets of news.unique they hold",
)
SUPPRESSED = Stream(
    name="news.suppressed",
    key="item/id or source/id",
    value=Suppressed,
    partitioned=False,
    compacted=True,
    doc="items and feeds that were asked to be forgotten: none of theirs is passed on, replayed or tried again",
)
REPLAYS = Stream(
    name="replays",
    key="replay id",
    value=Replay,
    partitioned=False,
    compacted=True,
    doc="every replay: what, by whom, with which knowledge, and what became of it",
)

DEDUPE_CHANGELOG = Stream(
    name=CHANGELOG,
    key="item_id",
    value=None,
    compacted=True,
    doc="what dedupe knows of each item (MessagePack); read when a worker takes over a partition",
)

CLUSTER_CHANGELOG = Stream(
    name=cluster_streams.CHANGELOG,
    key="item/id or story/id",
    value=None,
    partitioned=False,
    compacted=True,
    doc="what cluster knows of the items of its window (MessagePack); read when a worker takes over",
)

STREAMS: tuple[Stream, ...] = (
    RAW,
    UNIQUE,
    DUPLICATES,
    ENRICHED,
    SIGNATURES,
    STORIES,
    STATS,
    DEAD_LETTER,
    SETTLED,
    FEEDS,
    FEED_STATE,
    FEED_STATUS,
    PIPELINE,
    SUPPRESSED,
    REPLAYS,
    DEDUPE_CHANGELOG,
    CLUSTER_CHANGELOG,
)

STEPS: dict[str, Stage] = {RAW.name: "dedupe", UNIQUE.name: "enrich", SIGNATURES.name: "cluster"}
"""Which step of the workers reads a stream."""

_REPLAYED: dict[ReplaySource, tuple[Stream, ...]] = {
    "unique": (ENRICHED, DEAD_LETTER),
    "raw": (ENRICHED, DEAD_LETTER, UNIQUE, DUPLICATES, DEDUPE_CHANGELOG),
}


def replayed(name: str, replay_id: str) -> str:
    """Return the name that a stream has in a replay."""
    return f"replay.{replay_id}.{name}"


def replay_streams(replay_id: str, source: ReplaySource) -> tuple[Stream, ...]:
    """Return the streams of a replay: what it writes, kept until it is promoted or aborted."""
    return tuple(
        msgspec.structs.replace(stream, name=replayed(stream.name, replay_id), until_deleted=True)
        for stream in _REPLAYED[source]
    )
