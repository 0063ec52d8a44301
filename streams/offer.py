"""The first run's offer: pause the feeds that never answered with one, of which a list of any age has some."""

from __future__ import annotations

import select
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from schemas.times import from_datetime
from streams.polling import editing, states, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from streams.live.tally import Tally
    from streams.settings import Settings

_SECONDS = 30.0
"""How long an answer is waited for; whoever walked away has not said yes."""


class Offer:
    """Looks for dead feeds while a first run goes on, and asks at its end."""

    def __init__(self, *, first: bool) -> None:
        """Begin; nothing is offered but in a first run."""
        self._first = first

    @classmethod
    async def of(cls, settings: Settings) -> Offer:
        """Begin, on streams whose feeds were polled before or not."""
        return cls(first=not await states.load(settings))

    def dead(self, tally: Tally) -> list[str]:
        """Return the feeds to offer, once each was polled; none where none at all answered: that is our own network."""
        return tally.dead if self._first and tally.all_polled and tally.healthy else []

    def notice(self, tally: Tally) -> str | None:
        """Say what is offered, and which command does it."""
        count = len(self.dead(tally))
        if not count:
            return None
        return f"{count} of {tally.feeds} feeds never answered with a feed: `geowire feeds pause --dead` pauses them"

    async def ask(self, settings: Settings, tally: Tally, console: Console, *, enough: Callable[[], bool]) -> None:
        """Ask whether to pause them, and do so.

        Args:
            settings: The settings.
            tally: What was counted.
            console: The terminal.
            enough: Whether to wait no longer for an answer.

        Raises:
            BrokerError: The feeds cannot be written.
        """
        dead = self.dead(tally)
        if not dead or not sys.stdin.isatty():
            return
        console.print(f"{len(dead)} of {tally.feeds} feeds never answered with a feed. Pause them? [y/N] ", end="")
        if not _says_yes(enough):
            console.print("They are polled on, less and less often; `geowire feeds pause --dead` pauses them.")
            return
        now = from_datetime(datetime.now(UTC))
        _, changes = await subscriptions.change(settings, lambda feeds: editing.pause(feeds, dead, now=now))
        console.print(f"{len(changes)} feeds are paused; `geowire feeds resume FEED` polls one again.")


def _says_yes(enough: Callable[[], bool]) -> bool:
    """Wait for a line on the terminal, and not for ever."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and not enough():
        readable, _, _ = select.select([sys.stdin], [], [], 0.2)
        if readable:
            return sys.stdin.readline().strip().lower() in {"y", "yes"}
    return False
