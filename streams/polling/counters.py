"""What a poller has counted since it started; plain numbers, for the log line at the end and for metrics."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from streams.metrics.counts import LATENCY_SECONDS, Histogram
from streams.polling.domains import host_of

if TYPE_CHECKING:
    from streams.polling.poll import Polled

_NOT_MODIFIED = 304


class Counters:
    """Counts that only go up."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.polls: Counter[tuple[str, str]] = Counter()
        """By host that answered and class: ``new``, ``nothing-new``, ``unchanged``, ``not-modified``, or the kind of
        failure (``schemas.polling.Kind``)."""
        self.items = 0
        """Items that went to news.raw."""
        self.pages_taken = 0
        """Items whose text is their page's."""
        self.pages_missed = 0
        """Items whose page was wanted and could not be had or used."""
        self.too_large = 0
        """Items that were too large for it."""
        self.bytes = 0
        """Bytes of bodies, decompressed."""
        self.given_up = 0
        """Polls whose result was dropped because the feed was no longer ours to poll."""
        self.events: Counter[str] = Counter()
        """Events on feed-status, by kind."""
        self.done = 0
        """Polls that ended, whatever came of them."""
        self.seconds = Histogram(LATENCY_SECONDS)
        """How long a poll takes, until the broker has what it brought."""

    def poll(self, polled: Polled) -> None:
        """Count a poll."""
        self.polls[host_of(polled.response.url), poll_class(polled)] += 1
        self.bytes += len(polled.response.body or b"")
        if polled.reading is not None:
            self.pages_taken += polled.reading.pages_taken
            self.pages_missed += polled.reading.pages_missed

    def by_class(self) -> Counter[str]:
        """Return the polls by class alone."""
        counts: Counter[str] = Counter()
        for (_, name), count in self.polls.items():
            counts[name] += count
        return counts

    def __str__(self) -> str:
        classes = ", ".join(f"{count} {name}" for name, count in self.by_class().most_common())
        wanted = self.pages_taken + self.pages_missed
        pages = f", {self.pages_taken} of {wanted} pages" if wanted else ""
        return f"{self.polls.total()} polls ({classes or 'none'}), {self.items} items{pages}"


def poll_class(polled: Polled) -> str:
    """Return the class of a poll."""
    state, reading = polled.outcome.state, polled.reading
    if state.kind is not None:
        return state.kind
    if polled.response.status == _NOT_MODIFIED:
        return "not-modified"
    if reading is None:
        return "unchanged"
    return "new" if reading.items else "nothing-new"
