"""The poller's own scheduling against others, on a virtual clock: ``make simulate-polling``, made small."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from bench.polling import simulate
from bench.polling.rhythms import Capture, captures

_FIXED, _FREQUENCY = "every 15 minutes", "entry frequency (miniflux)"
_PROMPT = "geowire, no slower than every 15 minutes"
_THRIFTY = "geowire, no more requests than entry frequency"
_DEFAULT = "geowire, default"


@cache
def _figures(data: Path | None, way: str) -> dict[str, float]:
    found: list[Capture] = captures(data)
    feeds = 2 * len(found) if data is None else 4 * len(found)
    return simulate.figures(simulate.simulate(found, way, range(feeds)), feeds=feeds)


def _dominates(ours: dict[str, float], theirs: dict[str, float]) -> bool:
    delays = ("median_minutes", "mean_minutes", "p90_minutes", "p99_minutes")
    return ours["requests_per_item"] < theirs["requests_per_item"] and all(ours[d] <= theirs[d] for d in delays)


def test_b_fewer_requests_than_fixed_polling_at_no_more_delay() -> None:
    assert _dominates(_figures(None, _PROMPT), _figures(None, _FIXED))


def test_b_by_default_fewer_requests_than_fixed_polling_and_half_the_median_delay() -> None:
    ours, theirs = _figures(None, _DEFAULT), _figures(None, _FIXED)
    assert ours["requests_per_item"] < theirs["requests_per_item"]
    assert ours["median_minutes"] < 0.6 * theirs["median_minutes"]
    assert ours["mean_minutes"] < theirs["mean_minutes"]
    assert ours["lost"] <= theirs["lost"]


def test_b_less_delay_and_less_loss_than_entry_frequency_for_about_its_requests() -> None:
    ours, theirs = _figures(None, _THRIFTY), _figures(None, _FREQUENCY)
    assert ours["requests_per_item"] < 1.1 * theirs["requests_per_item"]
    assert ours["median_minutes"] <= theirs["median_minutes"]
    assert ours["mean_minutes"] < 0.9 * theirs["mean_minutes"]
    assert ours["lost"] < theirs["lost"]


@pytest.mark.eval_data
def test_b_on_real_rhythms_fewer_requests_than_either_at_no_more_delay(eval_data: Path) -> None:
    assert _dominates(_figures(eval_data, _PROMPT), _figures(eval_data, _FIXED))
    assert _dominates(_figures(eval_data, _THRIFTY), _figures(eval_data, _FREQUENCY))
