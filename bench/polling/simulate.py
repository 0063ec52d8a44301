"""Ten thousand feeds over seven days with a virtual clock: what each way of scheduling costs, and what it brings.

``python -m bench.polling.simulate`` (or ``make simulate-polling``). Compared are

* a poll every 15 minutes,
* entry frequency as miniflux describes it: a week over the items of the last week, between 5 minutes and 24 hours,
* geowire: the poller's own ``rhythm`` and ``schedule``, the very functions, at three settings.

A feed is its publication times (``rhythms``) and a page that lists the newest n. An item is found by the first poll at
or after its publication if it is still on the page, else it is lost; the delay is the time between the two. All start
with what their first poll shows. Publishers' hints are left out: all three would obey them alike.
"""

from __future__ import annotations

import os
import random
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from msgspec import Struct, field

from bench.polling.rhythms import DAY, Capture, captures, publications
from schemas.polling import Rhythm
from streams.polling import rhythm, schedule
from streams.polling.schedule import Pace

FEEDS = 10_000
DAYS = 7
_SEED = 5
_PAST = 7
"""Days before the first poll that pages may reach back to."""
_WEEK = 7 * DAY
_EPOCH = datetime(2026, 2, 16, tzinfo=UTC).timestamp()

Next = Callable[[float, int, int, int], float]
"""(now, place of the first item on the page, of the first new one, behind the last) → when to poll next."""


class Score(Struct):
    """What a way of scheduling did, over some feeds."""

    requests: int = 0
    items: int = 0
    lost: int = 0
    brought: int = 0
    delays: array[float] = field(default_factory=lambda: array("f"))

    def add(self, other: Score) -> None:
        """Add the score over other feeds."""
        self.requests += other.requests
        self.items += other.items
        self.lost += other.lost
        self.brought += other.brought
        self.delays = self.delays + other.delays


def fixed(_: str, __: list[float]) -> Next:
    """Poll every 15 minutes."""
    return lambda now, *_: now + 900.0


def entry_frequency(_: str, times: list[float]) -> Next:
    """Poll as often as the feed had items in the last week, between 5 minutes and a day."""
    earliest: int | None = None

    def following(now: float, page: int, _: int, end: int) -> float:
        nonlocal earliest
        earliest = page if earliest is None else earliest
        count = end - max(earliest, bisect_left(times, now - _WEEK))
        minutes = round(7 * 24 * 60 / count) if count else 24 * 60
        return now + 60.0 * min(max(minutes, 5), 24 * 60)

    return following


class Geowire(Struct, frozen=True):
    """Poll as the poller does, with an operator's limits."""

    pace: Pace

    def __call__(self, feed_id: str, times: list[float]) -> Next:
        """Return when to poll a feed."""
        known: Rhythm | None = None

        def following(now: float, page: int, new: int, end: int) -> float:
            nonlocal known
            moment = datetime.fromtimestamp(_EPOCH, UTC) + timedelta(seconds=now)
            listed = [_EPOCH + time for time in times[page:end]]
            if known is None:
                known = rhythm.first(listed, moment)
            else:
                fresh = listed[max(new, page) - page :]
                known = rhythm.observe(known, moment, new=len(fresh), dates=fresh, listed=listed if fresh else ())
            decision = schedule.decide(feed_id, now=moment, pace=self.pace, rhythm=known)
            return decision.due.timestamp() - _EPOCH

        return following


_DEFAULT = Pace(usual=1200, floor=300, most=3600)
WAYS: dict[str, Callable[[str, list[float]], Next]] = {
    "every 15 minutes": fixed,
    "geowire, no slower than every 15 minutes": Geowire(Pace(usual=820, floor=820, most=820)),
    "geowire, default": Geowire(_DEFAULT),
    "entry frequency (miniflux)": entry_frequency,
    "geowire, no more requests than entry frequency": Geowire(Pace(usual=4_800, floor=300)),
}
SETTINGS = {
    "geowire, no slower than every 15 minutes": "`POLL_SECONDS` = `POLL_FLOOR_SECONDS` = `POLL_MOST_SECONDS` = 820",
    "geowire, default": "as shipped",
    "geowire, no more requests than entry frequency": "`POLL_SECONDS` = 4800, `POLL_MOST_SECONDS` = 86400",
}


def simulate(found: list[Capture], way: str, numbers: range) -> Score:
    """Poll some of the feeds for the whole time, one way."""
    score = Score()
    for number in numbers:
        capture = found[number % len(found)]
        rng = random.Random(_SEED * 1_000_003 + number)  # noqa: S311 - the same feeds for every way
        times = publications(capture, rng, start=-_PAST * DAY, end=DAYS * DAY)
        _poll(f"feed-{number}", times, capture.listed, WAYS[way], score)
    return score


def _poll(feed_id: str, times: list[float], listed: int, way: Callable[[str, list[float]], Next], score: Score) -> None:
    following = way(feed_id, times)
    start = schedule.first_due(feed_id, now=datetime.fromtimestamp(_EPOCH, UTC)).due.timestamp() - _EPOCH
    now, seen = start, bisect_right(times, start)
    score.items += len(times) - seen
    first = True
    while now < DAYS * DAY:
        score.requests += 1
        end = bisect_right(times, now, seen)
        page = max(0, end - listed)
        score.lost += max(0, page - seen)
        score.delays.extend(now - time for time in times[max(page, seen) : end])
        score.brought += end > seen
        now = following(now, page, page if first else seen, end)
        first, seen = False, end
    # What was published behind the last poll is neither found nor lost.
    score.items -= len(times) - seen


def figures(score: Score, *, feeds: int = FEEDS) -> dict[str, float]:
    """Return the figures of a score over so many feeds; delays in minutes."""
    delays = sorted(score.delays)

    def at(share: float) -> float:
        return round(delays[min(len(delays) - 1, int(share * len(delays)))] / 60, 1)

    return {
        "requests_per_feed_and_day": round(score.requests / feeds / DAYS, 1),
        "requests_per_item": round(score.requests / score.items, 3),
        "polls_that_brought_something": round(score.brought / score.requests, 3),
        "median_minutes": at(0.5),
        "mean_minutes": round(sum(delays) / len(delays) / 60, 1),
        "p90_minutes": at(0.9),
        "p99_minutes": at(0.99),
        "items": score.items,
        "lost": score.lost,
    }


def run(data: Path | None, *, feeds: int = FEEDS) -> dict[str, dict[str, float]]:
    """Simulate every way; return the figures of each."""
    found = captures(data)
    results = {}
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        for way in WAYS:
            score = Score()
            parts = [range(start, min(start + 250, feeds)) for start in range(0, feeds, 250)]
            for part in processes.map(simulate, [found] * len(parts), [way] * len(parts), parts):
                score.add(part)
            results[way] = figures(score, feeds=feeds)
            print(_row(way, results[way]), flush=True)
    return results


_HEAD = ("requests per feed and day", "requests per item", "median", "mean", "90 %", "99 %", "lost")


def _row(way: str, found: dict[str, float]) -> str:
    delays = [f"{found[f'{name}_minutes']:,.1f} min" for name in ("median", "mean", "p90", "p99")]
    cells = [f"{found['requests_per_feed_and_day']:.1f}", f"{found['requests_per_item']:.2f}", *delays]
    return f"| {way} | {' | '.join(cells)} | {found['lost']:,} |"


def main(arguments: list[str]) -> None:
    """Print the table; write the figures as JSON into a file, if one is named."""
    where = os.environ.get("GEOWIRE_EVAL_DATA")
    print(f"| | {' | '.join(_HEAD)} |\n|---|{'---:|' * len(_HEAD)}")
    results = run(Path(where) if where else None)
    if arguments:
        report = {"feeds": FEEDS, "days": DAYS, "rhythms": "captures" if where else "invented", "ways": results}
        Path(arguments[0]).write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
