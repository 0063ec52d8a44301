"""How often a feed brings something: what is learnt from each poll, and how long to wait by it.

The rate is a count of items over the time they came in, both fading with a half-life of two days, so that a feed that
changes its habits is followed within days. News also comes in clusters: an item makes another one within the half hour
likelier. So what came of late counts beside the long run.

How long to wait is not the time in which one item is expected (entry-frequency scheduling): that leaves the items of
slow feeds waiting for hours and fetches busy feeds more often than anybody notices. The wait shrinks more slowly than
the rate grows; docs/polling-figures.md compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from schemas.polling import Rhythm
from schemas.times import from_datetime, from_milliseconds

DAY = 86_400.0
USUAL_RATE = 24 / DAY
"""Items a second of the feed that is polled at the usual interval; an unknown feed is taken for such a one."""
_MEMORY = 3 * DAY
_RECENT = 1_800.0
_RECENT_WEIGHT = 0.4
_PRIOR_SECONDS = 3_600.0
_STEEPNESS = 0.85
_LISTED_SHARE = 0.8


def first(listed: Sequence[float], now: datetime) -> Rhythm:
    """Return the rhythm that the first document of a feed shows.

    Args:
        listed: Publication times of its items, epoch seconds; those without a date are left out.
        now: When it was fetched.
    """
    moment = now.timestamp()
    ages = [max(0.0, moment - time) for time in listed]
    rhythm = Rhythm(at=from_datetime(now), items=USUAL_RATE * _PRIOR_SECONDS, seconds=_PRIOR_SECONDS)
    if not ages:
        return rhythm
    return structs.replace(
        rhythm,
        items=rhythm.items + sum(math.exp(-age / _MEMORY) for age in ages),
        seconds=rhythm.seconds + _MEMORY * -math.expm1(-max(ages) / _MEMORY),
        recent=sum(math.exp(-age / _RECENT) for age in ages) / _RECENT,
        reaches=reach(listed),
    )


def observe(
    rhythm: Rhythm, now: datetime, *, new: int, dates: Sequence[float] = (), listed: Sequence[float] = ()
) -> Rhythm:
    """Return the rhythm after another poll.

    Args:
        rhythm: As it was.
        now: When the feed was polled.
        new: Items that were not listed at the last poll; edits are none.
        dates: Publication times of those of them that have one, epoch seconds.
        listed: Publication times of all items of the document; empty: there was no new document.
    """
    moment, last = now.timestamp(), datetime.fromisoformat(rhythm.at).timestamp()
    elapsed = max(0.0, moment - last)
    # An item may be dated before the last poll (it was held back) or after this one: it came in between all the same.
    ages = [min(max(0.0, moment - time), elapsed) for time in dates[:new]]
    ages += [elapsed / 2] * (new - len(ages))
    kept = math.exp(-elapsed / _MEMORY)
    return Rhythm(
        at=from_datetime(now),
        items=round(rhythm.items * kept + new, 4),
        seconds=round(rhythm.seconds * kept + _MEMORY * (1 - kept), 1),
        recent=round(
            rhythm.recent * math.exp(-elapsed / _RECENT) + sum(math.exp(-age / _RECENT) for age in ages) / _RECENT, 9
        ),
        reaches=reach(listed) if listed else rhythm.reaches,
    )


def interval(rhythm: Rhythm | None, usual: float) -> float:
    """Return how many seconds to wait by a feed's rhythm.

    Args:
        rhythm: What is known of the feed; None: nothing.
        usual: The wait for a feed with 24 items a day, in seconds.
    """
    if rhythm is None:
        return usual
    likely = (1 - _RECENT_WEIGHT) * rate(rhythm) + _RECENT_WEIGHT * rhythm.recent
    return usual * float((USUAL_RATE / likely) ** _STEEPNESS)


def rate(rhythm: Rhythm) -> float:
    """Return the items a second of the last days."""
    return max(rhythm.items, 1e-6) / max(rhythm.seconds, 1.0)


def window(rhythm: Rhythm | None, now: datetime) -> float | None:
    """Return how many seconds of news the feed's page holds: the time after which an item is gone from it.

    Counted from now, so that a page that was filled at one stroke is not taken for one that turns over in a moment.
    """
    if rhythm is None or rhythm.reaches is None:
        return None
    return max(0.0, (now - datetime.fromisoformat(rhythm.reaches)).total_seconds())


def reach(listed: Sequence[float]) -> str | None:
    """Return the time four fifths of the items listed are younger than; the rest may be pinned, and old.

    With fewer than five items the oldest counts.
    """
    if not listed:
        return None
    newest_first = sorted(listed, reverse=True)
    place = math.ceil(len(newest_first) * _LISTED_SHARE) - 1
    return from_milliseconds(round(newest_first[place] * 1000))
