"""``decision.yaml``: coefficients of the two logistic functions, and from what probability on they say yes."""

from __future__ import annotations

from math import exp

from msgspec import Struct

from agents.classify.topics.features import ITEM_FEATURES, TOPIC_FEATURES
from agents.knowledge import KnowledgeFile, mistake, parse_yaml

_ODDS_MAX = 30.0


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    geopolitical: dict[str, float]
    topic: dict[str, float]
    geopolitical_from: float
    topic_from: float
    topics_max: int


class Decision(Struct, frozen=True):
    """Coefficients in the order of the features, and thresholds.

    Attributes:
        item: Coefficients of ``geopolitical``.
        topic: Coefficients of a topic.
        item_from: Probability from which on an item is geopolitical.
        topic_from: The same for a topic of a geopolitical item.
        topics_max: How many topics an item has at most.
    """

    item: tuple[float, ...]
    topic: tuple[float, ...]
    item_from: float
    topic_from: float
    topics_max: int


def read_decision(files: list[KnowledgeFile]) -> Decision:
    """Read the coefficients; an operator's file takes the place of the shipped one.

    Raises:
        ConfigError: The file is not of the form, or has other features than the code.
    """
    (file, *_) = [file for file in reversed(files) if file.stem == "decision"]
    content = parse_yaml(file, _File)
    for name, found, known in (
        ("geopolitical", content.geopolitical, ITEM_FEATURES),
        ("topic", content.topic, TOPIC_FEATURES),
    ):
        if found.keys() != set(known):
            raise mistake(file, f"{name} must have the features {', '.join(known)}", at=f"{name}:")
    return Decision(
        item=tuple(content.geopolitical[name] for name in ITEM_FEATURES),
        topic=tuple(content.topic[name] for name in TOPIC_FEATURES),
        item_from=content.geopolitical_from,
        topic_from=content.topic_from,
        topics_max=content.topics_max,
    )


def probability(odds: float) -> float:
    """Return the probability that log-odds stand for."""
    return 1.0 / (1.0 + exp(-max(-_ODDS_MAX, min(_ODDS_MAX, odds))))
