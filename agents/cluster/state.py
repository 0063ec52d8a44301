"""What cluster remembers, as entries of its changelog.

There are three kinds of entries: one for each item of the window, which names the group it joined; one for each group
into which items have moved, since stories merged or came apart; one for what news.stories says of each story of several
items and of each name that is no more. MessagePack, positional; the first number names the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from agents.cluster.items import Group, Item
from agents.cluster.stories import Changes, Stories, Told
from schemas.errors import InfrastructureError
from schemas.signature import Signature, Sketch
from schemas.story import Story
from schemas.times import to_milliseconds

_FORMAT: Literal[1] = 1


class ItemEntry(Struct, frozen=True, array_like=True):
    """An item as it is stored; see ``agents.cluster.items.Item``."""

    form: Literal[1]
    version: tuple[str, int, int]
    first: str
    withdrawn: bool
    sketch: Sketch
    group: str
    told: int
    origin: str


class GroupEntry(Struct, frozen=True, array_like=True):
    """Items that have moved into a group."""

    form: Literal[1]
    moved: tuple[str, ...]


class StoryEntry(Struct, frozen=True, array_like=True):
    """What news.stories says under a key; see ``agents.cluster.stories.Told``."""

    form: Literal[1]
    story: Story
    group: str
    at: int
    origin: str
    time: int


class Stored(Struct):
    """Everything that is stored.

    Attributes:
        items: The items by id.
        told: What news.stories says, by key.
        groups: Group of each item that is in one, by item id.
        moved: Items whose own entry names another group.
    """

    items: dict[str, Item] = {}
    told: dict[str, Told] = {}
    groups: dict[str, str] = {}
    moved: set[str] = set()


_encoder = msgspec.msgpack.Encoder()
_items = msgspec.msgpack.Decoder(ItemEntry)
_groups = msgspec.msgpack.Decoder(GroupEntry)
_stories = msgspec.msgpack.Decoder(StoryEntry)


def entries(stories: Stories, changes: Changes) -> list[tuple[bytes, bytes | None]]:
    """Return the changelog records of a change in the order in which they have to be written.

    A crash may leave the first few of them: ``agents.cluster.resume`` relies on the order.
    """
    *others, own = changes.items or [None]
    found = [_item_entry(stories, item_id) for item_id in others if item_id is not None]
    found += [_group_entry(group_id, group) for group_id, group in changes.groups.items()]
    found += [_story_entry(stories, name) for name in changes.stories]
    return found if own is None else [*found, _item_entry(stories, own)]


def decoded(entries: Mapping[bytes, tuple[int, bytes]]) -> Stored:
    """Return what is stored.

    Args:
        entries: Changelog offset and value, by key.

    Raises:
        InfrastructureError: Something is no entry.
    """
    stored = Stored()
    joined: dict[str, tuple[int, str]] = {}
    moved: list[tuple[int, str, tuple[str, ...]]] = []
    for key, (order, value) in entries.items():
        try:
            kind, _, name = key.decode().partition("/")
            if kind == "item":
                item = _items.decode(value)
                stored.items[name] = _item(name, item)
                joined[name] = (order, item.group)
            elif kind == "group":
                moved.append((order, name, _groups.decode(value).moved))
            else:
                told = _stories.decode(value)
                stored.told[name] = Told(told.story, told.group, told.at, told.origin, told.time)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InfrastructureError(
                f"the cluster changelog holds no entry but something else for {key!r}: {error}; "
                "`geowire streams tombstone` takes it out"
            ) from error
    for order, group, members in sorted(moved):
        for member in members:
            if member in joined and joined[member][0] < order:
                joined[member] = (order, group)
                stored.moved.add(member)
    stored.groups = {item_id: group for item_id, (_, group) in joined.items() if group}
    return stored


def _item_entry(stories: Stories, item_id: str) -> tuple[bytes, bytes | None]:
    key, item = b"item/" + item_id.encode(), stories.items.get(item_id)
    if item is None:
        return key, None
    group = item.group.id if item.group is not None else ""
    entry = ItemEntry(_FORMAT, item.version, item.first, item.withdrawn, item.sketch, group, item.told, item.origin)
    return key, _encoder.encode(entry)


def _group_entry(group_id: str, group: Group | None) -> tuple[bytes, bytes | None]:
    key = b"group/" + group_id.encode()
    return key, None if group is None else _encoder.encode(GroupEntry(_FORMAT, tuple(group.moved)))


def _story_entry(stories: Stories, name: str) -> tuple[bytes, bytes | None]:
    key, told = b"story/" + name.encode(), stories.told.get(name)
    if told is None:
        return key, None
    return key, _encoder.encode(StoryEntry(_FORMAT, told.story, told.group, told.at, told.origin, told.time))


def _item(id_: str, entry: ItemEntry) -> Item:
    fetched, generation, _ = entry.version
    reason: Literal["new", "withdrawn"] = "withdrawn" if entry.withdrawn else "new"
    signature = Signature(id_, fetched, generation, reason, None, entry.sketch)
    item = Item(signature, entry.version, to_milliseconds(fetched))
    item.first, item.told, item.origin = entry.first, entry.told, entry.origin
    return item
