"""Where to look for items whose text may be like another's."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from agents.cluster.items import Item
from agents.cluster.likeness import Text, only_if_near

_BODY_KEYS = 24
_LEAD_KEYS = 6
_BODY_SHARED = 2
POSTINGS = 64
"""Items that are kept under a key, the newest: what so many share is in no need of the older ones, or boilerplate."""


def meet(a: Text, b: Text) -> bool:
    """Say whether the index finds one text for the other: what is not found has no edge, in whatever order it came."""
    shared = set(a.lowest[:_BODY_KEYS]).intersection(b.lowest[:_BODY_KEYS])
    return len(shared) >= _BODY_SHARED or (
        not only_if_near(a.size, b.size) and not set(a.lead[:_LEAD_KEYS]).isdisjoint(b.lead[:_LEAD_KEYS])
    )


class Index:
    """Finds items by what their samples have lowest: like texts have it in common."""

    def __init__(self) -> None:
        self._body: dict[int, list[Item]] = {}
        self._lead: dict[int, list[Item]] = {}

    def add(self, item: Item, text: Text) -> None:
        """Take in an item."""
        for index, keys in self._keys(text):
            for key in keys:
                found = index.get(key)
                if found is None:
                    index[key] = [item]
                else:
                    found.append(item)
                    if len(found) > POSTINGS:
                        del found[0]

    def remove(self, item: Item, text: Text) -> None:
        """Take out an item."""
        for index, keys in self._keys(text):
            for key in keys:
                found = index.get(key)
                if found is None or item not in found:
                    continue
                found.remove(item)
                if not found:
                    del index[key]

    def candidates(self, text: Text) -> list[Item]:
        """Return the items that share two of the lowest hashes, or one of the lowest of a beginning that decides.

        Those that share most come first: one that is alike saves looking at the others of its group.
        """
        body: Counter[Item] = Counter(
            chain.from_iterable([found for key in text.lowest[:_BODY_KEYS] if (found := self._body.get(key))])
        )
        # A dictionary, for the order: a set of items would have another one in every process.
        candidates = dict.fromkeys([item for item, shared in body.most_common() if shared >= _BODY_SHARED])
        for key in text.lead[:_LEAD_KEYS]:
            for item in self._lead.get(key, ()):
                if not only_if_near(text.size, item.sketch.size):
                    candidates[item] = None
        return list(candidates)

    def _keys(self, text: Text) -> tuple[tuple[dict[int, list[Item]], tuple[int, ...]], ...]:
        return (self._body, text.lowest[:_BODY_KEYS]), (self._lead, text.lead[:_LEAD_KEYS])
