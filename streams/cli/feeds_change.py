"""Changes to the feeds, as the commands of ``geowire feeds`` make them and say what they did."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from schemas.feed import Subscription
from streams.broker import admin
from streams.cli.audit import printable
from streams.cli.show import write_json
from streams.polling import editing, states, subscriptions
from streams.polling.editing import Changes, Feeds
from streams.settings import Settings

_NAMED = 12
"""Changes that are named one by one; of more, only how many."""


def change(edit: Callable[[Feeds], Changes], *, as_json: bool) -> None:
    """Make a change, and say what it was.

    Args:
        edit: From the feeds there are to what is to be written.
        as_json: One JSON object for each feed.

    Raises:
        ConfigError: The change makes no sense.
        BrokerError: There is no usable broker.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    before, changes, polled = asyncio.run(_change(Settings.from_env(), edit))
    said = {feed_id: _words(before.get(feed_id), now) for feed_id, now in changes.items()}
    if as_json:
        for feed_id, words in said.items():
            known = changes[feed_id] or before[feed_id]
            write_json({"feed": feed_id, "url": known.feed.url, "change": words})
        return
    for feed_id, words in list(said.items())[:_NAMED]:
        known = changes[feed_id] or before[feed_id]
        print(f"{words}: {feed_id}  {printable(known.feed.url)}")
    if len(said) > _NAMED:
        print(f"… and {len(said) - _NAMED:,} more feeds")
    if not said:
        print("nothing to change: it is so already")
    elif not polled:
        print("no poller runs now; `geowire poll` or `geowire run` will find it so")


def dead_feeds() -> list[str]:
    """Return the feeds that never answered with a feed.

    Raises:
        BrokerError: There is no usable broker.
    """
    return asyncio.run(_dead(Settings.from_env()))


async def _dead(settings: Settings) -> list[str]:
    await admin.apply(settings)
    roll, known = await asyncio.gather(subscriptions.read(settings), states.load(settings))
    return editing.dead(roll.feeds, known)


async def _change(
    settings: Settings, edit: Callable[[Feeds], Changes]
) -> tuple[Mapping[str, Subscription], Changes, bool]:
    await admin.apply(settings)
    roll, changes = await subscriptions.change(settings, edit)
    async with admin.admin(settings) as client:
        _, pollers = await admin.members(client, settings.poll_group)
    return roll.feeds, changes, bool(pollers)


def _words(before: Subscription | None, now: Subscription | None) -> str:
    """Say what became of a feed."""
    if now is None or now.removed:
        return "removed"
    if before is None or before.removed:
        return "added"
    if now.paused and not before.paused:
        return "paused"
    if now.resumed != before.resumed:
        return "resumed"
    return "changed"
