"""Recovery of the dedupe state: read from the changelog by our own reader, into RocksDB, in batches.

Faust's own takes 200 µs an entry and goes on where reading failed (faust/tables/recovery.py:916); this takes 10 µs and
raises. Faust still decides when there is something to recover, and keeps everything else waiting meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, cast

from faust.tables import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP

from agents.dedupe.agent import CHANGELOG
from streams.scan import Bounds, asking, bounds_of, scan
from streams.table import DELETIONS_KEPT_DAYS

if TYPE_CHECKING:
    from streams.app import GeowireApp
    from streams.settings import Settings
    from streams.state import State

log = logging.getLogger(__name__)

_BATCH = 2_000
_TRUSTED_SECONDS = (DELETIONS_KEPT_DAYS - 1) * 86_400
_SLOW_SECONDS = 5.0


async def recover(
    settings: Settings,
    state: State,
    partitions: Collection[int],
    changelog: str,
    moved: Callable[[int], None] = lambda _: None,
) -> None:
    """Bring the state of some partitions up to the end of their changelog.

    Args:
        settings: The settings.
        state: The state.
        partitions: Which partitions.
        changelog: Kafka topic of the changelog.
        moved: Told of every batch how many records it has.

    Raises:
        BrokerError: The changelog cannot be read.
        InfrastructureError: It holds something that is no entry.
    """
    begun = time.monotonic()
    bounds = await _bounds(settings, state, partitions, changelog)
    taken: defaultdict[int, list[tuple[bytes, bytes | None]]] = defaultdict(list)
    count, suspects = 0, []
    async for record in scan(settings, changelog, bounds):
        batch = taken[record.partition]
        batch.append((record.key, record.value))
        count += 1
        if len(batch) == _BATCH:
            suspects += _taken_over(state, record.partition, batch, record.offset + 1)
            moved(len(batch))
            batch.clear()
    for partition in partitions:
        suspects += _taken_over(state, partition, taken[partition], bounds.end[partition])
        moved(len(taken[partition]))
    for partition, key in suspects:
        state.check(partition, key)
    state.save()
    seconds = time.monotonic() - begun
    say = log.info if seconds > _SLOW_SECONDS else log.debug
    say("recovered %d entries of %d partitions in %.1f s", count, len(partitions), seconds)


def _taken_over(
    state: State, partition: int, batch: list[tuple[bytes, bytes | None]], following: int
) -> list[tuple[int, bytes]]:
    return [(partition, key) for key in state.recovered(partition, batch, following)]


async def _bounds(settings: Settings, state: State, partitions: Collection[int], changelog: str) -> Bounds:
    """Say what is to be read; drop what is here and cannot be gone on with."""
    async with asking(settings, changelog) as consumer:
        found = await bounds_of(consumer)
    start = {}
    for partition in partitions:
        place = state.place(partition)
        kept, end = found.kept[partition], found.end[partition]
        if place is not None and not (kept <= place.next <= end and time.time() - place.noted < _TRUSTED_SECONDS):
            log.warning("state of partition %d does not fit its changelog any more: reading all of it", partition)
            state.drop(partition)
            place = None
        start[partition] = place.next if place is not None else kept
    return Bounds(
        kept={partition: found.kept[partition] for partition in partitions},
        start=start,
        end={partition: found.end[partition] for partition in partitions},
    )


class OwnRecovery(Recovery):
    """Faust's recovery, but for the dedupe table's entries."""

    logger = logging.getLogger("faust")

    async def _build_offsets(self, consumer: Any, tps: set[TP], destination: Any, title: str) -> None:
        app = cast("GeowireApp", self.app)
        ours = {tp for tp in tps if tp.topic == app.settings.stream(CHANGELOG)}
        await super()._build_offsets(consumer, tps - ours, destination, title)
        if title == "active" and ours:
            await app.recover({tp.partition for tp in ours})
            # Nothing is left for Faust to read.
            for tp in ours:
                destination[tp] = self.active_highwaters[tp]


class Tables(TableManager):
    """Faust's table manager, with our recovery."""

    @property
    def recovery(self) -> Recovery:
        """Recovery service used by this table manager."""
        if self._recovery is None:
            self._recovery = OwnRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
