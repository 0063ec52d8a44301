"""Which feed is polled next: the feeds by when they are due, each host's feeds one after the other.

A heap and a queue a host, no task a feed: ten thousand feeds that wait cost ten thousand small tuples. A feed that is
due while its host is busy or rests waits at its host and keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from streams.polling.hosts import Hosts

_LONGEST_SLEEP = 60.0
"""The clock may be set; nothing sleeps through that."""


class Turn(NamedTuple):
    """A feed whose turn it is, and the host that is kept for it until ``Agenda.done``."""

    feed_id: str
    host: str


class Agenda:
    """Feeds and when they are due; one coroutine takes from it."""

    def __init__(self, hosts: Hosts, *, clock: Callable[[], float] = time.time) -> None:
        """Prepare; ``clock`` gives seconds since the epoch."""
        self._hosts = hosts
        self._clock = clock
        self._due: dict[str, tuple[float, str]] = {}
        self._heap: list[tuple[float, str]] = []
        self._queues: dict[str, deque[str]] = {}
        self._free: list[tuple[float, str]] = []
        self._busy: set[str] = set()
        self._closed = False
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many feeds are on it; those being polled are not."""
        return len(self._due)

    def late(self) -> float:
        """Return for how long something could have been taken and was not, in seconds; 0: nothing waits."""
        times = [heap[0][0] for heap in (self._heap, self._free) if heap]
        return max(0.0, self._clock() - min(times)) if times else 0.0

    def put(self, feed_id: str, host: str, due: float) -> None:
        """Enter a feed with the host that is asked, or change when it is due (epoch seconds)."""
        self._due[feed_id] = (due, host)
        heapq.heappush(self._heap, (due, feed_id))
        self._changed.set()

    def drop(self, feed_id: str) -> None:
        """Take a feed off, if it is on it."""
        self._due.pop(feed_id, None)

    def clear(self) -> None:
        """Take all feeds off; hosts that were taken stay taken until ``done``."""
        self._due.clear()
        self._heap.clear()
        self._queues.clear()
        self._free.clear()

    async def take(self) -> Turn | None:
        """Wait until a feed is due and its host is free; take it off and keep its host until ``done``.

        Returns:
            The feed and its host; None once the agenda is closed.
        """
        while not self._closed:
            self._changed.clear()
            now = self._clock()
            self._queue_due(now)
            if (turn := self._first_free(now)) is not None:
                return turn
            try:
                await asyncio.wait_for(self._changed.wait(), self._idle_for(now))
            except TimeoutError:
                continue
        return None

    def done(self, host: str) -> None:
        """Give back the host of a feed that was taken."""
        self._busy.discard(host)
        if host in self._queues:
            heapq.heappush(self._free, (self._hosts.free_at(host), host))
        self._changed.set()

    def close(self) -> None:
        """Let ``take`` return None."""
        self._closed = True
        self._changed.set()

    def _queue_due(self, now: float) -> None:
        """Move what is due to the queue of its host."""
        while self._heap and self._heap[0][0] <= now:
            due, feed_id = heapq.heappop(self._heap)
            entry = self._due.get(feed_id)
            if entry is None or entry[0] != due:
                continue  # dropped, or put again for another time
            host = entry[1]
            if (queue := self._queues.get(host)) is None:
                queue = self._queues[host] = deque()
                if host not in self._busy:
                    heapq.heappush(self._free, (self._hosts.free_at(host), host))
            queue.append(feed_id)

    def _first_free(self, now: float) -> Turn | None:
        """Return the first feed in the queue of the host that has been free longest."""
        while self._free and self._free[0][0] <= now:
            _, host = heapq.heappop(self._free)
            if (free_at := self._hosts.free_at(host)) > now:  # it asked for peace meanwhile
                heapq.heappush(self._free, (free_at, host))
                continue
            queue = self._queues[host]
            while queue:
                feed_id = queue.popleft()
                entry = self._due.get(feed_id)
                if entry is not None and entry[0] <= now and entry[1] == host:
                    del self._due[feed_id]
                    self._busy.add(host)
                    if not queue:
                        del self._queues[host]
                    return Turn(feed_id, host)
            del self._queues[host]
        return None

    def _idle_for(self, now: float) -> float:
        """Return for how many seconds there is nothing to do."""
        times = [heap[0][0] for heap in (self._heap, self._free) if heap]
        return max(0.0, min([*times, now + _LONGEST_SLEEP]) - now)
