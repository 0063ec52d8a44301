"""``geowire poll``: a poller as a process, one of any number, stopped by a signal after the polls under way."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from schemas.errors import GeowireError
from schemas.feed import Feed
from streams import logs
from streams.broker import admin
from streams.delivery import bounded
from streams.health.attendant import attended
from streams.health.poller import PollerHealth
from streams.loop import Loop
from streams.polling import editing, feedlist, subscriptions
from streams.polling.poller import Poller
from streams.polling.share import Fence, Share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.settings import Settings

log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
"""After the polls under way have ended, how long it may take to leave the group and close everything."""


def serve(settings: Settings, path: Path | None, *, once: bool) -> None:
    """Put a feed list in force, then poll our share of the feeds until told to stop, or each of it once.

    Raises:
        ConfigError: The feed list is wrong.
        BrokerError: There is no usable broker.
        DeliveryError: The broker does not take the items.
    """
    feeds = feedlist.in_force(path)
    asyncio.run(admin.apply(settings))
    logs.configure(settings)
    try:
        uvloop.run(_serve(settings, feeds, once=once), loop_factory=Loop)
    except* GeowireError as group:
        raise first_of(group) from None


def first_of(group: BaseExceptionGroup[GeowireError]) -> GeowireError:
    """Return the first error in a group of errors and groups: task groups stand within task groups."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


async def put_in_force(settings: Settings, listed: Sequence[Feed]) -> subscriptions.Roll:
    """Have the feeds of a list polled, and those no more that a list brought earlier and this one does not name.

    Returns:
        All feeds there are afterwards.

    Raises:
        BrokerError: The feeds cannot be read or written.
    """
    roll, changes = await subscriptions.change(settings, lambda feeds: editing.follow_list(feeds, listed))
    if changes:
        gone = sum(changed is None for changed in changes.values())
        new = sum(changed is not None and feed_id not in roll.feeds for feed_id, changed in changes.items())
        log.info("feed list: %d feeds added, %d changed, %d gone", new, len(changes) - new - gone, gone)
        roll = await subscriptions.read(settings)
    return roll


async def _serve(settings: Settings, listed: Sequence[Feed], *, once: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    roll = await put_in_force(settings, listed)
    if not roll.active:
        log.warning("there are no feeds to poll: `geowire feeds add URL` adds one, also while this runs")
    fence = Fence(settings.session_seconds)
    async with Poller(settings, may_poll=fence.holds) as poller, AsyncExitStack() as opened:
        health = PollerHealth(poller, fence)
        if not once:
            await opened.enter_async_context(attended(settings, "poller", health))
        share = health.share = await opened.enter_async_context(Share(settings, poller, fence))
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(share.follow())
            if once:
                await share.ready.wait()
                await poller.poll_once()
            else:
                # What is there now stays: going through it again and again would hold the event loop up.
                gc.freeze()
                await poller.run(stop)
            bounded(_STOP_SECONDS)
            health.pulse.stopping = True
            following.cancel()
        log.info("stopped: %s", poller.counters)
