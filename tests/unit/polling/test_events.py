"""What is said on feed-status, and when: once, when it begins and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from schemas.feed import Feed
from schemas.feed_state import FeedState
from schemas.times import from_datetime
from streams.polling import events
from streams.polling.outcome import Outcome
from streams.polling.reading import Item, Reading
from streams.polling.schedule import NEVER
from tests.polled import START

_FEED = Feed(url="https://daily.example/feed", id="daily", publisher="The Daily Example")
_ITEM = Item("an-item", "its-hash", b"{}")


def _at(day: float) -> str:
    return from_datetime(START + timedelta(days=day))


def _state(day: float, **more: object) -> FeedState:
    state = FeedState(feed_id="daily", url=_FEED.url, next_due=_at(day + 0.1), polled=_at(day), succeeded=_at(day))
    return structs.replace(state, **more)


def _poll(
    before: FeedState | None, after: FeedState, reading: Reading | None = None, **came: object
) -> tuple[FeedState, list[str]]:
    """The state that is kept, and what is said: event, and what is over."""
    outcome = events.standing(before, structs.replace(Outcome(state=after), **came), reading)
    said = events.events(_FEED, before, outcome)
    assert all(event.feed_id == "daily" and event.at == after.polled and event.message for event in said)
    return outcome.state, [f"{event.event} {event.was or ''}".strip() for event in said]


def _failing(day: float, kind: str, failures: int) -> FeedState:
    return _state(day, succeeded=_at(-1), kind=kind, failures=failures, problem=f"it is {kind}")


def test_a_poll_that_is_as_it_should_be_says_nothing() -> None:
    first, said = _poll(None, _state(0), Reading(version="rss20", items=(_ITEM,), newest=_at(-0.1)))
    assert said == []
    assert first.news == _at(-0.1)
    second, said = _poll(first, _state(1), Reading(version="rss20", items=(_ITEM,), newest=_at(0.9)))
    assert said == []
    assert second.news == _at(1)


def test_possible_loss_names_the_poll_before() -> None:
    before = _state(0)
    outcome = Outcome(state=_state(1), gap=True)
    (event,) = events.events(_FEED, before, outcome)
    assert (event.event, event.since, event.publisher) == ("possible-loss", _at(0), "The Daily Example")


def test_moved_names_the_address() -> None:
    address = "https://feeds.daily.example/world"
    outcome = Outcome(state=_state(1, address=address), adopted=address)
    (event,) = events.events(_FEED, _state(0), outcome)
    assert (event.event, event.address) == ("moved", address)


def test_gone_is_said_once_and_ends_when_it_answers_again() -> None:
    gone = structs.replace(_failing(1, "gone", 2), next_due=from_datetime(NEVER))
    state, said = _poll(_failing(0, "gone", 1), gone)
    assert (said, state.standing) == (["gone"], ("gone",))
    again, said = _poll(state, structs.replace(gone, polled=_at(2)))
    assert (said, again.standing) == ([], ("gone",)), "resumed, and gone all the same"
    back, said = _poll(again, _state(3), Reading(version="rss20", items=(_ITEM,)))
    assert (said, back.standing) == (["recovered gone"], ())


@pytest.mark.parametrize("kind", ["blocked", "denied", "login"])
def test_blocked_is_said_at_the_second_refusal_and_holds_until_a_success(kind: str) -> None:
    first, said = _poll(_state(0), _failing(1, kind, 1))
    assert said == []
    second, said = _poll(first, _failing(2, kind, 2))
    assert said == ["blocked"]
    third, said = _poll(second, _failing(3, "unavailable", 3))
    assert (said, third.standing) == ([], ("blocked",))
    _, said = _poll(third, _state(4))
    assert said == ["recovered blocked"]


def test_a_403_that_stays_is_blocked_though_it_looks_like_a_rate_limit() -> None:
    before, said = _poll(None, structs.replace(_failing(1, "rate-limited", 2), status=403))
    assert said == []
    _, said = _poll(before, structs.replace(_failing(2, "rate-limited", 3), status=403))
    assert said == ["blocked"]
    _, said = _poll(None, structs.replace(_failing(2, "rate-limited", 30), status=429))
    assert said == []


def test_stale_is_a_feed_that_answers_and_brings_nothing() -> None:
    state, said = _poll(None, _state(0), Reading(version="rss20", items=(_ITEM,), newest=_at(-400)))
    assert (said, state.standing) == (["stale"], ("stale",)), "a feed that was dead when it was found"
    for day in range(1, 4):
        state, said = _poll(state, _state(day))
        assert said == []
    state, said = _poll(state, _state(5), Reading(version="rss20", items=(_ITEM,)))
    assert (said, state.standing) == (["recovered stale"], ())
    state, said = _poll(state, _state(5 + 29.9))
    assert said == []
    state, said = _poll(state, _state(5 + 30.1))
    assert said == ["stale"]


def test_a_poll_that_is_repeated_says_the_same_again() -> None:
    """A crash between event and state: the next poll finds the same, and its event has the same id."""
    before = _state(0)
    ids = [events.events(_FEED, before, Outcome(state=_state(day), gap=True))[0].id for day in (1, 1.01)]
    assert ids[0] == ids[1]
    assert events.events(_FEED, _state(1), Outcome(state=_state(2), gap=True))[0].id != ids[0]
