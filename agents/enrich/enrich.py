"""One unique item → one enriched event: the stateless half of the pipe, a pure function of one record."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import Gazetteer, find, load_gazetteer
from agents.classify.gazetteer.pairs import pairs
from agents.classify.topics.topics import TopicModel, decide, load_topics
from agents.knowledge import KnowledgeFile, knowledge_hash
from agents.normalise.language import detect
from agents.normalise.normalise import normalise, normalise_title
from agents.notices.notices import Notices, find_notice, load_notices
from agents.publish.publish import Decided, EventText, Provenance, publish
from agents.strip.forms import Forms
from agents.strip.load import load_forms
from agents.strip.strip import strip
from schemas.enriched import Coverage, Enriched, Pipeline
from schemas.raw import RawItem

# Teasers of the feeds at hand have 9 to 95 words, full texts hundreds.
_FULL_TEXT = 800


class Knowledge(Struct, frozen=True):
    """All knowledge files, compiled, and what identifies them."""

    forms: Forms
    gazetteer: Gazetteer
    topics: TopicModel
    notices: Notices
    pipeline: Pipeline


LOADERS = (
    (load_forms, ("strip/forms",)),
    (load_gazetteer, ("classify/gazetteer/world", "classify/gazetteer/names", "classify/gazetteer/rules")),
    (load_topics, ("classify/topics", "classify/topics/terms")),
    (load_notices, ("notices/forms",)),
)
"""What reads knowledge files, and from which directories."""


def load_knowledge(overlay: Path | None = None) -> Knowledge:
    """Read and compile the shipped knowledge files and the operator's.

    Raises:
        ConfigError: A file of the overlay is not valid.
    """
    return read_knowledge(overlay)[0]


def read_knowledge(overlay: Path | None = None) -> tuple[Knowledge, list[KnowledgeFile]]:
    """Return the knowledge and the files it was read from, the shipped ones before the operator's in each room.

    Raises:
        ConfigError: A file of the overlay is not valid.
    """
    forms, form_files = load_forms(overlay)
    gazetteer, gazetteer_files = load_gazetteer(overlay)
    topics, topic_files = load_topics(overlay)
    notices, notice_files = load_notices(overlay)
    files = [*form_files, *gazetteer_files, *topic_files, *notice_files]
    pipeline = Pipeline(version=version("geowire"), knowledge=knowledge_hash(files))
    return Knowledge(forms, gazetteer, topics, notices, pipeline), files


def enrich(item: RawItem, provenance: Provenance, knowledge: Knowledge, *, text: EventText = "full") -> Enriched:
    """Normalise, strip and classify an item, and put the event together."""
    return enrich_whole(item, provenance, knowledge, text=text)[0]


def enrich_whole(
    item: RawItem, provenance: Provenance, knowledge: Knowledge, *, text: EventText = "full"
) -> tuple[Enriched, str]:
    """Do the same; return the event and the whole stripped text, whatever the event carries of it."""
    return enrich_batch([(item, provenance)], knowledge, text=text)[0]


def enrich_batch(
    items: Sequence[tuple[RawItem, Provenance]], knowledge: Knowledge, *, text: EventText = "full"
) -> list[tuple[Enriched, str]]:
    """Do the same for several items, each as if it were alone.

    Stage by stage, not item by item: what a stage needs of code and knowledge then stays in the processor's caches,
    which makes a batch of 32 up to 40 % cheaper (docs/performance.md).
    """
    decided = _decided([item for item, _ in items], knowledge)
    return [
        (publish(item, of_item, provenance, knowledge.pipeline, text), of_item.text)
        for (item, provenance), of_item in zip(items, decided, strict=True)
    ]


def _decided(items: Sequence[RawItem], knowledge: Knowledge) -> list[Decided]:
    titles = [normalise_title(item.title) for item in items]
    sources = [normalise(item.body or item.summary or "") for item in items]
    languages = [
        detect(f"{title}\n{source.text}", stated=item.language or item.feed.language)
        for item, title, source in zip(items, titles, sources, strict=True)
    ]
    stripped = [
        strip(source, title=title, language=language.code, siblings=item.siblings, forms=knowledge.forms)
        for item, title, source, language in zip(items, titles, sources, languages, strict=True)
    ]
    documents = [
        Document(
            title=title,
            text=left.text,
            language=language.code,
            published=item.published or item.fetched,
            publisher=item.feed.publisher or item.feed.title,
        )
        for item, title, language, left in zip(items, titles, languages, stripped, strict=True)
    ]
    found = [find(document, knowledge.gazetteer) for document in documents]
    topical = [
        decide(document, of_document.mentions, knowledge.topics)
        for document, of_document in zip(documents, found, strict=True)
    ]
    paired = [pairs(*of_document, knowledge.gazetteer) for of_document in zip(documents, found, topical, strict=True)]
    notices = [find_notice(d.title, d.text, d.language, knowledge.notices) for d in documents]
    return [
        Decided(
            title=document.title,
            text=document.text,
            language=languages[n],
            removed=stripped[n].removed,
            uncertain=stripped[n].uncertain,
            notice=notices[n],
            geopolitical=topical[n].geopolitical,
            topics=topical[n].topics,
            countries=found[n].countries,
            places=found[n].places,
            actors=found[n].actors,
            pairs=paired[n],
            coverage=Coverage(
                language=topical[n].coverage, text=_extent(items[n], document.text), truncated=sources[n].truncated
            ),
        )
        for n, document in enumerate(documents)
    ]


def _extent(item: RawItem, text: str) -> Literal["headline", "summary", "full", "page"]:
    """Say how much of the article there was to look at."""
    if not text.strip():
        return "headline"
    if item.basis == "page":
        return "page"
    return "full" if len(text) >= _FULL_TEXT else "summary"
