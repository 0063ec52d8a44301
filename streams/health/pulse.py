"""What a process says of itself: plain attributes, set by its event loop and read by the health thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from aiokafka.structs import TopicPartition
from msgspec import Struct

log = logging.getLogger(__name__)

Phase = Literal["starting", "rebalancing", "running", "stopping"]

_BEAT_SECONDS = 0.5


class Work(Struct, frozen=True):
    """One place where work can wait.

    Attributes:
        waiting: How much waits there.
        done: A number that moves whenever something was done.
        patience: How many times as long as usual it may stand still.
    """

    waiting: int
    done: int
    patience: int = 1


class Pulse:
    """The signs of life of a process."""

    def __init__(self) -> None:
        """Begin."""
        self.stopping = False
        self.beats = 0
        """Moves while the event loop turns."""
        self.moves = 0
        """Moves while state is recovered: records read."""
        self.recovering = 0
        """Recoveries under way."""
        self.partitions: frozenset[TopicPartition] = frozenset()
        """Of the source streams, those that are ours."""
        self.work: Mapping[str, Work] | None = None
        """Where the process can say itself what waits; None: it cannot tell."""
        self._recovered = 0.0
        self._begun: float | None = None

    async def beat(self, look: Callable[[], None] = lambda: None) -> None:
        """Beat until cancelled; ``look`` is called with each beat."""
        while True:
            try:
                look()
            except Exception:  # what cannot be seen must not look like a loop that does not turn
                log.exception("cannot see how this process is")
            self.beats += 1
            await asyncio.sleep(_BEAT_SECONDS)

    def move(self, records: int) -> None:
        """Note that recovery is getting on."""
        self.moves += records

    @contextmanager
    def recovery(self) -> Iterator[None]:
        """Say that state is being recovered: offsets do not move meanwhile."""
        if self.recovering == 0:
            self._begun = time.monotonic()
        self.recovering += 1
        try:
            yield
        finally:
            self.recovering -= 1
            if self.recovering == 0:
                self._recovered = self.recovery_seconds(time.monotonic())
                self._begun = None

    def recovery_seconds(self, now: float) -> float:
        """Return for how long state was being recovered, all in all."""
        begun = self._begun
        return self._recovered + (now - begun if begun is not None else 0.0)
