"""What cluster holds in memory: the items of the window, and the groups that they form."""

from __future__ import annotations

from bisect import bisect_left, insort

from schemas.signature import NO_SKETCH, Signature
from schemas.story import Member, Story

Version = tuple[str, int, int]
"""Fetch time, generation and offset of the raw record: the greatest stands."""

LISTED = 100
"""Members that a story lists: a record of a very long one must stay small, it is written for each that joins."""


class Item:
    """One item, in the version that stands.

    Attributes:
        id: Item id.
        version: The version that stands.
        time: When it was fetched, milliseconds.
        first: When the item was fetched first.
        sketch: Of its text; one of size 0 is like none.
        withdrawn: It has left, and is remembered only so that an older version does not bring it back.
        group: The group it is in; None for a withdrawn one.
        told: Offset of the signature at which it was told as a story of its own, or as no story; -1: it is not.
        origin: Origin of that signature.
    """

    __slots__ = ("first", "group", "id", "origin", "sketch", "time", "told", "version", "withdrawn")

    def __init__(self, signature: Signature, version: Version, time: int) -> None:
        self.id = signature.item_id
        self.version = version
        self.time = time
        self.first = signature.fetched
        self.withdrawn = signature.reason == "withdrawn"
        self.sketch = NO_SKETCH if self.withdrawn else signature.sketch
        self.group: Group | None = None
        self.told = -1
        self.origin = ""


class Group:
    """Items that are connected.

    Attributes:
        id: Never used twice.
        name: The canonical item's id when the group was told; empty before.
        live: Those of the window.
        left: First fetch of those that have left it, by id.
        dropped: How many more there were, which are not listed any more.
        moved: Those that came from other groups: their own entries name the group they joined first.
        former: Names that are no more and lead here.
    """

    __slots__ = ("_order", "dropped", "former", "id", "left", "live", "moved", "name")

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.name = ""
        self.live: dict[str, Item] = {}
        self.left: dict[str, str] = {}
        self.dropped = 0
        self.moved: dict[str, None] = {}
        self.former: set[str] = set()
        self._order: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._order) + self.dropped

    def add(self, item: Item) -> None:
        """Take an item in."""
        if item.id in self.left:
            # A story that is read back may name it before its own entry is there.
            self._unlist(self.left.pop(item.id), item.id)
        self.live[item.id] = item
        insort(self._order, (item.first, item.id))
        item.group = self

    def add_left(self, item_id: str, first: str) -> None:
        """Take in an item that has left the window."""
        if item_id not in self.left and item_id not in self.live:
            self.left[item_id] = first
            insort(self._order, (first, item_id))

    def remove(self, item: Item) -> None:
        """Let an item go."""
        del self.live[item.id]
        self.moved.pop(item.id, None)
        self._unlist(item.first, item.id)
        item.group = None

    def leave(self, item: Item) -> None:
        """Note that an item has left the window; forget the oldest of those that have where they are many."""
        del self.live[item.id]
        self.moved.pop(item.id, None)
        self.left[item.id] = item.first
        if len(self.left) > LISTED:
            oldest = next(member for member in self._order[1:] if member[1] in self.left)
            del self.left[oldest[1]]
            self._unlist(*oldest)
            self.dropped += 1

    def oldest(self) -> tuple[str, str]:
        """Return first fetch and id of the canonical item."""
        return self._order[0]

    def story(self) -> Story:
        """Return what is to be told: the canonical item, and the newest of the others."""
        order = self._order
        listed = order if len(order) <= LISTED else [order[0], *order[1 - LISTED :]]
        return Story(
            story=order[0][1],
            members=tuple([Member(item_id=item_id, fetched=first) for first, item_id in listed]),
            size=len(self),
            first=order[0][0],
            last=order[-1][0],
        )

    def _unlist(self, first: str, item_id: str) -> None:
        at = bisect_left(self._order, (first, item_id))
        del self._order[at]
