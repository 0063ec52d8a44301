"""Why a feed is polled when it is, in plain words, from what its state records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from schemas.feed_state import FeedState
from schemas.polling import Reason, Rule
from streams.polling.domains import host_of
from streams.polling.outcome import address
from streams.polling.rhythm import DAY, rate, window
from streams.polling.schedule import NEVER

_WORDS: dict[Rule, str] = {
    "first": "it has not been polled yet: at once, spread over 20 seconds",
    "rate": "by how often it brings something it may wait {wait}",
    "window": "its page turns over: it is polled at least four times before an item is gone, every {wait}",
    "most": "an active feed waits no longer than {wait} (GEOWIRE_POLL_MOST_SECONDS)",
    "ttl": "the publisher's ttl asks for {wait} between two polls",
    "sy": "the publisher's update period (sy:updatePeriod) asks for {wait} between two polls",
    "max-age": "by Cache-Control the answer is good for {wait}",
    "expires": "by Expires the answer is good for {wait}",
    "retry-after": "the server asked to wait {wait} (Retry-After)",
    "host": "its host asked to be left alone for {wait} (HTTP 429)",
    "failing": "polls fail; the wait doubles with each, and is {wait} now",
    "last-chance": "it fails, but its page may soon have turned over: it is tried again within {wait}",
    "gone": "the publisher said twice that it is gone for good (HTTP 410): it is not polled any more",
    "floor": "no feed is polled more often than every {wait} (GEOWIRE_POLL_FLOOR_SECONDS)",
    "ceiling": "no feed waits longer than {wait}",
    "skip": "the publisher's skipHours or skipDays move it by {wait}",
    "jitter": "shifted by {wait}, so that feeds do not move in step",
}


def why(url: str, state: FeedState | None, *, now: datetime, others: Iterable[FeedState] = ()) -> Iterator[str]:
    """Say in plain words when a feed is polled next, and why.

    Args:
        url: Its address in the feed list.
        state: Its state; None: it was never polled.
        now: The time.
        others: States of other feeds; one of them may have been asked to leave the host alone.

    Yields:
        Lines; the first says when.
    """
    if state is None:
        yield "is polled for the first time as soon as a poller runs"
        return
    due = datetime.fromisoformat(state.next_due)
    polled = address(url, state)
    if due.year >= NEVER.year:
        yield "is not polled any more"
    elif due <= now:
        yield f"is due since {state.next_due[:16]}Z"
    else:
        yield f"is polled next at {state.next_due[:16]}Z, in {span((due - now).total_seconds())}"
    yield from _last_poll(state, polled)
    if state.reasons:
        decided, *rest = state.reasons
        yield f"because {in_words(decided)}"
        yield from (f"also: {in_words(reason)}" for reason in rest if _says_something(reason))
    yield from _known(state, now)
    rests = _rests(polled, [state, *others], now)
    if rests is not None:
        yield f"its host asked to be left alone until {rests[:16]}Z (HTTP 429)"


def in_words(reason: Reason) -> str:
    """Say what a reason means."""
    return _WORDS[reason.rule].format(wait=span(reason.seconds))


def span(seconds: float) -> str:
    """Return a time in two units at most: ``1 h 20 min``, ``45 s``, ``-2 min``."""
    sign, left = ("-" if seconds < 0 else ""), round(abs(seconds))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units:
        if left >= size:
            parts.append(f"{left // size} {name}")
            left %= size
    return sign + (" ".join(parts[:2]) or "0 s")


def _says_something(reason: Reason) -> bool:
    return reason.rule != "jitter" or abs(reason.seconds) >= 1


def _last_poll(state: FeedState, polled: str) -> Iterator[str]:
    if polled != state.url:
        yield f"the feed has moved and is polled at {polled}"
    if state.polled is None:
        return
    if state.problem is not None:
        times = "" if state.failures == 1 else f", {state.failures} times in a row"
        yield f"last polled at {state.polled[:16]}Z, which failed{times}: {state.problem}"
    else:
        yield f"last polled at {state.polled[:16]}Z: HTTP {state.status}"
    if state.trust is not None and state.trust.lies_until is not None:
        yield "its ETag and Last-Modified lie: it says 304 although there is news, so they are not sent for now"


def _known(state: FeedState, now: datetime) -> Iterator[str]:
    if state.rhythm is None:
        return
    a_day = rate(state.rhythm) * DAY
    yield f"it brings about {a_day:.1f} items a day, {state.rhythm.recent * 3600:.1f} an hour of late"
    if (holds := window(state.rhythm, now)) is not None:
        yield f"its page holds about {span(holds)} of news"


def _rests(polled: str, states: Iterable[FeedState], now: datetime) -> str | None:
    host = host_of(polled)
    found = [
        state.host_rests.until for state in states if state.host_rests is not None and state.host_rests.host == host
    ]
    latest = max(found, default=None)
    return latest if latest is not None and datetime.fromisoformat(latest) > now else None
