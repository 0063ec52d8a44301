"""What of the knowledge matches a text, where, and which file says so: for whoever writes knowledge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find
from agents.classify.gazetteer.mentions import Mention
from agents.classify.topics.lexicon import GENRES
from agents.classify.topics.reading import read
from agents.classify.topics.termfile import LEVELS
from agents.enrich.enrich import Knowledge
from agents.knowledge import KnowledgeFile
from schemas.enriched import Enriched


class Match(Struct, frozen=True):
    """One match.

    Attributes:
        field: Where: the title, the text as it came (``source``), or the text that is left (``text``).
        start: First code point there.
        end: Behind the last one.
        text: What stands there.
        says: What it says: a rule, a topic and level, a country.
        place: The file that says so, with the line where that can be told.
    """

    field: Literal["title", "source", "text"]
    start: int
    end: int
    text: str
    says: str
    place: str


def matches(event: Enriched, knowledge: Knowledge, files: Sequence[KnowledgeFile]) -> list[Match]:
    """Return everything that was found in an item, decisive or not.

    Args:
        event: The decided item, with its full text.
        knowledge: What it was decided with.
        files: The files of that knowledge.
    """
    document = Document(
        title=event.title,
        text=event.text,
        language=event.language.code,
        published=event.published or event.fetched,
        publisher=event.source.publisher or event.source.feed,
    )
    mentions = find(document, knowledge.gazetteer).mentions
    return [*_forms(event, files), *_names(document, mentions, files), *_terms(document, mentions, knowledge, files)]


def _forms(event: Enriched, files: Sequence[KnowledgeFile]) -> Iterator[Match]:
    for span in event.removed:
        says = f"{span.kind}, removed by {span.rule}"
        yield Match("source", span.start, span.end, span.text.strip(), says, _rule(span.rule, files))
    for doubt in event.uncertain:
        text = event.text[doubt.start : doubt.end].strip()
        says = f"{doubt.kind}, doubtful by {doubt.rule}: kept"
        yield Match("text", doubt.start, doubt.end, text, says, _rule(doubt.rule, files))
    if event.notice is not None:
        language, _, kind = event.notice.rule.partition(".")
        place = _first(files, f"notices/forms/{language}.yaml", f"{kind}:")
        yield Match("title", 0, len(event.title), event.title, f"notice, {event.notice.rule}", place)


def _rule(rule: str, files: Sequence[KnowledgeFile]) -> str:
    language, _, id_ = rule.partition(".")
    return "its shape, no form" if language == "any" else _first(files, f"strip/forms/{language}.yaml", f"id: {id_}")


def _names(document: Document, mentions: Sequence[Mention], files: Sequence[KnowledgeFile]) -> Iterator[Match]:
    language = document.language.partition("-")[0]
    tables = [file for file in files if file.name.startswith("classify/gazetteer/") and file.name.endswith(".tsv")]
    tables.sort(key=lambda file: (not file.overlay, file.stem not in {language, "mul"}))
    for mention in mentions:
        text = (document.title if mention.field == "title" else document.text)[mention.start : mention.end]
        said = " ".join(filter(None, (mention.kind, mention.id, "+".join(mention.codes))))
        place = next((place for file in tables if (place := file.place(text)) != file.shown), "")
        yield Match(mention.field, mention.start, mention.end, text, said, place)


def _terms(
    document: Document, mentions: Sequence[Mention], knowledge: Knowledge, files: Sequence[KnowledgeFile]
) -> Iterator[Match]:
    language = document.language.partition("-")[0]
    lexicon = knowledge.topics.languages.get(language)
    if lexicon is None:
        return
    slots = (*knowledge.topics.catalogue, *GENRES)
    for field, start, end, pattern, _ in read(document, mentions, lexicon, knowledge.topics.names).spans:
        if pattern < 0:
            continue  # a name, which has a match of its own
        text = document.title if field == "title" else document.text
        begin, stop = lexicon.word(text, start, end, pattern)
        says = ", ".join(f"{slots[slot]} ({LEVELS[level]})" for slot, level in lexicon.senses[pattern])
        place = _first(files, f"classify/topics/terms/{language}.yaml", lexicon.literal(pattern))
        yield Match(field, begin, stop, text[begin:stop], says, place)


def _first(files: Sequence[KnowledgeFile], name: str, text: str) -> str:
    """Return the place of a text in the file of that name, the operator's before the shipped one."""
    named = [file for file in reversed(files) if file.name == name]
    return next(
        (place for file in named if (place := file.place(text)) != file.shown), named[-1].shown if named else ""
    )
