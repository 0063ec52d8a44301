"""When a process counts as standing still: pure decisions about what is seen of it from time to time.

Faust's own watchdog can never fire (it compares a monotonic clock with the wall clock), and a worker that has stopped
consuming looks healthy from outside: its heartbeats come from another thread. What counts here is work that waits and
does not get less.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from msgspec import Struct

from schemas.errors import BrokerError, InfrastructureError, StalledError
from streams.health.pulse import Phase, Work

PATIENCE = 10
"""How many times as long a start, a rebalance or a recovery may take without a sign of progress."""


class Look(Struct, frozen=True, kw_only=True):
    """What is seen of a process at one moment; see ``Pulse``. ``work`` is None where it could not be read."""

    phase: Phase
    beats: int
    moves: int = 0
    recovering: bool = False
    work: Mapping[str, Work] | None


class Watchdog:
    """Adds up for how long nothing has moved.

    Time counts from look to look. Where the whole process was frozen, or the machine slept, that is not time in which
    it could have done something: the caller says how much counts.
    """

    def __init__(self, seconds: float) -> None:
        """Prepare; trouble is what lasts longer than ``seconds``."""
        self._seconds = seconds
        self._still: dict[str, tuple[Hashable, float]] = {}

    def look(self, look: Look, passed: float) -> InfrastructureError | None:
        """Return what is wrong, None where nothing is.

        Args:
            look: What is seen now.
            passed: Seconds since the last look that count.
        """
        if look.phase == "stopping":  # bounded by itself
            return None
        running = look.phase == "running" and not look.recovering
        patience = self._seconds if running else PATIENCE * self._seconds
        blocked = self._for("loop", look.beats, passed)
        if blocked > patience:
            return StalledError(
                f"the event loop has not turned for {blocked:.0f} s: something blocks it; the stacks are in the log"
            )
        if not running:
            return self._unfinished(look, passed, patience)
        self._still.pop("phase", None)
        unread = self._for("unread", look.work is None, passed) if look.work is None else self._reset("unread")
        if unread > self._seconds:
            return BrokerError(f"Kafka has not said for {unread:.0f} s whether something waits: it is out of reach")
        return self._stalled(look.work, passed)

    def _unfinished(self, look: Look, passed: float, patience: float) -> StalledError | None:
        """Leave recovery and rebalance alone, if they end some time."""
        for key in self._still.keys() - {"loop", "phase"}:
            del self._still[key]
        seconds = self._for("phase", (look.phase, look.recovering, look.moves), passed)
        if seconds <= patience:
            return None
        what = "recovering" if look.recovering else look.phase
        return StalledError(f"{what} for {seconds:.0f} s without an end or a sign of progress")

    def _stalled(self, work: Mapping[str, Work] | None, passed: float) -> StalledError | None:
        if work is None:
            return None
        for place in self._still.keys() - {"loop", "unread"} - {name for name, at in work.items() if at.waiting}:
            del self._still[place]
        found = None
        for place, at in work.items():
            if at.waiting and (still := self._for(place, at.done, passed)) > at.patience * self._seconds:
                found = StalledError(f"{place}: {at.waiting} wait and nothing was done for {still:.0f} s")
        return found

    def _for(self, key: str, marker: Hashable, passed: float) -> float:
        """Return for how many seconds something has not changed."""
        before, seconds = self._still.get(key, (marker, -passed))
        still = seconds + passed if before == marker else 0.0
        self._still[key] = (marker, still)
        return still

    def _reset(self, key: str) -> float:
        self._still.pop(key, None)
        return 0.0
