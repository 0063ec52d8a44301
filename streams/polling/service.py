"""``geowire poll``: the poller as a process, stopped by a signal after the polls under way."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from schemas.codec import encode
from schemas.errors import GeowireError
from schemas.feed import Feed, Subscription
from streams import logs
from streams.broker import admin
from streams.polling import feedlist, states
from streams.polling.poller import Held, Poller

if TYPE_CHECKING:
    from streams.settings import Settings

log = logging.getLogger(__name__)


def serve(settings: Settings, path: Path | None, *, once: bool) -> None:
    """Poll the feeds of a list until told to stop, or each of them once.

    Raises:
        ConfigError: The feed list is wrong.
        BrokerError: There is no usable broker.
        DeliveryError: The broker does not take the items.
    """
    feeds = feedlist.load(path)
    asyncio.run(admin.apply(settings))
    logs.configure(settings)
    try:
        uvloop.run(_serve(settings, feeds, once=once))
    except* GeowireError as group:
        raise group.exceptions[0] from None


async def _serve(settings: Settings, feeds: list[Feed], *, once: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Poller(settings) as poller:
        known = await states.load(settings)
        for feed in feeds:
            state = known.get(feed.id)
            poller.hold(Held(Subscription(feed=feed, listed=True)), None if state is None else encode(state))
        log.info("polling %d feeds", len(feeds))
        if once:
            await poller.poll_once()
        else:
            await poller.run(stop)
        log.info("stopped: %s", poller.counters)
