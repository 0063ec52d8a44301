"""Which events are wanted, told from a record's headers: no value is decoded for those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from msgspec import Struct


class Filter(Struct, frozen=True):
    """Any of each kind that is asked for; a kind that is empty asks for nothing.

    Attributes:
        topics: Ids of topics: ``diplomacy``.
        countries: Countries the item is about (ISO 3166): ``CN``.
        languages: ``en``.
        sources: Ids of feeds.
        geo: ``true``, ``false`` or ``unknown``: whether it is geopolitical.
    """

    topics: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    geo: frozenset[str] = frozenset()

    def passes(self, headers: Mapping[str, bytes]) -> bool:
        """Whether an event with these headers is wanted."""
        return (
            _any(self.topics, headers, "ce_topics")
            and _any(self.countries, headers, "ce_countries")
            and _any(self.languages, headers, "ce_lang")
            and _any(self.geo, headers, "ce_geo")
            and (not self.sources or source(headers) in self.sources)
        )


def make(
    topics: Iterable[str],
    countries: Iterable[str],
    languages: Iterable[str],
    sources: Iterable[str],
    *,
    geo: bool | None,
) -> Filter:
    """Return the filter of what ``subscribe`` was given.

    Raises:
        TypeError: A word stands where several are asked for; its letters would be taken for them.
    """
    given = {"topics": topics, "countries": countries, "languages": languages, "sources": sources}
    for name, words in given.items():
        if isinstance(words, str):
            raise TypeError(f"{name}={words!r}: give several, {name}=[{words!r}]")
    return Filter(
        topics=frozenset(topics),
        countries=frozenset(country.upper() for country in countries),
        languages=frozenset(languages),
        sources=frozenset(sources),
        geo=frozenset() if geo is None else frozenset({str(geo).lower()}),
    )


def source(headers: Mapping[str, bytes]) -> str:
    """Return the id of the feed an event came from."""
    return unquote(headers.get("ce_source", b"").decode().removeprefix("/feeds/"))


def _any(wanted: frozenset[str], headers: Mapping[str, bytes], name: str) -> bool:
    return not wanted or not wanted.isdisjoint(headers.get(name, b"").decode().split(","))
