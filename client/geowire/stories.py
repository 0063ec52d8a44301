"""Which items are copies of one report: news.stories, read and followed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from geowire.events import Story

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, ConsumerRecord

MOST = 500_000
"""Stories that are remembered; the broker forgets them with their items."""

_decoder = msgspec.json.Decoder(Story)


class Stories:
    """The stories as they are now; it goes on changing while the subscription is open.

    A story is never finished: items join, stories merge, and one comes apart when an article is rewritten.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._stories: dict[str, Story] = {}
        self._merged: dict[str, str] = {}
        self._of: dict[str, str] = {}
        self._items: dict[str, set[str]] = {}
        self._sequence: dict[str, int] = {}

    def of(self, item_id: str) -> str:
        """Return the name of an item's story: itself, where it is alone or nothing was said of it yet."""
        return self._goes_on_as(self._of.get(item_id, item_id))

    def get(self, name: str) -> Story | None:
        """Return a story by its name or an earlier one of its names, None where there is none."""
        return self._stories.get(self._goes_on_as(name))

    def take(self, name: str, value: bytes | None, sequence: int = 0) -> None:
        """Take in a record: of two that say something of one story the one with the greater sequence counts."""
        if sequence < self._sequence.get(name, 0):
            return
        self._sequence.pop(name, None)
        self._sequence[name] = sequence
        if len(self._sequence) > MOST:
            oldest = next(iter(self._sequence))
            self._drop(oldest, self._items.pop(oldest, set()))
            for table in (self._sequence, self._stories, self._merged):
                table.pop(oldest, None)
        story = _decoder.decode(value) if value is not None else None
        self._merged.pop(name, None)
        self._stories.pop(name, None)
        if story is None:
            self._drop(name, self._items.pop(name, set()))
            return
        if story.merged_into is not None:
            self._merged[name] = story.merged_into
            return
        self._stories[name] = story
        listed = {member.item_id for member in story.members}
        items = self._items.setdefault(name, set())
        if story.size <= len(listed):  # of a longer one only the newest are listed: others may still be in it
            self._drop(name, items - listed)
            items.clear()
        items |= listed
        self._of.update(dict.fromkeys(listed, name))

    def _goes_on_as(self, name: str) -> str:
        seen: set[str] = set()
        while name in self._merged and name not in seen:
            seen.add(name)
            name = self._merged[name]
        return name

    def _drop(self, name: str, items: set[str]) -> None:
        for item in items:
            if self._of.get(item) == name:
                del self._of[item]


class Following:
    """Reads news.stories to its end, then keeps up with it beside the events."""

    def __init__(self, stories: Stories, consumer: AIOKafkaConsumer) -> None:
        """Prepare.

        Args:
            stories: What is filled.
            consumer: Not started; of news.stories alone, without a group, from the beginning.
        """
        self._stories = stories
        self._consumer = consumer
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what there is."""
        await self._consumer.start()
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(p) < end for p, end in ends.items()]):
            await self._read()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Follow no longer."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()

    def check(self) -> None:
        """Raise what ended the following, if anything did."""
        if self._task is not None and self._task.done():
            self._task.result()

    async def _follow(self) -> None:
        while True:
            await self._read()

    async def _read(self) -> None:
        for records in (await self._consumer.getmany(timeout_ms=500)).values():
            for record in records:
                self._stories.take(*_said(record))


def _said(record: ConsumerRecord) -> tuple[str, bytes | None, int]:
    sequence = dict(record.headers).get("ce_sequence", b"0")
    return record.key.decode(), record.value, int(sequence)
