"""Changes to the feeds that are polled: pure functions from what there is to what is to be written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from schemas.errors import ConfigError
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState

Feeds = Mapping[str, Subscription]
"""The feeds there are, by id."""
_PASSING = frozenset({"rate-limited", "unavailable"})
"""Failures of a server that is there."""
_FORBIDDEN = 403

Changes = dict[str, Subscription | None]
"""What is to be written, by feed id; None: the feed is to go."""


def follow_list(feeds: Feeds, listed: Sequence[Feed]) -> Changes:
    """Return what makes a feed list the one in force.

    Feeds it names are added and brought up to date; feeds that a list brought earlier and that it does not name go.
    What a command said stays: feeds that were added, removed or paused. An address is polled under one id only: the
    one it had first.

    Args:
        feeds: The feeds there are.
        listed: The feeds of the list.
    """
    ids = {subscription.feed.url: feed_id for feed_id, subscription in feeds.items()}
    named = {feed.id for feed in listed}
    changes: Changes = {}
    kept: set[str] = set()
    for feed in listed:
        known_as = ids.get(feed.url, feed.id)
        feed_id = feed.id if feed.id in feeds or known_as in named else known_as
        kept.add(feed_id)
        new = _with(feeds.get(feed_id), structs.replace(feed, id=feed_id))
        _note(changes, feeds, feed_id, structs.replace(new, listed=True))
    for feed_id, subscription in feeds.items():
        if subscription.listed and feed_id not in kept:
            stays = structs.replace(subscription, listed=False, removed=False) if subscription.added else None
            changes[feed_id] = stays
    return changes


def add(feeds: Feeds, new: Iterable[Feed]) -> Changes:
    """Return what adds feeds for good. Of a feed that is there already, what is said anew counts.

    Raises:
        ConfigError: An id is another feed's.
    """
    ids = {subscription.feed.url: feed_id for feed_id, subscription in feeds.items()}
    changes: Changes = {}
    for feed in new:
        feed_id = ids.get(feed.url, feed.id)
        known = feeds.get(feed_id)
        if known is not None and known.feed.url != feed.url:
            raise ConfigError(f"the id {feed_id!r} is that of {known.feed.url}: choose another with --id")
        merged = feed if known is None else _merged(known.feed, feed)
        _note(changes, feeds, feed_id, structs.replace(_with(known, merged), added=True, removed=False))
    return changes


def remove(feeds: Feeds, ids: Iterable[str]) -> Changes:
    """Return what removes feeds. One that the feed list names stays as a note that it is not to be polled."""
    changes: Changes = {}
    for feed_id in ids:
        known = feeds[feed_id]
        changes[feed_id] = structs.replace(known, added=False, removed=True) if known.listed else None
    return changes


def pause(feeds: Feeds, ids: Iterable[str], *, now: str) -> Changes:
    """Return what pauses feeds; those that are paused stay as they are."""
    changes: Changes = {}
    for feed_id in ids:
        known = feeds[feed_id]
        _note(changes, feeds, feed_id, structs.replace(known, paused=known.paused or now))
    return changes


def resume(feeds: Feeds, ids: Iterable[str], *, now: str) -> Changes:
    """Return what has feeds polled again, at once: those that are paused, and those that are gone."""
    return {feed_id: structs.replace(feeds[feed_id], paused=None, removed=False, resumed=now) for feed_id in ids}


def dead(feeds: Feeds, states: Mapping[str, FeedState]) -> list[str]:
    """Return the feeds that never answered with a feed, though not for want of strength.

    Args:
        feeds: The feeds there are.
        states: Their states.
    """
    return [
        feed_id
        for feed_id, subscription in feeds.items()
        if subscription.active
        and (state := states.get(feed_id)) is not None
        and state.succeeded is None
        and state.kind is not None
        and (state.kind not in _PASSING or state.status == _FORBIDDEN)
    ]


def find(feeds: Feeds, word: str) -> str:
    """Return the id of the feed that somebody means, by its id or its address.

    Raises:
        ConfigError: There is none; names those that look like it.
    """
    if word in feeds:
        return word
    bare = _bare(word)
    for feed_id, subscription in feeds.items():
        if bare in {_bare(subscription.feed.url), _bare(subscription.url)}:
            return feed_id
    addresses = {subscription.feed.url: feed_id for feed_id, subscription in feeds.items()}
    close = difflib.get_close_matches(word, [*feeds, *addresses], n=1, cutoff=0.75)
    meant = f"; did you mean {addresses.get(close[0], close[0])}?" if close else ""
    raise ConfigError(f"no feed has the id or address {word!r}{meant} (`geowire feeds list` shows them)")


def _with(known: Subscription | None, feed: Feed) -> Subscription:
    """Return the subscription with what is said of its feed now."""
    if known is None:
        return Subscription(feed=feed)
    # Where the publisher moved it concerns the address it had.
    address = known.address if known.feed.url == feed.url else None
    return structs.replace(known, feed=feed, address=address)


def _merged(known: Feed, said: Feed) -> Feed:
    blank = structs.asdict(Feed(url=said.url, id=said.id))
    return structs.replace(
        known, **{name: value for name, value in structs.asdict(said).items() if value != blank[name]}
    )


def _note(changes: Changes, feeds: Feeds, feed_id: str, new: Subscription) -> None:
    if feeds.get(feed_id) != new:
        changes[feed_id] = new


def _bare(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url.strip()).rstrip("/")
