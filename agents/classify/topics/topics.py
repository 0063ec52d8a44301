"""Decides whether an item is geopolitical, and which topics it is about."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.topics.features import CountryMention, Item, Spoken, item_features, read, topic_features
from agents.classify.topics.terms import CatalogueEntry, Terms, read_catalogue, read_terms
from agents.knowledge import KnowledgeFile, parse_yaml, read_files
from schemas.enriched import Evidence, Geopolitical, Topic

_ROOM = "classify/topics"
_EVIDENCE_MAX = 5


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """``decision.yaml``: coefficients of the two logistic functions, and from what probability on they say yes."""

    geopolitical: tuple[float, ...]
    topic: tuple[float, ...]
    geopolitical_from: float
    topic_from: float
    topics_max: int
    topic_offset: dict[str, float] = {}


class TopicModel(Struct, frozen=True):
    """The compiled knowledge."""

    catalogue: dict[str, CatalogueEntry]
    terms: dict[str, Terms]
    decision: Decision


class TopicDecision(Struct, frozen=True):
    """What was decided. Without knowledge of the language ``geopolitical.value`` and ``topics`` are None, never no."""

    geopolitical: Geopolitical
    topics: tuple[Topic, ...] | None
    coverage: Literal["proven", "experimental", "none"]


def load_topics(overlay: Path | None = None) -> tuple[TopicModel, list[KnowledgeFile]]:
    """Read and compile catalogue, terms and coefficients, the operator's laid over the shipped ones.

    Raises:
        ConfigError: A file is not of its form; says file and fault.
    """
    general = read_files(_ROOM, overlay=overlay)
    terms = read_files(f"{_ROOM}/terms", overlay=overlay)
    catalogue = read_catalogue(general)
    (decision, *_) = [parse_yaml(file, Decision) for file in reversed(general) if file.stem == "decision"]
    return TopicModel(catalogue, read_terms(terms, catalogue), decision), [*general, *terms]


def decide(document: Document, mentions: Sequence[CountryMention], model: TopicModel) -> TopicDecision:
    """Decide about an item.

    Args:
        document: The stripped item.
        mentions: The countries that the gazetteer found in it.
        model: The knowledge.
    """
    terms = model.terms.get(document.language.partition("-")[0])
    if terms is None:
        return TopicDecision(Geopolitical(value=None), None, "none")
    item = read(document, mentions, terms)
    odds = _product(item_features(item), model.decision.geopolitical)
    score = _probability(odds)
    value = bool(item.topics) and score >= model.decision.geopolitical_from
    topics = _topics(document, item, odds, model, calibrated=terms.coverage == "proven") if value else ()
    shown = round(score, 3) if terms.coverage == "proven" else None
    return TopicDecision(Geopolitical(value=value, score=shown), topics, terms.coverage)


def _topics(document: Document, item: Item, odds: float, model: TopicModel, *, calibrated: bool) -> tuple[Topic, ...]:
    """Return the topics it is about, at least one, as it is geopolitical: the primary first, then the likeliest.

    The primary one has the most weight of terms: a side matter in plain words can be more certain than the main one.
    """
    scored = sorted(
        ((topic_score(item, id_, spoken, odds, model.decision), id_) for id_, spoken in item.topics.items()),
        key=lambda entry: (-entry[0], entry[1]),
    )
    likely = [entry for entry in scored if entry[0] >= model.decision.topic_from][: model.decision.topics_max]
    chosen = likely or scored[:1]
    primary = max(chosen, key=lambda entry: (item.topics[entry[1]].points, entry[0]))
    return tuple(
        Topic(
            id=id_,
            medtop=model.catalogue[id_].medtop,
            score=round(score, 3) if calibrated else None,
            primary=id_ == primary[1],
            evidence=_evidence(document, item.topics[id_]),
        )
        for score, id_ in sorted(chosen, key=lambda entry: entry is not primary)
    )


def topic_score(item: Item, id_: str, spoken: Spoken, odds: float, decision: Decision) -> float:
    """Return the probability that a reader of the guide finds the item to be about the topic."""
    offset = decision.topic_offset.get(id_, 0.0)
    return _probability(_product(topic_features(item, spoken, odds), decision.topic) + offset)


def _evidence(document: Document, spoken: Spoken) -> tuple[Evidence, ...]:
    best = sorted(spoken.spans, key=lambda span: -span[3])[:_EVIDENCE_MAX]
    return tuple(
        Evidence(
            field=field,
            start=hit.start,
            end=hit.end,
            text=(document.title if field == "title" else document.text)[hit.start : hit.end],
            rule=f"topics.{sense.topic}.{sense.level}",
            weight=round(weight, 2),
        )
        for field, hit, sense, weight in best
    )


def _product(features: Sequence[float], coefficients: Sequence[float]) -> float:
    return sum(feature * coefficient for feature, coefficient in zip(features, coefficients, strict=True))


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))
