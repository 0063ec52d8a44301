"""What is counted of an hour, from the items in it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from schemas.attention import EVERY, Attention

_HOUR = len("2026-02-18T09")


class _Topic(Struct):
    id: str


class _Country(Struct):
    code: str
    role: str


class _Pair(Struct):
    a: str
    b: str
    topics: tuple[str, ...] = ()


class _Geopolitical(Struct):
    value: bool | None = None


class _Event(Struct):
    """The parts of an enriched event that count; the rest is skipped when decoding."""

    item_id: str
    fetched: str
    generation: int
    reason: str
    geopolitical: _Geopolitical
    topics: tuple[_Topic, ...] | None = None
    countries: tuple[_Country, ...] = ()
    pairs: tuple[_Pair, ...] = ()


_events = msgspec.json.Decoder(_Event)


class Said(Struct, frozen=True, gc=False):
    """What one event says of one item.

    Attributes:
        item_id: The item.
        hour: In which its version was fetched.
        version: Of two the greater counts.
        counts: Whether it counts at all: it was not withdrawn, and is not known to be other news.
        topics: What it is about.
        countries: What it is about.
        pairs: By name ``AA-BB``, with the topics of each.
    """

    item_id: str
    hour: str
    version: tuple[str, int]
    counts: bool
    topics: tuple[str, ...]
    countries: tuple[str, ...]
    pairs: dict[str, tuple[str, ...]]


def said_by(value: bytes | None) -> Said | None:
    """Return what an encoded event says; None where it cannot be read."""
    try:
        event = _events.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Said(
        item_id=event.item_id,
        hour=event.fetched[:_HOUR],
        version=(event.fetched, event.generation),
        counts=event.reason != "withdrawn" and event.geopolitical.value is not False,
        topics=tuple(topic.id for topic in event.topics or ()),
        countries=tuple(country.code for country in event.countries if country.role == "about"),
        pairs={"-".join(sorted((pair.a, pair.b))): pair.topics for pair in event.pairs},
    )


class Hour:
    """The items of one hour, each as its standing version says."""

    def __init__(self) -> None:
        """Begin empty."""
        self._items: dict[str, Said] = {}

    def note(self, said: Said) -> None:
        """Take in what an event says; said again it changes nothing."""
        known = self._items.get(said.item_id)
        if known is None or said.version >= known.version:
            self._items[said.item_id] = said

    def count(self, hour: str) -> Mapping[str, Attention]:
        """Return the counts, by topic."""
        items, countries, pairs = Counter[str](), dict[str, Counter[str]](), dict[str, Counter[str]]()
        for said in self._items.values():
            if not said.counts:
                continue
            for topic in (EVERY, *said.topics):
                items[topic] += 1
                countries.setdefault(topic, Counter()).update(said.countries)
                named = [pair for pair, topics in said.pairs.items() if topic == EVERY or topic in topics]
                pairs.setdefault(topic, Counter()).update(named)
        return {
            topic: Attention(
                hour=hour,
                topic=topic,
                items=count,
                countries=dict(sorted(countries[topic].items())),
                pairs=dict(sorted(pairs[topic].items())),
            )
            for topic, count in sorted(items.items())
        }
