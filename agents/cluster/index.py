"""Where to look for items whose text may be like another's."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from operator import itemgetter

from agents.cluster.items import Item
from agents.cluster.likeness import Text, only_if_near
from agents.cluster.sign import LEAD

_BODY_KEYS = 24
_LEAD_KEYS = 8
_SHARED = 2
_shared = itemgetter(0)
POSTINGS = 64
"""Items that are kept under a key, the newest: what so many share is in no need of the older ones, or boilerplate."""


def meet(a: Text, b: Text) -> bool:
    """Say whether the index finds one text for the other: what is not found has no edge, in whatever order it came."""
    body = set(a.lowest[:_BODY_KEYS]).intersection(b.lowest[:_BODY_KEYS])
    lead = set(a.lead[:_LEAD_KEYS]).intersection(b.lead[:_LEAD_KEYS])
    return len(body) >= _SHARED or _begin_alike(len(lead), a.size, b.size)


def _begin_alike(shared: int, a: int, b: int) -> bool:
    """Say whether texts of these sizes meet by what their beginnings share: a teaser has few runs to share."""
    return shared >= (_SHARED if a > LEAD < b else 1) and not only_if_near(a, b)


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
        """Return the items that ``meet`` a text.

        Those that share most come first: one that is alike saves looking at the others of its group.
        """
        body = _counted(self._body, text.lowest[:_BODY_KEYS])
        sharing = [(shared, item) for item, shared in body.items() if shared >= _SHARED]
        sharing.sort(key=_shared, reverse=True)
        size = text.size
        lead = _counted(self._lead, text.lead[:_LEAD_KEYS])
        found = [item for item, shared in lead.items() if _begin_alike(shared, size, item.sketch.size)]
        # A dictionary, for the order: a set of items would have another one in every process.
        return list(dict.fromkeys([*[item for _, item in sharing], *found]))

    def _keys(self, text: Text) -> tuple[tuple[dict[int, list[Item]], tuple[int, ...]], ...]:
        return (self._body, text.lowest[:_BODY_KEYS]), (self._lead, text.lead[:_LEAD_KEYS])


def _counted(index: dict[int, list[Item]], keys: tuple[int, ...]) -> Counter[Item]:
    """Return under how many of some keys items are."""
    return Counter(chain.from_iterable([found for key in keys if (found := index.get(key))]))
