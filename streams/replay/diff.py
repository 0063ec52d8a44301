"""What a replay decides differently from what stands: counts, what was gained and lost, and examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import orjson
from msgspec import Struct

from schemas.replay import Replay
from streams.replay.compare import Kind, Look, look_of, text_change
from streams.replay.join import Comparison, Joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.settings import Settings

What = Literal["text", "topics", "countries", "other", "added", "gone", "refused"]
WHATS: tuple[What, ...] = ("topics", "countries", "text", "other", "added", "gone", "refused")
_LISTED = 20


class Example(Struct, frozen=True, kw_only=True):
    """One version of an item about which old and new differ.

    Attributes:
        what: What changed, or that it is new, gone, or refused by the replay.
        title: Headline, of the new event where there is one.
        old: What stood; None where nothing did.
        new: What the replay says; None where it says nothing.
        text: Where the text changed.
    """

    what: tuple[What, ...]
    item_id: str
    fetched: str
    title: str
    url: str | None
    language: str
    old: Look | None
    new: Look | None
    text: str | None


class Diff(Struct, frozen=True, kw_only=True):
    """A comparison.

    Attributes:
        compared: Versions of items that have a new decision.
        same: Of these: the decision stands.
        changed: Of these: it is another.
        by_kind: How often what changed; one version may have several kinds.
        added: Of those compared: versions that had no decision.
        gone: Versions that the replay does not pass on any more.
        refused: Versions of which the replay made a dead letter; the old decision stands.
        gained: Topics and countries of all changed versions that are new, most frequent first.
        lost: The same for what is gone.
        languages: Changed versions by language.
    """

    replay: str
    compared: int
    same: int
    changed: int
    by_kind: dict[Kind, int]
    added: int
    gone: int
    refused: int
    gained: dict[str, int]
    lost: dict[str, int]
    languages: dict[str, int]
    examples: tuple[Example, ...]


async def diff(
    settings: Settings,
    replay: Replay,
    *,
    examples: int,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Diff:
    """Compare a replay with what stands on news.enriched.

    Args:
        settings: The settings.
        replay: The replay; where it is not finished, what it has written so far.
        examples: How many examples of each kind.
        progress: Told how many partitions are compared.

    Raises:
        BrokerError: A stream cannot be read.
    """
    tally, found = _Tally(), list[Example]()
    async with Comparison(settings, replay) as comparison:
        async for joined in comparison.partitions():
            tally.add(joined)
            found += await _examples(comparison, joined, found, examples)
            progress("compare", joined.partition + 1, len(replay.end))
    return Diff(
        replay=replay.id,
        compared=tally.same + tally.changed + tally.added,
        same=tally.same,
        changed=tally.changed,
        by_kind=dict(tally.kinds),
        added=tally.added,
        gone=tally.gone,
        refused=tally.refused,
        gained=dict(tally.gained.most_common(_LISTED)),
        lost=dict(tally.lost.most_common(_LISTED)),
        languages=dict(tally.languages.most_common(_LISTED)),
        examples=tuple(sorted(found, key=lambda example: WHATS.index(example.what[0]))),
    )


class _Tally:
    """Counts over all partitions."""

    def __init__(self) -> None:
        self.same = self.changed = self.added = self.gone = self.refused = 0
        self.kinds = Counter[Kind]()
        self.gained, self.lost, self.languages = Counter[str](), Counter[str](), Counter[str]()

    def add(self, joined: Joined) -> None:
        self.same += joined.same
        self.changed += len(joined.changed)
        self.added += len(joined.added)
        self.gone += len(joined.gone)
        self.refused += len(joined.refused)
        for change in joined.changed.values():
            self.kinds.update(change.kinds)
            self.gained.update(change.after.names - change.before.names)
            self.lost.update(change.before.names - change.after.names)
            self.languages[change.language] += 1


def _differences(joined: Joined) -> Iterator[tuple[tuple[What, ...], int | None, int | None]]:
    """Yield what differs, and the offsets of the old and the new event."""
    for change in joined.changed.values():
        yield change.kinds, change.old.offset, change.new
    for new in joined.added.values():
        yield ("added",), None, new
    for old in joined.gone.values():
        yield ("gone",), old.offset, None
    for old in joined.refused.values():
        yield ("refused",), old.offset, None


async def _examples(comparison: Comparison, joined: Joined, before: Sequence[Example], most: int) -> list[Example]:
    """Return examples of what there are not enough of yet."""
    shown = Counter(what for example in before for what in example.what)
    found = []
    for what, old, new in _differences(joined):
        if any(shown[one] < most for one in what):
            shown.update(what)
            first = await _event(comparison, comparison.old_topic, joined.partition, old)
            second = await _event(comparison, comparison.new_topic, joined.partition, new)
            found.append(_example(what, first, second))
    return found


async def _event(comparison: Comparison, topic: str, partition: int, offset: int | None) -> dict[str, Any] | None:
    if offset is None:
        return None
    event: dict[str, Any] = orjson.loads(await comparison.event(topic, partition, offset))
    return event


def _example(what: tuple[What, ...], old: dict[str, Any] | None, new: dict[str, Any] | None) -> Example:
    event = new or old or {}
    return Example(
        what=what,
        item_id=event["item_id"],
        fetched=event["fetched"],
        title=event["title"],
        url=event["url"],
        language=event["language"]["code"],
        old=look_of(old) if old else None,
        new=look_of(new) if new else None,
        text=text_change(old["text"], new["text"]) if old and new else None,
    )
