"""Stories: the connected components of likeness, kept up to date signature by signature.

An edge joins two items whose standing versions were fetched within the window of each other and are alike
(``agents.cluster.likeness``). A story is a connected component; it is named after the item that was fetched first. The
result does not depend on the order in which signatures arrive, as long as none is later than ``kept`` allows.

Time is that of the stream: the latest fetch time seen. An item whose version is older than ``kept`` leaves: it stays in
its story, but has no edges any more. So memory holds what was fetched within ``kept`` of the latest, whatever came
before. What arrives later than that is left alone: the item is a story of its own, of which nothing is told.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from agents.cluster.index import Index
from agents.cluster.items import Group, Item, Version
from agents.cluster.likeness import Text, alike
from schemas.signature import Signature
from schemas.story import Member, Story
from schemas.times import to_milliseconds

_LARGE = 200
"""A story of more items than that does not come apart: it is of a template, and to find out is costly."""


class Told(Struct, frozen=True):
    """What news.stories says under a key.

    Attributes:
        story: The record.
        group: The group it is of; empty for a name that is no more.
        at: Offset of the signature that changed it.
        origin: Origin of that signature.
        time: Stream time then, milliseconds.
    """

    story: Story
    group: str
    at: int
    origin: str
    time: int


class Changes(Struct):
    """What a signature changed.

    Attributes:
        at: Its offset on news.signatures.
        origin: Its origin.
        told: News for news.stories, by key; None: there is no such story any more.
        stories: Keys under which what is remembered of the stories told has changed.
        groups: Groups into which items have moved, or that are no more.
        items: Items of which what is remembered has changed, the one the signature is of last.
    """

    at: int
    origin: str
    told: dict[str, Told | None] = {}
    stories: dict[str, None] = {}
    groups: dict[str, Group | None] = {}
    items: dict[str, None] = {}


class Stories:
    """All items of the window and their stories.

    Attributes:
        now: Stream time, milliseconds.
        index: Where to look for like items.
        items: Items by id.
        told: What news.stories says of stories with several items, and of names that are no more; what it says of an
            item that is a story of its own follows from the item.
    """

    def __init__(self, *, window: int, kept: int | None) -> None:
        """Begin with nothing.

        Args:
            window: How far apart in time like items may be, milliseconds.
            kept: How long items are kept, milliseconds of stream time; None: for ever.
        """
        self._window = window
        self._kept = kept
        self._leaving: list[tuple[int, str, str]] = []
        self.now = 0
        self.index = Index()
        self.items: dict[str, Item] = {}
        self.told: dict[str, Told] = {}

    def story_of(self, item_id: str) -> str:
        """Return the name of the story an item is in."""
        item = self.items.get(item_id)
        return item.group.name if item is not None and item.group is not None else item_id

    def alone(self, item: Item) -> Told:
        """Return what is told of an item that is a story of its own."""
        member = Member(item_id=item.id, fetched=item.first)
        story = Story(story=item.id, members=(member,), size=1, first=item.first, last=item.first)
        return Told(story, "", item.told, item.origin, item.time)

    def apply(self, signature: Signature, *, at: int, origin: str, origin_offset: int) -> Changes:
        """Take in a signature.

        Args:
            signature: The signature.
            at: Its offset on news.signatures.
            origin: Its origin.
            origin_offset: The offset in it, which orders versions fetched at the same moment.
        """
        changes = Changes(at, origin)
        time = to_milliseconds(signature.fetched)
        superseded = to_milliseconds(signature.superseded) if signature.superseded else None
        self.now = max(self.now, time)
        self._expire(changes)
        if self._is_late(time):
            return changes
        version: Version = (signature.fetched, signature.generation, origin_offset)
        item = self.items.get(signature.item_id)
        if item is not None and version <= item.version:
            if signature.fetched < item.first:
                self._older(item, signature.fetched, changes)
            return changes
        if item is None and superseded is not None and self._is_late(superseded):
            return changes  # it had a story, which is closed

        standing = Item(signature, version, time)
        self.items[standing.id] = standing
        self.will_leave(time, "item", standing.id)
        names: set[str] = set()
        groups: list[Group] = []
        rest = None
        if item is not None:
            standing.first = min(standing.first, item.first)
            names |= {item.group.name} if item.group is not None else set()
            groups, rest = self._take_out(item, changes)
            if item.withdrawn or standing.withdrawn:
                names.add(item.id)
        if standing.withdrawn:
            names.add(standing.id)
            standing.told, standing.origin = at, origin
            groups += [rest] if rest is not None else []
        else:
            joined, gone = self._put_in(standing, rest, changes)
            names |= gone
            groups = [joined, *(group for group in groups if group is not joined and group.live)]
        self.tell(groups, names, changes)
        self._remember(standing, changes)
        return changes

    def will_leave(self, time: int, kind: Literal["item", "story"], key: str) -> None:
        """Note that an item, or a name that is no more, is forgotten when its time has come."""
        if self._kept is not None:
            heapq.heappush(self._leaving, (time, kind, key))

    def _is_late(self, time: int) -> bool:
        return self._kept is not None and time < self.now - self._kept

    def _older(self, item: Item, first: str, changes: Changes) -> None:
        """Note that an item was fetched earlier: an older version was overtaken on the way."""
        group = item.group
        if group is None:
            item.first = first
        else:
            moved = item.id in group.moved
            group.remove(item)
            item.first = first
            group.add(item)
            if moved:
                group.moved[item.id] = None
            self.tell([group], set(), changes)
        self._remember(item, changes)

    def _put_in(self, item: Item, rest: Group | None, changes: Changes) -> tuple[Group, set[str]]:
        """Join an item with all it is like; return its group, and names of groups that are no more.

        Args:
            item: The item.
            rest: What has left the window and was in a group with nothing but the version before.
            changes: What has changed.
        """
        text = Text(item.sketch)
        joined = {group.id: group for group in self._neighbours(item, text)}
        if rest is not None:
            joined[rest.id] = rest
        group = max(joined.values(), key=lambda g: (len(g), g.id), default=None)
        if group is None:
            group = Group(f"{changes.at}")
        elif len(group.live) == 1:
            for other in group.live.values():
                other.told = -1
        gone = set()
        for other_group in joined.values():
            if other_group is not group:
                gone |= {other_group.name} - {""}
                group.former |= other_group.former
                self._move(list(other_group.live.values()), group, changes)
                for member, first in other_group.left.items():
                    group.add_left(member, first)
                group.dropped += other_group.dropped
                changes.groups[other_group.id] = None
        group.add(item)
        self._note_former(item, group)
        if item.sketch.size:
            self.index.add(item, text)
        return group, gone

    def _move(self, items: Iterable[Item], group: Group, changes: Changes) -> None:
        for item in items:
            if item.group is not None:
                item.group.remove(item)
            group.add(item)
            group.moved[item.id] = None
            item.told = -1
            self._note_former(item, group)
        changes.groups[group.id] = group

    def _note_former(self, item: Item, group: Group) -> None:
        if item.id in self.told:
            group.former.add(item.id)

    def _neighbours(self, item: Item, text: Text) -> Iterable[Group]:
        if not item.sketch.size:
            return
        seen: set[str] = set()
        for other in self.index.candidates(text):
            group = other.group
            if group is not None and group.id not in seen and self._is_edge(item, text, other):
                seen.add(group.id)
                yield group

    def _is_edge(self, item: Item, text: Text, other: Item) -> bool:
        return other is not item and abs(item.time - other.time) <= self._window and alike(text, Text(other.sketch))

    def _take_out(self, item: Item, changes: Changes) -> tuple[list[Group], Group | None]:
        """Take a version out of its group.

        Returns:
            What the group has come apart into, and what is left of it where nothing of it is in the window any more.
        """
        group = item.group
        if group is None:
            return [], None
        text = Text(item.sketch)
        if item.sketch.size:
            self.index.remove(item, text)
        group.remove(item)
        if not group.live:
            changes.groups[group.id] = None
            return [], group if group.left else None
        groups = [group]
        for number, part in enumerate(self._parts(group, item, text)):
            other = Group(f"{changes.at}.{number}")
            former = {name for name in group.former if name in part}
            group.former -= former
            other.former = former
            self._move(part.values(), other, changes)
            groups.append(other)
        return groups, None

    def _parts(self, group: Group, item: Item, text: Text) -> list[dict[str, Item]]:
        """Return what is no longer connected with the oldest of the group, now that an item is out of it.

        Only what the item was joined with can have lost something: as long as that hangs together, so does the group.
        """
        if not item.sketch.size or not 1 < len(group.live) <= _LARGE:
            return []
        hanging = {o.id: o for o in self.index.candidates(text) if o.group is group and self._is_edge(item, text, o)}
        parts: list[dict[str, Item]] = []
        while hanging:
            _, start = hanging.popitem()
            parts.append(self._connected(start, group, hanging, whole=bool(parts)))
        parts.sort(key=lambda part: min((i.first, i.id) for i in part.values()))
        # What has left the window has no edges any more: it stays with the oldest.
        return parts[1:]

    def _connected(self, start: Item, group: Group, hanging: dict[str, Item], *, whole: bool) -> dict[str, Item]:
        """Return an item and all of its group that it is connected with, and take that out of ``hanging``.

        Args:
            start: The item.
            group: The group.
            hanging: Items that may no longer be connected with it.
            whole: Go on when none of those is left.
        """
        part = {start.id: start}
        todo = [start]
        while todo and (hanging or whole):
            item = todo.pop()
            text = Text(item.sketch)
            for other in self.index.candidates(text):
                if other.group is group and other.id not in part and self._is_edge(item, text, other):
                    part[other.id] = other
                    hanging.pop(other.id, None)
                    todo.append(other)
        return part

    def _expire(self, changes: Changes) -> None:
        while self._leaving and self._is_late(self._leaving[0][0]):
            time, kind, key = heapq.heappop(self._leaving)
            if kind == "item":
                item = self.items.get(key)
                if item is not None and item.time == time:
                    self._leave(item, changes)
            else:
                told = self.told.get(key)
                if told is not None and told.story.merged_into is not None and told.time == time:
                    del self.told[key]
                    changes.stories[key] = None

    def _leave(self, item: Item, changes: Changes) -> None:
        del self.items[item.id]
        changes.items[item.id] = None
        group = item.group
        if group is None:
            return
        if item.sketch.size:
            self.index.remove(item, Text(item.sketch))
        group.leave(item)
        if not group.live:
            changes.groups[group.id] = None
            if self.told.pop(group.name, None) is not None:
                changes.stories[group.name] = None

    def tell(self, groups: list[Group], names: set[str], changes: Changes) -> None:
        """Note what news.stories has to say of groups now, and of names that may be no more."""
        for group in groups:
            before = group.name
            self._tell_one(group, changes)
            if before and before != group.name:
                names.add(before)
        for name in sorted(names - {group.name for group in groups}):
            home = self._home(name, groups)
            if home is not None:
                home.former.add(name)
                if name not in self.told or self.told[name].story.merged_into is None:
                    self.say(name, Story(story=name, merged_into=home.name), "", changes)
            elif name not in self.told or self.told[name].story.merged_into is None:
                changes.told[name] = None
                if self.told.pop(name, None) is not None:
                    changes.stories[name] = None
        for group in groups:
            self._lead_here(group, changes)

    def _home(self, name: str, groups: list[Group]) -> Group | None:
        """Return the group where a story goes on that had a name: that of its item, or else of another member."""
        told = self.told.get(name)
        members = [member.item_id for member in told.story.members] if told is not None else []
        for item_id in (name, *members):
            item = self.items.get(item_id)
            if item is not None and item.group is not None:
                return item.group
            for group in groups:
                if item_id in group.left:
                    return group
        return None

    def _lead_here(self, group: Group, changes: Changes) -> None:
        """See that all names that are no more and whose item is in a group lead to it in one step."""
        for name in sorted(group.former):
            told = self.told.get(name)
            item = self.items.get(name)
            elsewhere = item is not None and item.group is not None and item.group is not group
            if name == group.name or elsewhere or told is None or told.story.merged_into is None:
                group.former.discard(name)
            elif told.story.merged_into != group.name:
                self.say(name, Story(story=name, merged_into=group.name), "", changes)

    def _tell_one(self, group: Group, changes: Changes) -> None:
        story = group.story()
        name = group.name = story.story
        if len(group) == 1 and group.live:
            (item,) = group.live.values()
            item.told, item.origin = changes.at, changes.origin
            self._remember(item, changes)
            if self.told.pop(name, None) is not None:
                changes.stories[name] = None
            changes.told[name] = Told(story, group.id, changes.at, changes.origin, self.now)
            return
        before = self.told.get(name)
        if before is None or before.story != story or before.group != group.id:
            self.say(name, story, group.id, changes)
        if not group.live and self.told.pop(name, None) is not None:
            changes.stories[name] = None  # closed

    def say(self, name: str, story: Story, group: str, changes: Changes) -> None:
        """Note what news.stories has to say under a name."""
        self.told[name] = Told(story, group, changes.at, changes.origin, self.now)
        changes.told[name] = self.told[name]
        changes.stories[name] = None
        if story.merged_into is not None:
            self.will_leave(self.now, "story", name)

    def _remember(self, item: Item, changes: Changes) -> None:
        changes.items.pop(item.id, None)
        changes.items[item.id] = None
