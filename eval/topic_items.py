"""The labelled items that topics are measured and fitted on, read by the same functions as in the stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find
from agents.classify.topics.lexicon import Lexicon
from agents.classify.topics.reading import Reading, read
from agents.normalise.language import detect
from agents.normalise.normalise import normalise, normalise_title
from agents.strip.strip import strip
from eval.data import knowledge, records

SETS = {
    "gold/items_dev": "gold/items_dev.jsonl",
    "gold/articles_dev": "gold/articles_dev.jsonl",
    "wiki_current_events": "topics/wiki_current_events.jsonl.gz",
    "case2021_task2": "topics/case2021_task2.jsonl.gz",
    "plover_gsr": "topics/plover_gsr.jsonl.gz",
    "muc4": "topics/muc4.jsonl.gz",
    "bbc2225": "topics/bbc2225.jsonl.gz",
    "masakhanews": "topics/masakhanews.jsonl.gz",
    "10kgnad": "topics/10kgnad_test.jsonl.gz",
    "ag_news": "topics/ag_news_test.jsonl.gz",
}
_OLDER_NAMES = {
    "nuclear_arms_control": "arms_control_nuclear",
    "treaties_territorial": "territorial_disputes",
    "espionage_cyber": "cyber_espionage",
}
_OUTLET = re.compile(r"fundus-\w+-[^_]+|ngr-dev|[^_#]+_\w\w_|.*")


class Item(Struct, frozen=True):
    """One labelled item.

    Attributes:
        set: The data set.
        id: Of the item in it.
        group: Set and outlet: what is fitted on one item of a group says nothing about another.
        document: What the classifiers see.
        lexicon: The terms of its language; None without.
        reading: What they find; None without.
        geo: Whether it is geopolitical; None where the labels differ or do not say.
        topics: Those it is about.
        ignored: Those that count neither way.
        complete: Whether it is about no others.
        primary: The one main topic.
        category: The section, where the set has sections.
    """

    set: str
    id: str
    group: str
    document: Document
    lexicon: Lexicon | None
    reading: Reading | None
    geo: bool | None
    topics: frozenset[str]
    ignored: frozenset[str]
    complete: bool
    primary: str | None
    category: str


def items_of(data: Path) -> list[Item]:
    """Read every labelled item.

    Args:
        data: The directory that holds ``eval/``.
    """
    return [item for name, path in SETS.items() for item in _items(name, data / "eval" / path)]


def _items(name: str, path: Path) -> Iterator[Item]:
    model = knowledge().topics
    gold = name.startswith("gold")
    for record in records(path):
        document = _document(record)
        lexicon = model.languages.get(document.language.partition("-")[0])
        named = record["topics_agreed"] if gold else record["topics"]
        topics = frozenset(_OLDER_NAMES.get(topic, topic) for topic in named or ()) & model.catalogue.keys()
        found = find(document, knowledge().gazetteer).mentions
        yield Item(
            set=name,
            id=record["id"],
            group=f"gold:{_outlet(record['id'])}" if gold else f"{name}:{record['id']}",
            document=document,
            lexicon=lexicon,
            reading=read(document, found, lexicon, model.names) if lexicon else None,
            geo=record["geo"],
            topics=topics,
            ignored=frozenset(record["topics_either"] or ()) - topics if gold else frozenset(),
            complete=gold or bool(record["topics_complete"]),
            primary=record["primary"] if gold else None,
            category="" if gold else str((record["gold"] or {}).get("category") or ""),
        )


def _document(record: Mapping[str, Any]) -> Document:
    """Return what the classifiers see of an item in the stream."""
    title, source = normalise_title(record["title"] or ""), normalise(record["text"] or "")
    language = detect(f"{title}\n{source.text}", stated=record["lang"]).code
    stripped = strip(source, title=title, language=language, siblings=(), forms=knowledge().forms)
    return Document(title=title, text=stripped.text, language=language, published=record["date"])


def _outlet(id_: str) -> str:
    found = _OUTLET.match(id_)
    return found[0] if found else id_
