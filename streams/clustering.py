"""The state of cluster: whoever is given news.signatures reads it from the changelog before the first record."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from agents.cluster.agent import Cluster
from agents.cluster.names import CHANGELOG
from schemas.record import Record
from streams.health.pulse import Pulse
from streams.scan import scan_whole

if TYPE_CHECKING:
    from streams.settings import Settings

log = logging.getLogger(__name__)


async def prepared(
    batches: AsyncIterator[Sequence[Record]],
    cluster: Cluster,
    settings: Settings,
    drained: Callable[[], Awaitable[None]],
    pulse: Pulse,
) -> AsyncIterator[Sequence[Record]]:
    """Pass on records one by one, the state read anew before one that does not follow the one before.

    That is the first record, and the first after the partition was with another worker. While a worker has it all the
    time its state is that before the next record, whatever happens to other partitions.

    Args:
        batches: Records of news.signatures.
        cluster: Where the state goes.
        settings: The settings.
        drained: Waits until everything that was written is acknowledged.
        pulse: Is told while the state is read.

    Raises:
        BrokerError: The changelog cannot be read.
        InfrastructureError: It holds something that is no entry.
    """
    async for batch in batches:
        for record in batch:
            if not cluster.follows(record.offset):
                await drained()
                with pulse.recovery():
                    await recover(cluster, settings, record.offset, pulse)
            yield [record]


async def recover(cluster: Cluster, settings: Settings, offset: int, pulse: Pulse) -> None:
    """Read the state from the changelog.

    Args:
        cluster: Where it goes.
        settings: The settings.
        offset: The record of news.signatures to go on with.
        pulse: Is told how it gets on.
    """
    begun = time.monotonic()
    cluster.forget()
    stored: dict[bytes, tuple[int, bytes]] = {}
    async for record in scan_whole(settings, settings.stream(CHANGELOG), {0}):
        pulse.move(1)
        if record.value is None:
            stored.pop(record.key, None)
        else:
            stored[record.key] = (record.offset, record.value)
    cluster.take_over(stored, offset)
    log.info("cluster goes on with %d items after %.1f s", len(cluster.stories.items), time.monotonic() - begun)
