"""An enriched event as a row of the live list, and which rows somebody wants to see. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import orjson
from msgspec import Struct

from schemas.enriched import Source
from schemas.envelope import header_text, header_words
from schemas.errors import ConfigError
from schemas.times import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiokafka import ConsumerRecord

_LEAD = 200
_SEARCHED = 4_000
"""Characters of a text that are searched: with ten thousand events they must fit into memory."""

Geo = Literal["true", "false", "unknown"]


class _Pair(Struct):
    a: str
    b: str


class _Event(Struct):
    """The parts of an enriched event that are listed; the rest is skipped when decoding."""

    item_id: str
    title: str
    text: str
    fetched: str
    source: Source
    reason: str = "new"
    removed: tuple[msgspec.Raw, ...] = ()
    pairs: tuple[_Pair, ...] = ()


_events = msgspec.json.Decoder(_Event)


class Row(Struct, frozen=True, gc=False):
    """One event of the list.

    Attributes:
        partition: Of news.enriched.
        offset: In that partition.
        time: When it was written, milliseconds since the epoch.
        item_id: Whose event it is.
        topics: The primary one first.
        countries: What it is about.
        pairs: ``CN-US``, in order of the alphabet.
        language: BCP 47 code.
        feed_id: Where it is from.
        geo: Whether it is geopolitical.
        delay: From the fetch to here, milliseconds; None where it was decided anew, which says nothing of the pipe.
        searched: What a text is looked for in, case folded.
        encoded: The row as browsers get it, JSON.
    """

    partition: int
    offset: int
    time: int
    item_id: str
    topics: frozenset[str]
    countries: frozenset[str]
    pairs: frozenset[str]
    language: str
    feed_id: str
    geo: str
    delay: int | None
    searched: str
    encoded: bytes


def row_of(record: ConsumerRecord) -> Row | None:
    """Return a record of news.enriched as a row; None where it is none that can be read."""
    try:
        event = _events.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    topics, countries = (header_words(record.headers, name) for name in ("ce_topics", "ce_countries"))
    language, geo = (header_text(record.headers, name) for name in ("ce_lang", "ce_geo"))
    source = event.source.name
    shown = {
        "p": record.partition,
        "o": record.offset,
        "t": record.timestamp,
        "i": event.item_id,
        "h": event.title,
        "e": " ".join(event.text[: 2 * _LEAD].split())[:_LEAD],
        "k": topics,
        "c": countries,
        "l": language,
        "s": source,
        "f": event.source.feed_id,
        "g": {"true": True, "false": False}.get(geo),
        "r": event.reason,
        "x": len(event.removed),
    }
    return Row(
        partition=record.partition,
        offset=record.offset,
        time=record.timestamp,
        item_id=event.item_id,
        topics=frozenset(topics),
        countries=frozenset(countries),
        pairs=frozenset(pair_of(pair.a, pair.b) for pair in event.pairs),
        language=language,
        feed_id=event.source.feed_id,
        geo=geo,
        delay=_delay(event, record.timestamp),
        searched=f"{event.title}\n{source}\n{event.text[:_SEARCHED]}".casefold(),
        encoded=orjson.dumps(shown),
    )


def pair_of(a: str, b: str) -> str:
    """Return the name of a pair of countries, the same whichever comes first."""
    return "-".join(sorted((a, b)))


class Wanted(Struct, frozen=True):
    """Which rows somebody wants: any of each kind that is named, and every word of the text."""

    topics: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    geo: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def passes(self, row: Row) -> bool:
        """Whether a row is wanted."""
        return (
            (not self.topics or not self.topics.isdisjoint(row.topics))
            and (not self.countries or not self.countries.isdisjoint(row.countries))
            and (not self.pairs or not self.pairs.isdisjoint(row.pairs))
            and (not self.languages or row.language in self.languages)
            and (not self.feeds or row.feed_id in self.feeds)
            and (not self.geo or row.geo in self.geo)
            and all(word in row.searched for word in self.words)
        )


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """Return what an address asks for: ``topic=a,b&country=CN&pair=CN-US&language=en&source=id&geo=true&q=words``.

    Raises:
        ConfigError: A value is none of its kind.
    """
    geo = frozenset(_listed(query, "geo"))
    if not geo <= {"true", "false", "unknown"}:
        raise ConfigError(f"geo={query['geo'][:40]!r} is none of true, false, unknown")
    pairs = [name.upper().split("-") for name in _listed(query, "pair")]
    if not all(len(pair) == 2 for pair in pairs):  # noqa: PLR2004 - a pair
        raise ConfigError(f"pair={query['pair'][:40]!r}: two countries with a dash between are needed, CN-US")
    return Wanted(
        topics=frozenset(_listed(query, "topic")),
        countries=frozenset(code.upper() for code in _listed(query, "country")),
        pairs=frozenset(pair_of(*pair) for pair in pairs),
        languages=frozenset(_listed(query, "language")),
        feeds=frozenset(_listed(query, "source")),
        geo=geo,
        words=tuple(query.get("q", "").casefold().split()),
    )


def positions_of(text: str) -> dict[int, int]:
    """Return offsets by partition from ``0:12,1:40``.

    Raises:
        ConfigError: It has another form.
    """
    try:
        pairs = [part.split(":") for part in text.split(",") if part]
        found = {int(partition): int(offset) for partition, offset in pairs}
    except ValueError:
        raise ConfigError(f"{text[:60]!r} is no list of partition:offset, 0:12,1:40") from None
    if any(number < 0 for pair in found.items() for number in pair):
        raise ConfigError(f"{text[:60]!r}: partitions and offsets are not negative")
    return found


def as_text(positions: Mapping[int, int]) -> str:
    """Return offsets by partition as ``0:12,1:40``."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(positions.items()))


def _delay(event: _Event, written: int) -> int | None:
    if event.reason not in {"new", "edited"}:
        return None
    return max(0, written - to_milliseconds(event.fetched))


def _listed(query: Mapping[str, str], name: str) -> list[str]:
    return [word for word in query.get(name, "").split(",") if word]
