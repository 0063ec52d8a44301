"""The newest events that stand, as far as feeds show them. Bounded: what is older is in Kafka."""

from __future__ import annotations

from heapq import nlargest

from msgspec import Struct

from schemas.enriched import Enriched
from streams.serving.address import Asked, ordered
from streams.serving.excerpts import served

MOST = 20_000
SHOWN = 50
"""Events of a feed."""


class Entry(Struct, frozen=True, gc=False):
    """An event as feeds show it.

    Attributes:
        item_id: Its item.
        id: Of the event.
        version: What orders the versions of an item: fetched, generation.
        title: Headline; empty where it was withdrawn.
        url: Of the article.
        excerpt: Of its text.
        published: By the publisher.
        language: BCP 47.
        source: Who published it.
        authors: As the feed has them.
        topics: The primary one first.
        countries: What it is about.
        pairs: Of them.
        rights: The publisher's statement.
        gone: Withdrawn, or not geopolitical: not shown.
    """

    item_id: str
    id: str
    version: tuple[str, int]
    title: str
    url: str | None
    excerpt: str
    published: str | None
    language: str
    source: str
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    countries: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    rights: str | None
    gone: bool


def entry_of(event: Enriched) -> Entry:
    """Return an event as feeds show it: an excerpt, whatever the operator may give away elsewhere."""
    event = served(event)
    return Entry(
        item_id=event.item_id,
        id=event.id,
        version=(event.fetched, event.generation),
        title=event.title,
        url=event.url,
        excerpt=event.text,
        published=event.published,
        language=event.language.code,
        source=event.source.name,
        authors=event.authors,
        topics=tuple(topic.id for topic in event.topics or ()),
        countries=tuple(country.code for country in event.countries if country.role == "about"),
        pairs=tuple(ordered(pair.a, pair.b) for pair in event.pairs),
        rights=event.rights.statement,
        gone=event.reason == "withdrawn" or event.geopolitical.value is False,
    )


class Newest:
    """One entry an item; of more than fit those fetched last."""

    def __init__(self, most: int = MOST) -> None:
        """Begin empty."""
        self._entries: dict[str, Entry] = {}
        self._most = most

    def take(self, entry: Entry) -> None:
        """Take in an event; an earlier version of what is there changes nothing."""
        old = self._entries.get(entry.item_id)
        if old is not None and entry.version < old.version:
            return
        self._entries[entry.item_id] = entry
        if len(self._entries) > self._most * 1.1:
            kept = nlargest(self._most, self._entries.values(), key=_age)
            self._entries = {entry.item_id: entry for entry in kept}

    def of(self, asked: Asked, most: int = SHOWN) -> list[Entry]:
        """Return the newest events of a feed, the newest first.

        By the time they were fetched: what is decided anew stays where it was.
        """
        return nlargest(most, (entry for entry in self._entries.values() if _shown(entry, asked)), key=_age)


def _age(entry: Entry) -> tuple[str, str]:
    return entry.version[0], entry.item_id


def _shown(entry: Entry, asked: Asked) -> bool:
    return not entry.gone and asked.takes(
        topics=entry.topics, countries=entry.countries, pairs=entry.pairs, language=entry.language
    )
