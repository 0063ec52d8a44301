"""What the console keeps in memory: the newest events, and which story an item is in. Both are bounded."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from msgspec import Struct

from schemas.story import Story
from streams.console.rows import Row

MOST = 10_000
"""Events that are kept: what comes before is read from Kafka."""
_STORIES = 20_000
_TOLD = 2_000


class Signal:
    """Wakes everybody who waits, again and again."""

    def __init__(self) -> None:
        """Begin."""
        self._event = asyncio.Event()

    def give(self) -> None:
        """Wake whoever waits now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next time."""
        await self._event.wait()


class Window:
    """The newest events in the order they arrived, numbered; each reader keeps the number it has got to."""

    def __init__(self, signal: Signal, most: int = MOST) -> None:
        """Begin empty."""
        self._rows: deque[Row] = deque(maxlen=most)
        self._signal = signal
        self.end = 0
        """Number behind the newest event."""
        self.positions: dict[int, int] = {}
        """Offsets behind the newest event, by partition."""
        self.loaded = False
        """Whether what was there at the start has been read."""

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def first(self) -> int:
        """Number of the oldest event that is kept."""
        return self.end - len(self._rows)

    def add(self, rows: Iterable[Row]) -> None:
        """Add events."""
        for row in rows:
            if row.offset < self.positions.get(row.partition, 0):
                continue  # read again after an outage
            self._rows.append(row)
            self.end += 1
            self.positions[row.partition] = row.offset + 1
        self._signal.give()

    def load(self, rows: Iterable[Row]) -> None:
        """Add what was there at the start: read partition by partition, so brought into the order of time first."""
        ordered = sorted(rows, key=lambda row: (row.time, row.partition, row.offset))
        self.loaded = True
        self.add(ordered)

    def since(self, number: int) -> Iterator[Row]:
        """Yield the events from a number on, or from the oldest that is kept."""
        return islice(self._rows, max(0, number - self.first), None)

    def newest(self) -> Iterator[Row]:
        """Yield the events, the newest first."""
        return reversed(self._rows)


class Place(Struct, frozen=True, gc=False):
    """The story an item is in."""

    story: str
    size: int


class Told(Struct, frozen=True, gc=False):
    """What is said of a story, and where: offset on news.stories, milliseconds since the epoch."""

    story: Story
    offset: int
    time: int


class Stories:
    """Which items are copies of one report, from news.stories."""

    def __init__(self, signal: Signal) -> None:
        """Begin empty."""
        self._stories: OrderedDict[str, Told] = OrderedDict()
        self._places: dict[str, Place] = {}
        self._told: deque[str] = deque(maxlen=_TOLD)
        self._signal = signal
        self.end = 0
        """Number behind the newest change."""

    def note(self, name: str, told: Told | None) -> None:
        """Take in what is said of a story; None: there is none of that name any more."""
        story = told.story if told is not None else None
        before = self._stories.pop(name, None)
        # An item that is alone is a story too, of one; nothing is said of those.
        members = story.members if story is not None and story.size > 1 else ()
        for gone in before.story.members if before is not None else ():
            if (place := self._places.get(gone.item_id)) is not None and place.story == name:
                del self._places[gone.item_id]
                self._tell(gone.item_id)
        if told is None or story is None or not members:
            self._signal.give()
            return
        self._stories[name] = told
        for member in members:
            self._places[member.item_id] = Place(name, story.size)
            self._tell(member.item_id)
        if len(self._stories) > _STORIES:
            _, oldest = self._stories.popitem(last=False)
            for member in oldest.story.members:
                self._places.pop(member.item_id, None)
        self._signal.give()

    def place(self, item_id: str) -> Place | None:
        """Return the story of an item, where it is not alone."""
        return self._places.get(item_id)

    def told(self, name: str) -> Told | None:
        """Return what was said last of a story."""
        return self._stories.get(name)

    def changes(self, number: int) -> Mapping[str, Place | None] | None:
        """Return the items whose story changed since; None where too much has changed since to say."""
        if self.end - number > len(self._told):
            return None
        items = islice(self._told, len(self._told) - (self.end - number), None)
        return {item: self._places.get(item) for item in items}

    def _tell(self, item_id: str) -> None:
        self._told.append(item_id)
        self.end += 1
