"""What the address of a feed asks for: ``/feeds/diplomacy/CN-US.atom``, ``/feeds/CN/en.json``, ``/feeds/all.atom``."""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import Struct

_COUNTRY = re.compile(r"[A-Z]{2}")
_PAIR = re.compile(r"([A-Z]{2})-([A-Z]{2})")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_MOST = 6
ALL = "all"


class Asked(Struct, frozen=True):
    """Which events a feed holds: any of each kind that is named.

    Attributes:
        topics: Ids of topics.
        countries: What an event is about.
        pairs: Two countries, in order of the alphabet.
        languages: Of the text.
    """

    topics: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    languages: frozenset[str] = frozenset()

    def takes(
        self, *, topics: Collection[str], countries: Collection[str], pairs: Collection[tuple[str, str]], language: str
    ) -> bool:
        """Whether an event that is about these is asked for."""
        return (
            (not self.topics or not self.topics.isdisjoint(topics))
            and (not self.countries or not self.countries.isdisjoint(countries))
            and (not self.pairs or not self.pairs.isdisjoint(pairs))
            and (not self.languages or language in self.languages)
        )


def parse(address: str, topics: Collection[str]) -> Asked | None:
    """Return what an address asks for, None where it is none.

    Args:
        address: What stands between ``/feeds/`` and the ending: topics, countries, pairs and languages in any order.
        topics: The topics there are.
    """
    found: dict[str, set[str]] = {"topics": set(), "countries": set(), "languages": set()}
    pairs: set[tuple[str, str]] = set()
    words = address.split("/")
    if len(words) > _MOST:
        return None
    for word in words:
        if word in topics:
            found["topics"].add(word)
        elif _COUNTRY.fullmatch(word):
            found["countries"].add(word)
        elif pair := _PAIR.fullmatch(word):
            pairs.add(ordered(pair[1], pair[2]))
        elif _LANGUAGE.fullmatch(word) and word != ALL:
            found["languages"].add(word)
        elif words != [ALL]:
            return None
    return Asked(pairs=frozenset(pairs), **{kind: frozenset(those) for kind, those in found.items()})


def ordered(a: str, b: str) -> tuple[str, str]:
    """Return a pair of countries, the same whichever comes first."""
    return (a, b) if a < b else (b, a)
