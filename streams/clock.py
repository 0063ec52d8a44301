"""Notices that this machine's clock was set: polls are due by the wall clock, and must not wait for a time that moved.

The clock that counts seconds goes on evenly, through sleeps of the machine too; where the wall clock moves otherwise,
somebody set it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_NOTABLE_SECONDS = 5.0
"""What is less than this, corrections bit by bit included, does no harm."""


def steady() -> float:
    """Return the seconds that this machine has been up, asleep or not."""
    return time.clock_gettime(_CLOCK)


class Setting:
    """The difference of the two clocks, and how it changes."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady) -> None:
        """Begin with the clocks as they are."""
        self._wall = wall
        self._steady = steady
        self._apart = wall() - steady()

    def seconds(self) -> float:
        """Return by how much the wall clock was set ahead since this was asked last; negative: back; 0: not at all."""
        apart = self._wall() - self._steady()
        ahead = apart - self._apart
        if abs(ahead) < _NOTABLE_SECONDS:
            return 0.0
        self._apart = apart
        return ahead
