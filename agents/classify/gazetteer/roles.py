"""Which of the countries an item names it is about: presence is not aboutness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log, log1p

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.mentions import Mention
from agents.knowledge import KnowledgeFile, parse_yaml

_LEAD = 300
_UNIT = 500.0
_PLAIN = frozenset({"name", "people", "capital", "seat", "body", "actor", "place"})


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """``rules/roles.yaml``, which explains the fields."""

    features: dict[str, float]
    about_from: float


class Role(Struct, frozen=True):
    """Whether an item is about a country, and how likely a reader of the guide agrees."""

    about: bool
    score: float | None


def read_weights(files: list[KnowledgeFile]) -> Weights:
    """Read the weights; the operator's file replaces the shipped one.

    Raises:
        ConfigError: A file is not of the form.
    """
    (weights, *_) = [parse_yaml(file, Weights) for file in reversed(files) if file.stem == "roles"]
    return weights


def roles(named: Mapping[str, Sequence[Mention]], document: Document, weights: Weights) -> dict[str, Role]:
    """Decide for each country named.

    Args:
        named: Code to where it is named.
        document: The item.
        weights: What each feature counts, and how much is enough.
    """
    decided = {}
    for code, features in role_features(named, document).items():
        odds = sum(weights.features.get(name, 0.0) * value for name, value in features.items())
        score = 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))
        decided[code] = Role(score >= weights.about_from, round(score, 3))
    return decided


def role_features(named: Mapping[str, Sequence[Mention]], document: Document) -> dict[str, dict[str, float]]:
    """Return what speaks for each country: where, how often and how it is named.

    ===========  ======================================================================================================
    constant     1
    title        1 where the title names it
    lead         1 where the title or the first 300 characters name it
    first        1 where the text names it before all others
    share        its share of all mentions
    times        log of its mentions
    rivals       log of the number of other countries
    length       log of the text's length in units of 500 characters
    loose        1 where only cities, regions, clubs or firms name it
    passing      1 where it is only where the reporter sits, or the money
    ===========  ======================================================================================================
    """
    total = sum(len(found) for found in named.values())
    length = log1p(len(document.text) / _UNIT)
    first = min((found[0] for found in named.values()), key=lambda m: (m.field == "text", m.start), default=None)
    lone = {code for code, found in named.items() if all(mention.passing for mention in found)}
    features = {}
    for code, found in named.items():
        title = found[0].field == "title"
        lead = title or any(mention.start < _LEAD for mention in found)
        features[code] = {
            "constant": 1.0,
            "title": float(title),
            "lead": float(lead),
            "first": float(found[0] is first),
            "share": len(found) / total,
            "times": log(len(found)),
            "rivals": log(len(named)),
            "length": length,
            "loose": float(not any(mention.kind in _PLAIN for mention in found)),
            "passing": float(code in lone and len(lone) < len(named)),
        }
    return features
