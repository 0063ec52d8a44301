"""The consumer's rule as the client applies it: whatever the order, what is kept is what passes and stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geowire.rule import InMemory, OnDisk, Version, Versions, judge, stands

_FETCHED = st.sampled_from([f"2026-02-18T09:30:0{second}.000Z" for second in range(3)])
_RECORD = st.tuples(_FETCHED, st.integers(1, 3), st.booleans(), st.sampled_from(["new", "edited", "withdrawn"]))


def _event(fetched: str, generation: int, *, passes: bool, reason: str) -> tuple[Version, str]:
    return Version(fetched, generation, f"{fetched}/{generation}", passes), reason


def _consume(records: list[tuple[Version, str]], versions: Versions) -> tuple[str, int] | None:
    """What a consumer has of one item that does as it is told."""
    kept: tuple[str, int] | None = None
    for new, reason in records:
        old = versions.get("item")
        if old is not None and stands(old, new):
            continue
        verdict = judge(new, old, reason=reason, complete=versions.complete)
        if verdict is not None:
            kept = (new.fetched, new.generation) if verdict == "keep" else None
        given = Version(new.fetched, new.generation, new.id, verdict == "keep")
        versions.save({"item": given}, {0: 1})
    return kept


@settings(max_examples=200)
@given(st.dictionaries(st.tuples(_FETCHED, st.integers(1, 3)), _RECORD, max_size=8), st.randoms())
def test_what_is_kept_is_the_greatest_version_where_it_passes(
    drawn: dict[tuple[str, int], tuple[str, int, bool, str]], random: object
) -> None:
    events = [_event(*key, passes=passes, reason=reason) for key, (_, _, passes, reason) in drawn.items()]
    records = events * 2
    random.shuffle(records)  # type: ignore[attr-defined]
    newest = max(events, key=lambda event: (event[0].fetched, event[0].generation), default=None)
    stands_ = newest is not None and newest[0].given and newest[1] != "withdrawn"
    expected = (newest[0].fetched, newest[0].generation) if newest is not None and stands_ else None
    assert _consume(records, InMemory()) == expected


@pytest.mark.parametrize(
    ("complete", "reason", "verdict"),
    [(True, "edited", None), (False, "edited", "gone"), (False, "withdrawn", "gone"), (False, "new", None)],
)
def test_of_an_item_that_is_not_known_only_who_knows_all_says_nothing(
    *, complete: bool, reason: str, verdict: str | None
) -> None:
    new, _ = _event("2026-02-18T09:30:00.000Z", 1, passes=False, reason=reason)
    assert judge(new, None, reason=reason, complete=complete) == verdict


def test_the_state_file_keeps_versions_and_positions(tmp_path: Path) -> None:
    version = Version("2026-02-18T09:30:00.000Z", 3, "an-id", given=True)
    file = OnDisk(tmp_path / "state.db", "news.enriched")
    file.save({"item": version}, {0: 12, 1: 40})
    file.close()
    again = OnDisk(tmp_path / "state.db", "news.enriched")
    assert again.get("item") == version
    assert again.get("another") is None
    assert again.positions() == {0: 12, 1: 40}
    again.close()
    with pytest.raises(ValueError, match=r"state of news\.enriched"):
        OnDisk(tmp_path / "state.db", "other.news.enriched")
