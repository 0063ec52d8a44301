"""When feeds publish: series of publication times like those of real feeds.

A capture is one page of a real feed with the dates of its items. From those with two whole days or more whole days are
drawn, each cluster of items shifted by up to a quarter of an hour, so that the hours of a newsroom stay and no day is
repeated to the minute. From the others runs of up to eight gaps between items are drawn, so that their clusters stay.
Nothing but the dates is read, and nothing is kept.
"""

from __future__ import annotations

import gzip
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from streams.polling.formats.document import parse_feed

DAY = 86_400.0
_RECENT = 14 * DAY
"""Older items of a page are pinned ones or the tail of a feed that was busier once."""
_LEAST_ITEMS = 4
_CLUSTER = 120.0
_SHIFT = 900.0
_RUN = 8
_NIGHT, _INSOMNIA = 7 * 3_600.0, 0.1


class Capture(Struct, frozen=True):
    """A feed's page: how many items it lists, the gaps between them, the times of whole days (seconds of the day)."""

    name: str
    listed: int
    gaps: tuple[float, ...]
    days: tuple[tuple[float, ...], ...]


def captures(data: Path | None) -> list[Capture]:
    """Return the captures below ``GEOWIRE_EVAL_DATA``; without it, invented ones of similar kinds."""
    found = list(_real(data)) if data is not None and (data / "feeds/news").is_dir() else list(_invented())
    return [capture for capture in found if len(capture.gaps) >= _LEAST_ITEMS - 1]


def publications(capture: Capture, rng: random.Random, *, start: float, end: float) -> list[float]:
    """Return publication times from ``start`` to ``end``, in order."""
    times = _by_days(capture, rng, start, end) if capture.days else _by_gaps(capture, rng, start, end)
    return sorted(time for time in times if start <= time < end)


def _by_days(capture: Capture, rng: random.Random, start: float, end: float) -> Iterator[float]:
    zone = rng.random() * DAY
    for day in range(math.floor(start / DAY) - 1, math.ceil(end / DAY) + 1):
        previous, shift = -math.inf, 0.0
        for time in rng.choice(capture.days):
            if time - previous > _CLUSTER:
                shift = rng.uniform(-_SHIFT, _SHIFT)
            previous = time
            yield day * DAY + time + shift + zone


def _by_gaps(capture: Capture, rng: random.Random, start: float, end: float) -> Iterator[float]:
    time = start + rng.random() * max(capture.gaps)
    while time < end:
        place = rng.randrange(len(capture.gaps))
        for step in range(min(_RUN, len(capture.gaps))):
            time += capture.gaps[(place + step) % len(capture.gaps)]
            yield time


def _real(data: Path) -> Iterator[Capture]:
    for file in sorted((data / "feeds/news").glob("*.xml")):
        listed, dates = _dates(file.read_bytes())
        yield _capture(file.stem, listed, dates)
    series: set[float] = set()
    listed = 0
    for file in sorted((data / "feeds/series").glob("*.gz")):
        listed, dates = _dates(gzip.decompress(file.read_bytes()))
        series.update(dates)
    if series:
        yield _capture("series", listed, sorted(series))


def _dates(document: bytes) -> tuple[int, list[float]]:
    parsed = parse_feed(document, url="https://capture.example/", content_type=None, now=datetime.now(UTC))
    dates = [datetime.fromisoformat(entry.published).timestamp() for entry in parsed.entries if entry.published]
    return len(parsed.entries), sorted(dates)


def _capture(name: str, listed: int, dates: list[float]) -> Capture:
    dates = [date for date in dates if date > dates[-1] - _RECENT]
    gaps = tuple(later - earlier for earlier, later in pairwise(dates))
    days: list[tuple[float, ...]] = []
    if dates:
        first, last = math.floor(dates[0] / DAY) + 1, math.floor(dates[-1] / DAY)
        days = [tuple(date - day * DAY for date in dates if 0 <= date - day * DAY < DAY) for day in range(first, last)]
    enough = len(days) > 1 and sum(map(len, days)) >= _LEAST_ITEMS
    return Capture(name, listed, gaps, tuple(days) if enough else ())


_KINDS: tuple[tuple[float, int, bool, int], ...] = (
    (0.3, 10, False, 1),
    (1, 10, True, 1),
    (3, 20, True, 1),
    (6, 10, True, 5),
    (12, 30, True, 1),
    (24, 30, False, 1),
    (24, 15, True, 6),
    (40, 50, True, 2),
    (60, 30, True, 1),
    (90, 40, False, 3),
    (400, 100, True, 4),
)
"""Invented newsrooms: items a day, items on the page, whether they sleep, items at a time."""


def _invented() -> Iterator[Capture]:
    """Yield newsrooms of some kinds: rates from 0.3 to 400 a day, with nights, in clusters, on pages of 10 to 100."""
    rng = random.Random(7)  # noqa: S311 - invented feeds
    for number, (rate, listed, night, cluster) in enumerate(_KINDS):
        time, dates = 0.0, list[float]()
        while time < 10 * DAY and len(dates) < 1_000:
            time += rng.expovariate(rate / cluster / DAY)
            if not night or time % DAY >= _NIGHT or rng.random() < _INSOMNIA:
                dates.extend(time + 20.0 * n for n in range(cluster))
        yield _capture(f"invented-{number}", listed, sorted(dates[-max(listed, 20) :]))
