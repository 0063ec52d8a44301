"""Checklist B: when a feed is polled next, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.polling import Asks, Kind, Rhythm
from schemas.times import from_datetime
from streams.polling import hints, rhythm
from streams.polling.schedule import CEILING, NEVER, NOTHING_ASKED, Pace, Trouble, decide, first_due, hold

_NOW = datetime(2026, 2, 18, 9, 30, tzinfo=UTC)  # a Wednesday
_PACE = Pace(usual=1200, floor=300, most=3600)
_HOUR = 3600.0
_DAY = 24 * _HOUR


def _after(
    *,
    feed: str = "a-feed",
    now: datetime = _NOW,
    pace: Pace = _PACE,
    known: Rhythm | None = None,
    asks: Asks = NOTHING_ASKED,
    headers: Mapping[str, str] | None = None,
    trouble: Trouble | None = None,
) -> float:
    decision = decide(feed, now=now, pace=pace, rhythm=known, asks=asks, headers=headers, trouble=trouble)
    return (decision.due - now).total_seconds()


def _every(hours: float, *, items: int = 30, now: datetime = _NOW) -> Rhythm:
    """The rhythm of a page that lists an item every so many hours."""
    return rhythm.first([now.timestamp() - hours * _HOUR * (n + 0.5) for n in range(items)], now)


def _asked(**said: str) -> Asks:
    return hints.asks(headers={}, **said)


def test_b_never_polled_is_due_at_once_spread_over_20_s() -> None:
    waits = [(first_due(f"feed-{n}", now=_NOW).due - _NOW).total_seconds() for n in range(1_000)]
    assert min(waits) >= 0
    assert max(waits) <= 20
    assert [sum(w // 5 == part for w in waits) > 200 for part in range(4)] == [True] * 4, "not spread"


def test_b_the_longest_of_what_is_asked_for_counts() -> None:
    known = _every(0.5)
    own = _after(known=known)
    assert own < 1200
    assert _after(known=known, asks=_asked(ttl="30")) == pytest.approx(1800, rel=0.11)
    assert _after(known=known, asks=_asked(update_period="hourly", update_frequency="2")) >= 1800
    assert _after(known=known, headers={"cache-control": "public, max-age=2400", "age": "600"}) >= 1800
    assert _after(known=known, headers={"cache-control": "max-age=2400", "age": "2399"}) == own
    in_half_an_hour = {"expires": "Wed, 18 Feb 2026 10:00:00 GMT"}
    assert _after(known=known, headers=in_half_an_hour) >= 1800
    assert _after(known=known, headers={**in_half_an_hour, "cache-control": "max-age=60"}) == own, "max-age overrides"
    assert _after(known=known, asks=_asked(ttl="20"), headers={"cache-control": "max-age=2400"}) >= 2400


def test_b_expires_goes_by_the_servers_own_clock() -> None:
    """A server whose clock is a day ahead does not put a feed off by a day."""
    headers = {"date": "Thu, 19 Feb 2026 09:30:00 GMT", "expires": "Thu, 19 Feb 2026 10:30:00 GMT"}
    assert _after(headers=headers) == pytest.approx(_HOUR, rel=0.11)


def test_b_floor_of_five_minutes_and_per_feed() -> None:
    busy = _every(0.001)
    assert 300 <= _after(known=busy) <= 330
    assert 60 <= _after(known=busy, pace=Pace(usual=1200, floor=60)) <= 66
    assert _after(known=busy, asks=_asked(ttl="1")) >= 300, "a hint below the floor changes nothing"


@pytest.mark.parametrize("said", ["600000", "1440", "100000000"])
def test_b_ceiling_of_a_day(said: str) -> None:
    assert _after(asks=_asked(ttl=said)) <= _DAY
    assert _after(headers={"cache-control": f"max-age={said}00"}) <= _DAY
    assert _after(headers={"retry-after": said}, trouble=Trouble(kind="rate-limited", failures=1)) <= _DAY
    assert (
        _after(known=rhythm.first([_NOW.timestamp() - 5 * 365 * _DAY], _NOW), pace=Pace(usual=1200, floor=300)) <= _DAY
    )


@pytest.mark.parametrize("said", ["0", "-5", "0.1", "soon", "", "1e9", "٣", "1" * 400, "5 minutes"])
def test_b_hints_that_are_no_numbers_are_not_said(said: str) -> None:
    assert _asked(ttl=said) == _asked(update_period="hourly", update_frequency=said) == Asks()


@pytest.mark.parametrize("said", ["minutely", "always", "dayly", "", "never"])
def test_b_update_periods_that_are_no_words_of_the_format_are_not_said(said: str) -> None:
    assert _asked(update_period=said) == Asks()
    assert _asked(update_period=" Hourly ") == Asks(sy=3600)


@pytest.mark.parametrize("written", ["0", "-1", "Thu, 99 Foo 2026", "Mon, 01 Jan 0001 00:00:00 +2359", "never", "\x00"])
def test_b_expires_that_is_no_date_is_not_said(written: str) -> None:
    assert hints.expires_in(written, None, _NOW) in {None, 0.0}


def test_b_a_long_hint_is_obeyed_as_far_as_nothing_is_lost() -> None:
    """ttl 600 on a page that holds under six hours would lose half of what it lists."""
    holds = _every(0.2)  # 30 items, six hours
    assert _after(known=holds, asks=_asked(ttl="600")) <= 3.3 * _HOUR
    assert _after(known=_every(0.02), asks=_asked(ttl="60")) >= _HOUR, "an hour is obeyed in any case"
    assert _after(known=_every(4), asks=_asked(ttl="600")) >= 10 * _HOUR, "there is time enough"


def test_b_skip_hours_and_skip_days() -> None:
    asks = hints.asks(skip_hours=["9", "10", "11"], headers={})
    decision = decide("a-feed", now=_NOW, pace=_PACE, asks=asks)
    assert timedelta(0) <= decision.due - _NOW.replace(hour=12, minute=0) <= timedelta(minutes=10)
    assert decision.reasons[-1].rule == "skip"
    asks = hints.asks(skip_days=["Wednesday"], headers={})
    assert decide("a-feed", now=_NOW, pace=_PACE, asks=asks).due.weekday() == 3
    # Hour 24 is midnight; two excluded days in a row end at the ceiling.
    assert hints.asks(skip_hours=["24"], headers={}).skip_hours == (0,)
    weekend = hints.asks(skip_days=["Wednesday", "thursday"], headers={})
    assert decide("a-feed", now=_NOW, pace=_PACE, asks=weekend).due == _NOW + timedelta(days=1)


def test_b_excluding_everything_excludes_nothing() -> None:
    hours = hints.asks(skip_hours=[str(hour) for hour in range(24)], headers={})
    days = hints.asks(skip_days="Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(), headers={})
    assert hours == days == Asks()
    assert hints.asks(skip_hours=["x", "25", "-1"], skip_days=["Funday"], headers={}) == Asks()


def test_b_jitter_of_a_tenth_with_a_hashed_phase() -> None:
    waits = [_after(feed=f"feed-{n}", known=_every(1)) for n in range(500)]
    middle = rhythm.interval(_every(1), 1200)
    assert min(waits) >= 0.9 * middle - 1
    assert max(waits) <= 1.1 * middle + 1
    assert max(waits) - min(waits) > 0.18 * middle, "not spread"
    assert _after(known=_every(1)) == _after(known=_every(1)), "nothing is drawn at random"
    asked = [_after(feed=f"feed-{n}", asks=_asked(ttl="60")) for n in range(500)]
    assert min(asked) >= 3600, "the jitter never comes earlier than the publisher asks"
    assert max(asked) > 3900


def test_b_adaptive_from_the_rate_of_new_items() -> None:
    waits = [_after(known=_every(hours, items=100)) for hours in (0.05, 0.2, 1, 4, 24)]
    assert waits == sorted(waits)
    assert waits[0] < 0.5 * waits[2] < waits[3]


def test_b_adaptive_follows_a_feed_that_changes_its_habits() -> None:
    known, now = _every(24), _NOW
    slow = rhythm.interval(known, 1200)
    for _ in range(48):
        now += timedelta(hours=1)
        known = rhythm.observe(known, now, new=4)
    assert rhythm.interval(known, 1200) < slow / 10, "it woke up"
    for _ in range(24 * 7):
        now += timedelta(hours=1)
        known = rhythm.observe(known, now, new=0)
    assert rhythm.interval(known, 1200) > slow / 3, "it went to sleep again"


def test_b_adaptive_comes_sooner_while_news_is_breaking() -> None:
    calm = rhythm.observe(_every(1), _NOW + timedelta(hours=1), new=0)
    burst = rhythm.observe(_every(1), _NOW + timedelta(hours=1), new=5, dates=[_NOW.timestamp() + 3500] * 5)
    assert rhythm.interval(burst, 1200) < rhythm.interval(calm, 1200) / 3


def test_b_poll_at_most_a_quarter_of_the_window() -> None:
    """A page of ten items that turns over in two hours, of a feed that is otherwise slow."""
    page = [_NOW.timestamp() - 2 * _HOUR * n / 10 for n in range(11)]
    known = Rhythm(at=from_datetime(_NOW), items=1, seconds=3 * _DAY, reaches=rhythm.reach(page))
    decision = decide("a-feed", now=_NOW, pace=_PACE, rhythm=known)
    assert decision.reasons[0].rule == "window"
    assert decision.due - _NOW <= timedelta(minutes=30)


def test_b_one_pinned_old_item_does_not_make_a_window() -> None:
    page = [_NOW.timestamp() - 60 * n for n in range(20)]
    assert rhythm.reach([*page, 0.0]) == rhythm.reach([*page, _NOW.timestamp() - 1200])


def test_b_an_active_feed_never_waits_longer_than_the_operator_says() -> None:
    patient = Pace(usual=20_000, floor=300, most=3600)
    assert _after(known=_every(2), pace=patient) <= 3600
    assert _after(known=_every(100), pace=patient) > 2 * 3600, "a quiet one may"


def test_b_every_decision_carries_its_reasons() -> None:
    known = _every(1)
    decision = decide("a-feed", now=_NOW, pace=_PACE, rhythm=known, asks=_asked(ttl="60"))
    assert [reason.rule for reason in decision.reasons] == ["ttl", "rate", "jitter"]
    assert decision.reasons[0].seconds == 3600
    total = decision.reasons[0].seconds + decision.reasons[-1].seconds
    assert (decision.due - _NOW).total_seconds() == pytest.approx(total, abs=0.1)
    busy = decide("a-feed", now=_NOW, pace=_PACE, rhythm=_every(0.001))
    assert busy.reasons[0].rule == "floor"


def test_c_retry_after_is_obeyed_as_seconds_and_as_a_date() -> None:
    limited = Trouble(kind="rate-limited", failures=1)
    assert _after(headers={"retry-after": "7200"}, trouble=limited) >= 7200
    assert _after(headers={"retry-after": "Wed, 18 Feb 2026 12:30:00 GMT"}, trouble=limited) >= 3 * _HOUR


@pytest.mark.parametrize("junk", ["0", "-1", "soon", "", "Wed, 18 Feb 2020 00:00:00 GMT", "1.5", "\ufffd"])
def test_c_retry_after_of_nothing_or_junk_leaves_the_back_off(junk: str) -> None:
    for kind in ("rate-limited", "unavailable"):
        trouble = Trouble(kind=kind, failures=3)
        assert _after(headers={"retry-after": junk}, trouble=trouble) == _after(trouble=trouble) >= 1080


def test_c_retry_after_that_is_huge_ends_at_the_ceiling() -> None:
    limited = Trouble(kind="rate-limited", failures=1)
    for huge in ("999999999", "Fri, 31 Dec 9999 23:59:59 GMT"):
        assert _DAY * 0.9 <= _after(headers={"retry-after": huge}, trouble=limited) <= _DAY


@pytest.mark.parametrize(
    "kind", ["rate-limited", "unavailable", "no-answer", "not-found", "not-a-feed", "blocked", "denied"]
)
def test_c_without_header_exponential_with_a_cap(kind: Kind) -> None:
    waits = [_after(trouble=Trouble(kind=kind, failures=n)) for n in range(1, 30)]
    assert waits[0] >= 300
    assert waits[3] > 6 * waits[0]
    assert max(waits) == waits[-1] <= _DAY
    assert waits[-1] > 0.8 * _DAY


def test_c_a_404_slows_and_never_dies_a_410_stops_after_two() -> None:
    assert _after(trouble=Trouble(kind="not-found", failures=10_000)) <= _DAY
    assert _after(trouble=Trouble(kind="gone", failures=1)) <= _DAY
    stopped = decide("a-feed", now=_NOW, pace=_PACE, trouble=Trouble(kind="gone", failures=2))
    assert stopped.due == NEVER
    assert stopped.reasons[0].rule == "gone"


def test_c_a_feed_that_cannot_be_reached_is_tried_before_its_page_turns_over() -> None:
    known = _every(0.2)  # six hours
    trouble = Trouble(kind="no-answer", failures=8, lasting=3 * _HOUR)
    assert _after(known=known, trouble=trouble) <= 1.5 * _HOUR
    assert _after(known=known, trouble=Trouble(kind="no-answer", failures=8, lasting=_DAY)) > 8 * _HOUR


def test_c_a_host_that_asked_for_peace_puts_off_its_other_feeds() -> None:
    decision = decide("a-feed", now=_NOW, pace=_PACE)
    until = _NOW + timedelta(hours=2)
    held = hold(decision, until, now=_NOW)
    assert held.due == until
    assert held.reasons[0].rule == "host"
    assert hold(decision, _NOW, now=_NOW) == decision


_SAID = st.one_of(st.none(), st.text(max_size=12), st.integers(-5, 10**12).map(str))
_HEADERS = st.dictionaries(
    st.sampled_from(["cache-control", "age", "expires", "date", "retry-after"]),
    st.one_of(st.text(max_size=40), st.integers(0, 10**9).map("max-age={}".format), st.datetimes().map(str)),
)
_TROUBLE = st.builds(
    Trouble,
    kind=st.sampled_from(["unavailable", "not-found", "rate-limited", "no-answer"]),
    failures=st.integers(1, 10**6),
    lasting=st.one_of(st.none(), st.floats(0, 1e9)),
)
_ASKS = st.builds(
    hints.asks,
    ttl=_SAID,
    update_frequency=_SAID,
    update_period=st.sampled_from([None, "hourly", "daily", "yearly", "x"]),
    skip_hours=st.lists(st.integers(-2, 30).map(str), max_size=30),
    headers=_HEADERS,
)


@given(asks=_ASKS, headers=_HEADERS, ages=st.lists(st.floats(-1e6, 1e9), max_size=40), trouble=st.none() | _TROUBLE)
def test_b_whatever_publishers_say_the_wait_is_between_floor_and_ceiling(
    asks: Asks, headers: dict[str, str], ages: list[float], trouble: Trouble | None
) -> None:
    known = rhythm.first([_NOW.timestamp() - age for age in ages], _NOW)
    decision = decide("a-feed", now=_NOW, pace=_PACE, rhythm=known, asks=asks, headers=headers, trouble=trouble)
    assert 300 <= (decision.due - _NOW).total_seconds() <= CEILING
    assert decision.reasons
