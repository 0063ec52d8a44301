"""Going on from what is remembered, whatever of it a crash left.

The entries of one signature are written one after the other, its own item's last, so a crash may leave the first few of
them. Which items are in a group is known from the items and from what moved, each written as a whole; what is told of
them is compared with that, and told anew where it differs. The signature itself comes again, and is taken in as if for
the first time.
"""

from __future__ import annotations

from agents.cluster.items import Group
from agents.cluster.likeness import Text
from agents.cluster.state import Stored
from agents.cluster.stories import Changes, Stories, Told


def resume(stories: Stories, stored: Stored, *, at: int) -> Changes:
    """Take over what was remembered; return what has to be told and remembered because of it.

    Args:
        stories: Empty ones.
        stored: What was remembered.
        at: Offset of the signature that comes next.
    """
    changes = Changes(at, max(((told.at, told.origin) for told in stored.told.values()), default=(0, "0:0"))[1])
    stories.items, stories.told = stored.items, stored.told
    groups = _groups(stories, stored)
    for name, told in stored.told.items():
        if told.story.merged_into is not None:
            stories.will_leave(told.time, "story", name)
            item = stories.items.get(name)
            if item is not None and item.group is not None:
                item.group.former.add(name)
    for name, told in list(stored.told.items()):
        if told.story.merged_into is None and told.group not in groups:
            del stored.told[name]  # closed
            changes.stories[name] = None
    _add_left(groups, stored)
    doubtful = [group for group in groups.values() if _is_doubtful(group, stored.told)]
    lost = _lost_names(stories, groups)
    for group in groups.values():
        for item in group.live.values() if len(group) > 1 else ():
            item.told = -1
    stories.tell(doubtful, lost, changes)
    return changes


def _groups(stories: Stories, stored: Stored) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for item in stored.items.values():
        stories.now = max(stories.now, item.time)
        stories.will_leave(item.time, "item", item.id)
        if item.sketch.size:
            stories.index.add(item, Text(item.sketch))
        group_id = stored.groups.get(item.id)
        if group_id is not None and not item.withdrawn:
            group = groups.setdefault(group_id, Group(group_id))
            group.add(item)
            if item.id in stored.moved:
                group.moved[item.id] = None
    return groups


def _add_left(groups: dict[str, Group], stored: Stored) -> None:
    """Add to groups what is told of them and is not in the window any more."""
    for told in stored.told.values():
        if told.story.merged_into is not None:
            continue
        group = groups[told.group]
        listed = {member.item_id for member in told.story.members}
        for member in told.story.members:
            if member.item_id not in stored.items:
                group.add_left(member.item_id, member.fetched)
        unlisted = told.story.size - len(listed) - sum(item_id not in listed for item_id in group.live)
        group.dropped = max(group.dropped, unlisted)


def _is_doubtful(group: Group, told: dict[str, Told]) -> bool:
    """Say whether what is told of a group, and of names that lead to it, may not be what it is."""
    story = group.story()
    name = group.name = story.story
    if any(former != name and told[former].story.merged_into != name for former in group.former):
        return True
    if len(group) > 1:
        return name not in told or told[name].story != story or told[name].group != group.id
    return name in told or any(item.told < 0 for item in group.live.values())


def _lost_names(stories: Stories, groups: dict[str, Group]) -> set[str]:
    """Return names that are told of, or were, and are that of no group."""
    current = {group.name for group in groups.values()}
    names = {name for name, told in stories.told.items() if told.story.merged_into is None}
    names |= {item.id for item in stories.items.values() if item.told >= 0 and not item.withdrawn}
    return {name for name in names if name not in current and not _leads(stories, name)}


def _leads(stories: Stories, name: str) -> bool:
    told = stories.told.get(name)
    return told is not None and told.story.merged_into is not None
