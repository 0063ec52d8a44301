"""A poller that holds feeds because a test says so, without a group: it has the states that Kafka has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from schemas.codec import encode
from schemas.feed import Feed, Subscription
from streams.polling import states
from streams.polling.poller import Held, Poller
from streams.polling.schedule import first_due
from streams.settings import Settings


def soon(name: str) -> str:
    """A feed id whose first poll falls into the first half second of the twenty."""
    now = datetime.now(UTC)
    ids = (f"{name}-{n}" for n in range(10_000))
    return next(feed_id for feed_id in ids if first_due(feed_id, now=now).due - now < timedelta(seconds=0.5))


@asynccontextmanager
async def holding(settings: Settings, feeds: Iterable[Feed]) -> AsyncIterator[Poller]:
    known = await states.load(settings)
    async with Poller(settings) as poller:
        for feed in feeds:
            state = known.get(feed.id)
            poller.hold(Held(Subscription(feed=feed)), None if state is None else encode(state))
        yield poller
