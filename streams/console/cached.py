"""What costs a while to find out: asked for once at a time, by whoever looks, and kept for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Cached(Generic[T]):
    """An answer, as old as it may be; nobody asks while nobody looks."""

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        """Prepare.

        Args:
            ask: Finds the answer.
            seconds: How long it will do; an older one is given once more while a new one is found.
        """
        self._ask = ask
        self._seconds = seconds
        self._task: asyncio.Task[T] | None = None
        self._found: tuple[float, T] | None = None

    async def get(self) -> T:
        """Return the answer.

        Raises:
            Exception: What asking raised, where there is no answer of a minute ago either.
        """
        if self._found is not None and time.monotonic() - self._found[0] < self._seconds:
            return self._found[1]
        if self._task is None:
            self._task = asyncio.create_task(self._refresh())
            # Nobody may be waiting for it: what it raised is raised by the next one that is waited for.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        if self._found is not None and time.monotonic() - self._found[0] < 6 * self._seconds:
            return self._found[1]
        return await asyncio.shield(self._task)

    async def _refresh(self) -> T:
        try:
            found = await self._ask()
            self._found = (time.monotonic(), found)
            return found
        finally:
            self._task = None
