"""New, edited, repeated, redelivered: whatever comes again, comes out as before, and nothing is dropped."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agents.dedupe import state
from agents.dedupe.decide import Accepted, Decision, Entry, Repeated, Sighting, decide
from schemas.record import Position
from schemas.times import DAY_MS

_TTL = 90 * DAY_MS
_START = 1_770_000_000_000


def _sighting(offset: int, content: str, *, partition: int = 0, time: int | None = None) -> Sighting:
    return Sighting(Position(partition, offset), content, _fetched(offset), _START + offset if time is None else time)


def _fetched(offset: int) -> str:
    return f"2026-02-18T09:30:00.{offset:03}Z"


class Store:
    """One item's entry, and decisions about it; entries go through their stored form."""

    def __init__(self) -> None:
        self.entry: Entry | None = None

    def see(self, sighting: Sighting, committed: int = 0) -> Decision:
        decision = decide(self.entry, sighting, committed=Position(0, committed), ttl=_TTL)
        if decision.entry is not None:
            self.entry = state.decode(state.encode(decision.entry))
        return decision


def test_new_repeated_edited_and_back() -> None:
    store = Store()
    outcomes = [store.see(_sighting(n, content)).outcome for n, content in enumerate("AABA")]
    assert outcomes[0] == Accepted("new", None, again=False)
    assert outcomes[1] == Repeated(Position(0, 0), "same-content")
    assert isinstance(outcomes[2], Accepted)
    assert outcomes[2].reason == "edited"
    assert outcomes[2].supersedes is not None
    assert (outcomes[2].supersedes.fetched, outcomes[2].supersedes.origin) == (_fetched(0), "0:0")
    assert isinstance(outcomes[3], Accepted), "A, B, A ends at A"
    assert outcomes[3].supersedes is not None
    assert outcomes[3].supersedes.origin == "0:2"


@given(
    contents=st.text("ABC", min_size=1, max_size=12),
    crashes=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=4),
)
def test_redelivery_repeats_decisions_exactly(contents: str, crashes: list[tuple[int, int]]) -> None:
    """At each crash some records behind the committed one come again; every decision is as it was the first time.

    Output and state go out together, so state is never older than what was decided; it may be newer.
    """
    first = Store()
    expected = [first.see(_sighting(n, c)).outcome for n, c in enumerate(contents)]

    store, committed, position = Store(), 0, 0
    jumps = sorted(crashes)
    got: dict[int, list[Accepted | Repeated]] = {}
    while position < len(contents):
        outcome = store.see(_sighting(position, contents[position]), committed).outcome
        got.setdefault(position, []).append(outcome)
        position += 1
        if jumps and position >= jumps[0][0]:
            at, back = jumps.pop(0)
            committed = max(committed, position - back)
            position = committed
            del at
    for number, outcomes in got.items():
        wanted = expected[number]
        for outcome in outcomes:
            assert type(outcome) is type(wanted)
            if isinstance(outcome, Accepted) and isinstance(wanted, Accepted):
                assert (outcome.reason, outcome.supersedes) == (wanted.reason, wanted.supersedes)


@given(st.text("AB", min_size=1, max_size=30))
def test_every_record_has_an_outcome_and_the_last_content_stands(contents: str) -> None:
    store = Store()
    accepted = [c for n, c in enumerate(contents) if isinstance(store.see(_sighting(n, c), n).outcome, Accepted)]
    assert accepted[-1] == contents[-1]
    assert all(a != b for a, b in pairwise(accepted))


def test_an_item_not_seen_for_longer_than_the_ttl_is_new_again() -> None:
    store = Store()
    store.see(_sighting(0, "A", time=_START))
    assert isinstance(store.see(_sighting(1, "A", time=_START + _TTL)).outcome, Repeated)
    assert store.see(_sighting(2, "A", time=_START + 2 * _TTL)).outcome == Repeated(Position(0, 0), "same-content")
    assert store.see(_sighting(3, "A", time=_START + 3 * _TTL + DAY_MS)).outcome == Accepted("new", None, again=False)


def test_repetitions_write_state_once_a_day_at_most() -> None:
    store = Store()
    store.see(_sighting(0, "A", time=_START))
    writes = [store.see(_sighting(n, "A", time=_START + n * 60_000)).entry is not None for n in range(1, 999)]
    assert sum(writes) == 0
    assert store.see(_sighting(999, "A", time=_START + DAY_MS + 1)).entry is not None


def test_state_does_not_grow_with_the_number_of_edits() -> None:
    store = Store()
    for n in range(999):
        store.see(_sighting(n, f"version {n}"), committed=max(0, n - 3))
    assert store.entry is not None
    assert len(store.entry.versions) <= 5


def _retried(offset: int, content: str, fetched_like: int) -> Sighting:
    """A record with an old origin that comes only now."""
    return Sighting(Position(0, offset), content, _fetched(fetched_like), _START, retried=True)


def test_a_retried_record_is_new_where_nothing_of_its_item_is_known() -> None:
    assert Store().see(_retried(3, "A", 3)).outcome == Accepted("new", None, again=False)


def test_a_retried_record_that_is_older_than_what_stands_is_passed_on_and_changes_nothing() -> None:
    store = Store()
    store.see(_sighting(9, "B"))
    before = store.entry
    for _ in range(2):
        assert store.see(_retried(5, "A", 5)).outcome == Accepted("new", None, again=False)
    assert store.entry == before
    edited = store.see(_sighting(10, "C")).outcome
    assert isinstance(edited, Accepted)
    assert edited.supersedes is not None
    assert edited.supersedes.origin == "0:9"


def test_a_retried_record_with_the_content_that_stands_is_a_duplicate() -> None:
    store = Store()
    store.see(_sighting(9, "A"))
    assert store.see(_retried(5, "A", 5)).outcome == Repeated(Position(0, 9), "same-content")


def test_a_retried_record_that_is_newer_than_what_stands_is_an_edit() -> None:
    store = Store()
    store.see(_sighting(4, "A"))
    outcome = store.see(_retried(5, "B", 5)).outcome
    assert isinstance(outcome, Accepted)
    assert outcome.reason == "edited"
