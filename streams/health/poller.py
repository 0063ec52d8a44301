"""What a poller says of itself: its phase, what waits for it, its metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import Metric

from streams.health.pulse import Phase, Pulse, Work
from streams.metrics import catalogue as m
from streams.metrics.poller import feeds, polls

if TYPE_CHECKING:
    from streams.polling.poller import Poller
    from streams.polling.share import Fence, Share


class PollerHealth:
    """Looks at a poller from within, and tells the health thread."""

    def __init__(self, poller: Poller, fence: Fence) -> None:
        """Prepare; ``share`` is set when there is one."""
        self.pulse = Pulse()
        self.share: Share | None = None
        self._poller = poller
        self._fence = fence

    @property
    def phase(self) -> Phase:
        """What the poller is about."""
        if self.share is None or not self.share.assigned:
            return "starting"
        return "running" if self.share.ready.is_set() else "rebalancing"

    def look(self) -> None:
        """Note what waits; called in the poller's own loop."""
        self.pulse.work = {"feeds": Work(int(self._poller.late > 0), self._poller.counters.done)}

    async def read(self) -> Mapping[str, Work] | None:
        """Say what waits: feeds that are due, whose host is free."""
        return self.pulse.work or {}

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the poller; called in the health thread."""
        yield m.BROKER.family([((), float(self._fence.holds()))])
        yield m.LATE.family([((), self._poller.late)])
        yield from polls(self._poller.counters)
        yield from feeds(self._poller.held(), dict(self._poller.standings))
