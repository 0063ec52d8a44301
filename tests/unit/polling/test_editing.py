"""What becomes of the feeds: by a feed list in force, by commands, and by both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from schemas.errors import ConfigError
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState
from schemas.polling import Kind
from streams.polling import editing
from streams.polling.editing import Changes

_NOW = "2026-02-18T09:30:00.000Z"


def _feed(name: str, url: str | None = None, **more: str) -> Feed:
    return structs.replace(Feed(url=url or f"https://{name}.example/feed", id=name), **more)


def _after(feeds: dict[str, Subscription], changes: Changes) -> dict[str, Subscription]:
    merged = {**feeds, **changes}
    return {feed_id: subscription for feed_id, subscription in merged.items() if subscription is not None}


def _following(*feeds: Feed) -> dict[str, Subscription]:
    return _after({}, editing.follow_list({}, feeds))


def test_a_list_brings_its_feeds_and_takes_away_what_it_names_no_more() -> None:
    feeds = _following(_feed("a"), _feed("b"))
    assert feeds == {name: Subscription(feed=_feed(name), listed=True) for name in ("a", "b")}
    assert editing.follow_list(feeds, [_feed("a"), _feed("b")]) == {}, "nothing changes the second time"
    assert editing.follow_list(feeds, [_feed("b", publisher="The B"), _feed("c")]) == {
        "a": None,
        "b": Subscription(feed=_feed("b", publisher="The B"), listed=True),
        "c": Subscription(feed=_feed("c"), listed=True),
    }


def test_what_commands_said_outlives_the_list() -> None:
    feeds = _following(_feed("a"), _feed("b"), _feed("c"))
    feeds = _after(feeds, editing.add(feeds, [_feed("a"), _feed("d")]))
    feeds = _after(feeds, editing.remove(feeds, ["b"]))
    feeds = _after(feeds, editing.pause(feeds, ["c"], now=_NOW))
    again = _after(feeds, editing.follow_list(feeds, [_feed("a"), _feed("b"), _feed("c")]))
    assert again == feeds, "the next start changes nothing"
    assert {name for name, subscription in again.items() if subscription.active} == {"a", "d"}
    emptied = _after(again, editing.follow_list(again, []))
    assert {name for name, subscription in emptied.items() if subscription.active} == {"a", "d"}
    assert emptied.keys() == {"a", "d"}


def test_a_feed_that_was_removed_comes_back_when_it_is_added() -> None:
    feeds = _following(_feed("a"))
    feeds = _after(feeds, editing.remove(feeds, ["a"]))
    assert not feeds["a"].active
    feeds = _after(feeds, editing.add(feeds, [_feed("a")]))
    assert feeds["a"].active


def test_an_address_is_polled_under_one_id() -> None:
    feeds = _after({}, editing.add({}, [_feed("mine", "https://daily.example/feed")]))
    feeds = _after(feeds, editing.follow_list(feeds, [_feed("daily", "https://daily.example/feed", country="GB")]))
    assert feeds.keys() == {"mine"}
    assert (feeds["mine"].listed, feeds["mine"].added, feeds["mine"].feed.country) == (True, True, "GB")
    assert editing.follow_list(feeds, [_feed("daily", "https://daily.example/feed", country="GB")]) == {}
    assert _after(feeds, editing.follow_list(feeds, [])).keys() == {"mine"}
    assert editing.add(feeds, [_feed("other", "https://daily.example/feed")]) == {}


def test_feeds_of_a_list_may_exchange_their_addresses() -> None:
    feeds = _following(_feed("a", "https://one.example/"), _feed("b", "https://two.example/"))
    swapped = [_feed("a", "https://two.example/"), _feed("b", "https://one.example/")]
    assert {name: s.feed for name, s in _after(feeds, editing.follow_list(feeds, swapped)).items()} == {
        feed.id: feed for feed in swapped
    }


def test_a_changed_address_forgets_where_the_publisher_had_moved_it() -> None:
    feeds = {"a": Subscription(feed=_feed("a"), listed=True, address="https://moved.example/feed")}
    assert editing.follow_list(feeds, [_feed("a")]) == {}
    (changed,) = editing.follow_list(feeds, [_feed("a", "https://new.example/feed")]).values()
    assert changed is not None
    assert changed.url == "https://new.example/feed"


def test_what_is_said_anew_is_merged_into_what_is_known() -> None:
    feeds = _following(_feed("a", publisher="The A", content="page"))
    (changed,) = editing.add(feeds, [_feed("a", country="GB")]).values()
    assert changed is not None
    assert changed.feed == _feed("a", publisher="The A", content="page", country="GB")


def test_an_id_is_not_taken_twice() -> None:
    with pytest.raises(ConfigError, match=r"the id 'a' is that of https://a\.example/feed"):
        editing.add(_following(_feed("a")), [_feed("a", "https://other.example/feed")])


def test_pausing_twice_keeps_since_when_and_resuming_asks_for_a_poll() -> None:
    feeds = _following(_feed("a"))
    feeds = _after(feeds, editing.pause(feeds, ["a"], now=_NOW))
    assert editing.pause(feeds, ["a"], now="2026-02-19T09:30:00.000Z") == {}
    feeds = _after(feeds, editing.resume(feeds, ["a"], now="2026-02-20T09:30:00.000Z"))
    assert feeds["a"].active
    assert feeds["a"].resumed == "2026-02-20T09:30:00.000Z"


@pytest.mark.parametrize(
    "word",
    ["bbc", "https://bbc.example/feed", "http://www.bbc.example/feed/", "bbc.example/feed", "https://n.example/f"],
)
def test_a_feed_is_found_by_its_id_and_its_addresses(word: str) -> None:
    feeds = _following(_feed("bbc"), _feed("dw"))
    feeds["bbc"] = structs.replace(feeds["bbc"], address="https://n.example/f")
    assert editing.find(feeds, word) == "bbc"


def test_one_that_is_not_there_is_guessed() -> None:
    with pytest.raises(ConfigError, match="did you mean guardian-world"):
        editing.find(_following(_feed("guardian-world"), _feed("dw")), "guardian-wrld")


@pytest.mark.parametrize(
    ("kind", "is_dead"), [("not-found", True), ("no-answer", True), ("unavailable", False), ("rate-limited", False)]
)
def test_dead_are_feeds_that_never_answered_with_one(kind: Kind, *, is_dead: bool) -> None:
    feeds = _following(_feed("never"), _feed("once"), _feed("unpolled"))
    state = FeedState(feed_id="never", url="", next_due=_NOW, polled=_NOW, problem="…", kind=kind, failures=1)
    states = {"never": state, "once": structs.replace(state, succeeded=_NOW)}
    assert editing.dead(feeds, states) == (["never"] if is_dead else [])
    paused = _after(feeds, editing.pause(feeds, ["never"], now=_NOW))
    assert editing.dead(paused, states) == []


_names = st.sampled_from("abcde")
_lists = st.lists(_names, unique=True).map(lambda names: [_feed(name) for name in names])
_edits = st.lists(
    st.tuples(st.sampled_from(["list", "add", "remove", "pause", "resume"]), _lists), min_size=1, max_size=12
)


@given(_edits)
def test_a_list_in_force_is_followed_whatever_was_done_before(edits: list[tuple[str, list[Feed]]]) -> None:
    """After any history, a list in force has its feeds there, all others are there only because of a command."""
    feeds: dict[str, Subscription] = {}
    listed: list[Feed] = []
    for kind, named in edits:
        ids = [feed.id for feed in named if feed.id in feeds]
        match kind:
            case "list":
                listed = named
                feeds = _after(feeds, editing.follow_list(feeds, listed))
                assert {feed.id for feed in listed} <= feeds.keys()
            case "add":
                feeds = _after(feeds, editing.add(feeds, named))
                assert all(not feeds[feed.id].removed for feed in named)
            case "remove":
                feeds = _after(feeds, editing.remove(feeds, ids))
            case "pause":
                feeds = _after(feeds, editing.pause(feeds, ids, now=_NOW))
            case _:
                feeds = _after(feeds, editing.resume(feeds, ids, now=_NOW))
    assert editing.follow_list(feeds, listed) == {}
    assert all(subscription.listed or subscription.added for subscription in feeds.values())
