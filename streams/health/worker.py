"""What a worker says of itself: its phase, what waits for it, its metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from aiokafka.structs import TopicPartition
from faust.types import TP
from prometheus_client.core import Metric

from streams import heartbeats
from streams.health.attendant import answer_seconds
from streams.health.lag import Lag
from streams.health.pulse import Phase, Pulse, Work
from streams.health.watchdog import PATIENCE
from streams.metrics import catalogue as m
from streams.metrics.counts import EventCounts
from streams.metrics.worker import events, month, stages
from streams.table import STEPS

if TYPE_CHECKING:
    from streams.app import GeowireApp
    from streams.delivery import Outbox


class WorkerHealth:
    """Looks at the app from within, and tells the health thread."""

    def __init__(self, app: GeowireApp, outboxes: Mapping[str, Outbox], decided: EventCounts) -> None:
        """Prepare.

        Args:
            app: The app.
            outboxes: What the agents sent, by stage.
            decided: What the enriched events said.
        """
        self.pulse = Pulse()
        self._app = app
        self._outboxes = outboxes
        self._decided = decided
        self._lag = Lag(app.settings, seconds=answer_seconds(app.settings))
        self._sources = {app.settings.stream(name): name for name in STEPS}
        self._work: Mapping[str, Work] | None = None
        self._entries: int | None = None

    @property
    def phase(self) -> Phase:
        """What the app is about."""
        if not self._app.rebalancing_count:
            return "starting"
        return "rebalancing" if self._app.rebalancing else "running"

    def look(self) -> None:
        """Note what is ours; called in the app's own loop."""
        app, pulse = self._app, self.pulse
        if pulse.stopping or self.phase == "starting":
            return
        mine = app.consumer.assignment()
        pulse.partitions = frozenset(
            TopicPartition(tp.topic, tp.partition) for tp in mine if tp.topic in self._sources and isinstance(tp, TP)
        )
        self._entries = app.entries.estimate()
        if app.settings.instance_id:
            heartbeats.listen(
                app.consumer._thread._consumer._coordinator,  # type: ignore[attr-defined]  # noqa: SLF001
                instance_id=app.settings.instance_id,
                session_seconds=app.settings.session_seconds,
            )

    async def read(self) -> Mapping[str, Work] | None:
        """Ask Kafka what waits; called in the health thread's loop.

        A stream as a whole must move within the watchdog's time. A single partition may wait its turn behind the
        others for longer.
        """
        found = await self._lag.read(self.pulse.partitions)
        if found is None:
            self._work = None
            return None
        work: dict[str, Work] = {}
        for topic, name in self._sources.items():
            parts = {p: at for p, at in found.items() if p.topic == topic}
            if parts:
                work[name] = Work(sum(at.waiting for at in parts.values()), sum(at.done for at in parts.values()))
                work |= {f"{name} {p.partition}": Work(at.waiting, at.done, PATIENCE) for p, at in parts.items()}
        self._work = work
        return work

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the worker; called in the health thread."""
        yield from stages({stage: outbox.counts for stage, outbox in self._outboxes.items()})
        yield from events(self._decided, self._outboxes["enrich"].counts)
        work, pulse, app = self._work, self.pulse, self._app
        yield m.BROKER.family([((), float(work is not None))])
        yield m.LAG.family(((name,), work[name].waiting) for name in STEPS if work and name in work)
        mine = [self._sources[p.topic] for p in pulse.partitions]
        yield m.PARTITIONS.family(((name,), mine.count(name)) for name in STEPS)
        yield m.RECOVERING.family([((), float(pulse.recovering > 0))])
        yield m.RECOVERED.family([((), pulse.moves)])
        yield m.RECOVERY.family([((), pulse.recovery_seconds(time.monotonic()))])
        if self._entries is not None:
            yield m.ENTRIES.family([((), self._entries)])
        knowledge = getattr(app, "knowledge", None)
        timeline = getattr(app, "generation", None)
        if knowledge is not None and timeline is not None:
            of = knowledge.pipeline
            yield m.KNOWLEDGE.family([((of.version, of.knowledge, str(timeline.newest)), 1)])
            if knowledge.gazetteer.tables.leaders_to:
                yield m.LEADERS.family([((), month(knowledge.gazetteer.tables.leaders_to))])
