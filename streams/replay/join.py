"""The old and the new decision about each version of an item, side by side: partition by partition.

Both streams of a partition hold the same items; a key is the item and its fetch time. Of old events of one key the
greatest generation stands. An old event without a new one counts as gone only where the replay calls its record a
duplicate, and as refused where the replay made a dead letter of it; else it is outside of what was replayed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct

from schemas.envelope import FORGET, ORIGIN
from schemas.replay import Replay
from schemas.times import to_milliseconds
from streams.reading import reader
from streams.replay.compare import Essence, Kind, Look, essence, kinds
from streams.scan import Bounds, scan, scan_bounds
from streams.table import CLOCK_SKEW_MS, DEAD_LETTER, DUPLICATES, ENRICHED, replayed

if TYPE_CHECKING:
    from streams.settings import Settings

Key = bytes
"""Item id and fetch time."""


class Old(Struct, frozen=True):
    """The event that stands for a key."""

    offset: int
    id: bytes
    generation: int
    origin: bytes
    reason: bytes


class Change(Struct, frozen=True):
    """A key about which old and new say different things."""

    old: Old
    new: int
    """Offset of the new event."""
    kinds: tuple[Kind, ...]
    before: Look
    after: Look
    language: str


class Kept(Struct, frozen=True):
    """A version of an item that stands, and where its event is."""

    fetched: bytes
    topic: str
    offset: int


class Joined(Struct, frozen=True):
    """One partition."""

    partition: int
    same: int
    changed: dict[Key, Change]
    added: dict[Key, int]
    """Offsets of new events of which there is no old one."""
    gone: dict[Key, Old]
    refused: dict[Key, Old]
    kept: dict[bytes, Kept]
    """For each item of ``gone``: its newest version that stands, if one does."""


class Comparison:
    """Reads both sides; may be asked for single events as well."""

    def __init__(self, settings: Settings, replay: Replay) -> None:
        """Prepare; use as an async context manager."""
        self._settings = settings
        self.new_topic = settings.stream(replayed(ENRICHED.name, replay.id))
        self.old_topic = settings.stream(ENRICHED.name)
        self._letters = settings.stream(replayed(DEAD_LETTER.name, replay.id))
        self._duplicates = settings.stream(replayed(DUPLICATES.name, replay.id)) if replay.source == "raw" else None
        self._opened = AsyncExitStack()
        self._readers: dict[str, AIOKafkaConsumer] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def partitions(self) -> AsyncIterator[Joined]:
        """Yield every partition, joined."""
        for partition in sorted((await scan_bounds(self._settings, self.new_topic)).end):
            yield await self._join(partition)

    async def new_events(self, partition: int) -> AsyncIterator[tuple[Key, ConsumerRecord]]:
        """Yield the replay's events of a partition in order."""
        async for record in self._of(self.new_topic, partition):
            yield key_of(record), record

    async def event(self, topic: str, partition: int, offset: int) -> bytes:
        """Return one event."""
        if topic not in self._readers:
            opened = reader(self._settings, topic, fetch_max_bytes=1)
            self._readers[topic] = await self._opened.enter_async_context(opened)
        consumer = self._readers[topic]
        at = TopicPartition(topic, partition)
        consumer.seek(at, offset)
        value: bytes = (await consumer.getone(at)).value
        return value

    async def _join(self, partition: int) -> Joined:
        new: dict[Key, tuple[bytes, int]] = {}
        times: list[bytes] = []
        async for key, record in self.new_events(partition):
            head = dict(record.headers)
            if FORGET in head:
                continue  # it was withdrawn when it was forgotten
            new[key] = (head.get("ce_id", b""), record.offset)
            times.append(head.get("ce_time", b""))
        refused = {head[ORIGIN] async for head in self._heads(self._letters, partition, times)}
        repeated: set[bytes] = set()
        if self._duplicates is not None:
            repeated = {head[ORIGIN] async for head in self._heads(self._duplicates, partition, times)}
        old = await self._standing(partition, new, refused | repeated, _since(times))

        differing = {key: at for key, at in old.items() if key in new and new[key][0] != at.id}
        changed = await self._changes(partition, differing, {key: new[key][1] for key in differing})
        gone = {
            key: at for key, at in old.items() if key not in new and at.origin in repeated and at.reason != b"withdrawn"
        }
        return Joined(
            partition=partition,
            same=sum(key in new for key in old) - len(changed),
            changed=changed,
            added={key: offset for key, (_, offset) in new.items() if key not in old},
            gone=gone,
            refused={key: at for key, at in old.items() if key not in new and at.origin in refused},
            kept=await self._kept(partition, gone, new),
        )

    async def _standing(
        self, partition: int, new: dict[Key, tuple[bytes, int]], origins: set[bytes], since: int
    ) -> dict[Key, Old]:
        found: dict[Key, Old] = {}
        async for record in self._of(self.old_topic, partition, since):
            head = dict(record.headers)
            key = key_of(record)
            origin = head.get(ORIGIN, b"")
            if key not in new and origin not in origins:
                continue
            generation = int(head.get("ce_generation", b"0"))
            before = found.get(key)
            if before is None or generation >= before.generation:
                found[key] = Old(record.offset, head.get("ce_id", b""), generation, origin, head.get("ce_reason", b""))
        return found

    async def _changes(self, partition: int, old: dict[Key, Old], new: dict[Key, int]) -> dict[Key, Change]:
        """Look into the events that are not the same decision of the same generation."""
        if not old:
            return {}
        first: dict[Key, Essence] = {}
        bounds = Bounds(
            {},
            {partition: min(at.offset for at in old.values())},
            {partition: 1 + max(at.offset for at in old.values())},
        )
        async for record in scan(self._settings, self.old_topic, bounds):
            key = key_of(record)
            if key in old and old[key].offset == record.offset:
                first[key] = essence(record.value)
        changed = {}
        async for key, record in self.new_events(partition):
            if new.get(key) != record.offset:
                continue
            before, after = first[key], essence(record.value)
            if what := kinds(before, after):
                changed[key] = Change(old[key], record.offset, what, before.look, after.look, after.language)
        return changed

    async def _kept(self, partition: int, gone: dict[Key, Old], new: dict[Key, tuple[bytes, int]]) -> dict[bytes, Kept]:
        """Find the newest version that stands of items that lose one: among the new, or outside the replay."""
        items = {split(key)[0] for key in gone}
        found: dict[bytes, Kept] = {}

        def note(key: Key, topic: str, offset: int) -> None:
            item, fetched = split(key)
            if item in items and (item not in found or found[item].fetched <= fetched):
                found[item] = Kept(fetched, topic, offset)

        if items:
            async for record in self._of(self.old_topic, partition):
                if key_of(record) not in gone:
                    note(key_of(record), self.old_topic, record.offset)
            for key, (_, offset) in new.items():
                note(key, self.new_topic, offset)
        return found

    async def _heads(self, topic: str, partition: int, times: list[bytes]) -> AsyncIterator[dict[str, bytes]]:
        async for record in self._of(topic, partition):
            head = dict(record.headers)
            if FORGET in head:
                continue
            times.append(head.get("ce_time", b""))
            yield head

    async def _of(self, topic: str, partition: int, since: int = 0) -> AsyncIterator[ConsumerRecord]:
        bounds = await scan_bounds(self._settings, topic, since=since)
        only = Bounds(bounds.kept, {partition: bounds.start[partition]}, {partition: bounds.end[partition]})
        async for record in scan(self._settings, topic, only):
            yield record


def key_of(record: ConsumerRecord) -> Key:
    """Return the key of an event: its item and when it was fetched."""
    fetched: bytes = dict(record.headers).get("ce_time", b"")
    return bytes(record.key or b"") + b"\n" + fetched


def split(key: Key) -> tuple[bytes, bytes]:
    """Return item id and fetch time of a key."""
    item, _, fetched = key.rpartition(b"\n")
    return item, fetched


def _since(times: list[bytes]) -> int:
    """Return a time before which no event of these fetch times can have been written."""
    first = min((time for time in times if time), default=b"")
    return max(0, to_milliseconds(first.decode()) - CLOCK_SKEW_MS) if first else 0
