"""A poller that holds feeds because a test says so, without a group: it has the states that Kafka has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from schemas.codec import encode
from schemas.feed import Feed, Subscription
from streams.polling import states
from streams.polling.poller import Held, Poller
from streams.settings import Settings


@asynccontextmanager
async def holding(settings: Settings, feeds: Iterable[Feed]) -> AsyncIterator[Poller]:
    known = await states.load(settings)
    async with Poller(settings) as poller:
        for feed in feeds:
            state = known.get(feed.id)
            poller.hold(Held(Subscription(feed=feed)), None if state is None else encode(state))
        yield poller
