"""Manners towards one host: one request at a time, a gap between two, and peace when it asks for it.

The host is the one that is fetched, by name: redirects and article pages count for the host they go to. A host that
answers 429 is left alone as a whole for as long as it says, or, where it does not say, longer each time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_CEILING = 86_400.0
_FIRST_REST = 300.0
_DOUBLINGS_MAX = 9
_PRUNE_FROM = 512


class RestingError(Exception):
    """A host that asked to be left alone is not asked."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host} asked to be left alone for another {seconds:.0f} s (HTTP 429)")
        self.seconds = seconds


class _Host:
    __slots__ = ("free_at", "gap", "lock", "rests", "users")

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.lock = asyncio.Lock()
        self.users = 0
        self.free_at = 0.0
        self.rests = 0


class Hosts:
    """When each host may be asked again; one object for the whole poller."""

    def __init__(self, *, gap: float, clock: Callable[[], float] = time.time) -> None:
        """Prepare.

        Args:
            gap: Least seconds between the end of a request to a host and the start of the next.
            clock: Seconds since the epoch; rests outlive the process, so they are in wall time.
        """
        self._gap = gap
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._prune_at = _PRUNE_FROM

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until the host is free, and keep it for the time of a request.

        Raises:
            RestingError: The host asked to be left alone for longer than its gap.
        """
        self._prune()
        state = self._hosts.setdefault(host, _Host(self._gap))
        state.users += 1
        try:
            async with state.lock:
                wait = state.free_at - self._clock()
                if wait > state.gap:
                    raise RestingError(host, wait)
                if wait > 0:
                    await asyncio.sleep(wait)
                try:
                    yield
                finally:
                    state.free_at = max(state.free_at, self._clock() + state.gap)
        finally:
            state.users -= 1

    def slow(self, host: str, gap: float) -> None:
        """Leave a larger gap between requests to a host, as its robots.txt asks."""
        state = self._hosts.setdefault(host, _Host(self._gap))
        state.gap = min(max(self._gap, gap), _CEILING)

    def free_at(self, host: str) -> float:
        """Return from when on the host may be asked, epoch seconds."""
        state = self._hosts.get(host)
        return 0.0 if state is None else state.free_at

    def rest(self, host: str, seconds: float | None) -> float:
        """Leave a host alone.

        Args:
            host: The host that answered 429.
            seconds: How long it asks for; None or 0: longer each time, up to a day.

        Returns:
            Until when, epoch seconds.
        """
        state = self._hosts.setdefault(host, _Host(self._gap))
        if not seconds:
            seconds = _FIRST_REST * 2 ** min(state.rests, _DOUBLINGS_MAX)
        state.rests += 1
        state.free_at = max(state.free_at, self._clock() + min(seconds, _CEILING))
        return state.free_at

    def rest_until(self, host: str, moment: float) -> None:
        """Leave a host alone until a moment that was agreed before this process started."""
        if moment > self._clock():
            state = self._hosts.setdefault(host, _Host(self._gap))
            state.free_at = max(state.free_at, min(moment, self._clock() + _CEILING))

    def shift(self, seconds: float) -> None:
        """Follow a clock that was set ahead by so many seconds (back, where negative): every wait stays as long."""
        for state in self._hosts.values():
            state.free_at += seconds

    def answered(self, host: str) -> None:
        """Note that a host gave a normal answer: its next rest is a short one again."""
        if (state := self._hosts.get(host)) is not None:
            state.rests = 0

    def _prune(self) -> None:
        """Forget hosts that are neither asked nor to be left alone, whenever there are twice as many as were kept."""
        if len(self._hosts) < self._prune_at:
            return
        now = self._clock()
        self._hosts = {
            name: state for name, state in self._hosts.items() if state.users or state.free_at > now or state.rests
        }
        self._prune_at = max(_PRUNE_FROM, 2 * len(self._hosts))
