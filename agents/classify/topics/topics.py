"""Decides whether an item is geopolitical, and which topics it is about."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.topics.catalogue import CatalogueEntry, read_catalogue
from agents.classify.topics.decision import Decision, probability, read_decision
from agents.classify.topics.features import item_features, shared, topic_features
from agents.classify.topics.lexicon import LEVEL_WEIGHTS, Languages, Lexicon
from agents.classify.topics.names import Names, read_names
from agents.classify.topics.reading import Field, Mention, Reading, Span, read
from agents.classify.topics.termfile import LEVELS
from agents.knowledge import KnowledgeFile, read_files
from schemas.enriched import Evidence, Geopolitical, Topic

_ROOM = "classify/topics"
_EVIDENCE_MAX = 4
# A topic with less than this share of the weight of the first is a remark at the side.
_ASIDE = 0.1
# Talks and fighting are how many matters show: the matter itself is the primary topic, unless it weighs much less.
_SHOWS = {"diplomacy": 0.7, "armed_conflict": 0.7}


class TopicModel(Struct, frozen=True):
    """The knowledge.

    Attributes:
        catalogue: The topics; their order is that of a reading's slots.
        languages: The terms.
        names: What actors and places of the gazetteer speak for, by id.
        decision: Coefficients and thresholds.
    """

    catalogue: dict[str, CatalogueEntry]
    languages: Languages
    names: Names
    decision: Decision


class TopicDecision(Struct, frozen=True):
    """What was decided. Without knowledge of the language ``geopolitical.value`` and ``topics`` are None, never no."""

    geopolitical: Geopolitical
    topics: tuple[Topic, ...] | None
    coverage: Literal["proven", "experimental", "none"]


class Scored(Struct, frozen=True):
    """A topic of an item: its slot and id, and how probable it is that the item is about it."""

    slot: int
    id: str
    score: float


def load_topics(overlay: Path | None = None) -> tuple[TopicModel, list[KnowledgeFile]]:
    """Read catalogue, terms and coefficients, the operator's laid over the shipped ones.

    Raises:
        ConfigError: A file is not of its form; says file and fault.
    """
    general = read_files(_ROOM, overlay=overlay)
    terms = read_files(f"{_ROOM}/terms", overlay=overlay)
    catalogue = read_catalogue(general)
    ids = list(catalogue)
    model = TopicModel(catalogue, Languages(terms, ids), read_names(general, ids), read_decision(general))
    return model, [*general, *terms]


def decide(document: Document, mentions: Sequence[Mention], model: TopicModel) -> TopicDecision:
    """Decide about an item.

    Args:
        document: The stripped item.
        mentions: The names that the gazetteer found in it.
        model: The knowledge.
    """
    lexicon = model.languages.get(document.language.partition("-")[0])
    if lexicon is None:
        return TopicDecision(Geopolitical(value=None), None, "none")
    return judge(document, read(document, mentions, lexicon, model.names), lexicon, model)


def judge(document: Document, reading: Reading, lexicon: Lexicon, model: TopicModel) -> TopicDecision:
    """Decide about an item that was read."""
    odds = dot(item_features(reading), model.decision.item)
    score = probability(odds)
    value = score >= model.decision.item_from and any(reading.points[: len(model.catalogue)])
    proven = lexicon.coverage == "proven"
    shown = round(score, 3) if proven else None
    if not value:
        return TopicDecision(Geopolitical(value=False, score=shown), (), lexicon.coverage)
    topics = _topics(document, reading, scored(reading, odds, model), lexicon, model, calibrated=proven)
    return TopicDecision(Geopolitical(value=True, score=shown), topics, lexicon.coverage)


def scored(reading: Reading, odds: float, model: TopicModel) -> list[Scored]:
    """Return the topics that an item has more than passing terms of, the likeliest first.

    Args:
        reading: The item.
        odds: Log-odds of its being geopolitical.
        model: The knowledge.
    """
    common = shared(reading, odds)
    coefficients = model.decision.topic
    least = _ASIDE * max(reading.points[: len(model.catalogue)])
    found = [
        Scored(slot, id_, probability(dot(topic_features(reading, slot, common), coefficients)))
        for slot, id_ in enumerate(model.catalogue)
        if reading.points[slot] > least
    ]
    return sorted(found, key=lambda entry: (-entry.score, entry.slot))


def _topics(
    document: Document, reading: Reading, found: list[Scored], lexicon: Lexicon, model: TopicModel, *, calibrated: bool
) -> tuple[Topic, ...]:
    """Return the topics it is about, at least one, as it is geopolitical: the primary first, then the likeliest.

    The primary one has the most weight of terms, that of talks and fighting reduced: a side matter in plain words can
    be more certain than the main one.
    """
    likely = [entry for entry in found if entry.score >= model.decision.topic_from][: model.decision.topics_max]
    chosen = likely or found[:1]
    primary = max(chosen, key=lambda entry: (reading.points[entry.slot] * _SHOWS.get(entry.id, 1.0), entry.score))
    evidence = _evidence(document, reading, chosen, lexicon, model)
    return tuple(
        Topic(
            id=entry.id,
            medtop=model.catalogue[entry.id].medtop,
            score=round(entry.score, 3) if calibrated else None,
            primary=entry is primary,
            evidence=evidence[entry.slot],
        )
        for entry in sorted(chosen, key=lambda entry: entry is not primary)
    )


def _evidence(
    document: Document, reading: Reading, chosen: list[Scored], lexicon: Lexicon, model: TopicModel
) -> dict[int, tuple[Evidence, ...]]:
    """Return by slot the spans that spoke most for each topic."""
    spoken: dict[int, list[tuple[float, int, int]]] = {entry.slot: [] for entry in chosen}
    for number, span in enumerate(reading.spans):
        pattern = span[3]
        for slot, level in lexicon.senses[pattern] if pattern >= 0 else model.names.senses_of(pattern):
            if slot in spoken:
                spoken[slot].append((-span[4] * LEVEL_WEIGHTS[level], number, level))
    texts: dict[Field, str] = {"title": document.title, "text": document.text}
    found: dict[int, tuple[Evidence, ...]] = {}
    for entry in chosen:
        rules = [f"topics.{entry.id}.{level}" for level in LEVELS]
        best = sorted(spoken[entry.slot])[:_EVIDENCE_MAX]
        found[entry.slot] = tuple(
            _spoken(texts, reading.spans[number], rules[level], -weight, lexicon) for weight, number, level in best
        )
    return found


def _spoken(texts: dict[Field, str], span: Span, rule: str, weight: float, lexicon: Lexicon) -> Evidence:
    field, start, end, pattern, _ = span
    text = texts[field]
    if pattern >= 0:
        start, end = lexicon.word(text, start, end, pattern)
    return Evidence(field=field, start=start, end=end, text=text[start:end], rule=rule, weight=round(weight, 2))


def dot(features: Sequence[float], coefficients: Sequence[float]) -> float:
    """Return the sum of the products."""
    return sum(map(mul, features, coefficients), 0.0)
