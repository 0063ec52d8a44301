"""How the feeds are, counted: for ``geowire status``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from schemas.feed import Subscription
from schemas.feed_state import FeedState
from schemas.feed_status import FeedEvent, Standing
from schemas.times import to_milliseconds


class Failing(Struct, frozen=True):
    """A feed whose last poll failed. Times are milliseconds since the epoch."""

    feed: str
    problem: str
    polls: int
    """Polls in a row that failed."""
    succeeded: int | None
    """Last poll that brought something; None: none ever did."""
    next_due: int


class Feeds(Struct, frozen=True, kw_only=True):
    """The feeds, by their records and states."""

    total: int
    """Those that are polled."""
    ok: int
    failing: tuple[Failing, ...]
    """The longest failing first."""
    never_polled: int
    paused: int
    standing: dict[Standing, int]
    """How many are gone, stale, blocked."""
    events: dict[FeedEvent, int]
    """Events on feed-status within the last day."""
    polled: int | None
    """When any feed was polled last."""
    next_due: int | None


def count(feeds: Mapping[str, Subscription], states: Mapping[str, FeedState], events: Iterable[FeedEvent]) -> Feeds:
    """Count.

    Args:
        feeds: The feeds there are.
        states: Their states; those of other feeds do not count.
        events: What was said on feed-status of late.
    """
    active = [feed_id for feed_id, subscription in feeds.items() if subscription.active]
    known = [states[feed_id] for feed_id in active if feed_id in states]
    failing = sorted((state for state in known if state.problem), key=lambda s: (-s.failures, s.feed_id))
    polled = [to_milliseconds(state.polled) for state in known if state.polled]
    return Feeds(
        total=len(active),
        ok=sum(1 for state in known if state.polled and not state.problem),
        failing=tuple(
            Failing(
                feed=state.feed_id,
                problem=state.problem or "",
                polls=state.failures,
                succeeded=to_milliseconds(state.succeeded) if state.succeeded else None,
                next_due=to_milliseconds(state.next_due),
            )
            for state in failing
        ),
        never_polled=len(active) - len(polled),
        paused=sum(subscription.paused is not None and not subscription.removed for subscription in feeds.values()),
        standing=dict(Counter(name for state in known for name in state.standing)),
        events=dict(Counter(events)),
        polled=max(polled, default=None),
        next_due=min((to_milliseconds(state.next_due) for state in known), default=None),
    )
