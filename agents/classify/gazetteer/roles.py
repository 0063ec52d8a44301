"""Which of the countries an item names it is about: presence is not aboutness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import exp, log, log1p
from operator import mul

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.mentions import Mention
from agents.knowledge import KnowledgeFile, parse_yaml

_LEAD = 300
_UNIT = 500.0
_PLAIN = frozenset({"name", "people", "capital", "seat", "body", "actor", "place"})


class Weights(Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """``rules/roles.yaml``, which explains the fields."""

    features: dict[str, float]
    about_from: float
    calibrated: dict[str, tuple[float, float]] = {}

    @cached_property
    def in_order(self) -> tuple[float, ...]:
        """The weights in the order of the features."""
        return tuple(self.features.get(name, 0.0) for name in FEATURES)

    @cached_property
    def odds_from(self) -> float:
        """The log odds of ``about_from``."""
        return log(self.about_from / (1 - self.about_from))


class Role(Struct, frozen=True, gc=False):
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
        named: Code to where it is named: title before text, from left to right; the country named first comes first.
        document: The item.
        weights: What each feature counts, and how much is enough.
    """
    calibrated = weights.calibrated.get(document.language)
    decided = {}
    for code, features in role_features(named, len(document.text)).items():
        odds = sum(map(mul, features, weights.in_order))
        score = None if calibrated is None else round(_probability(calibrated[0] * odds + calibrated[1]), 3)
        decided[code] = Role(odds >= weights.odds_from, score)
    return decided


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))


FEATURES = (
    "constant",
    "title",
    "lead",
    "first",
    "share",
    "times",
    "rivals",
    "length",
    "crowd",
    "parts",
    "loose",
    "passing",
)


def role_features(named: Mapping[str, Sequence[Mention]], characters: int) -> dict[str, tuple[float, ...]]:
    """Return what speaks for each country, in the order of ``FEATURES``.

    ===========  ======================================================================================================
    constant     1
    title        1 where the title names it
    lead         1 where the title or the first 300 characters name it
    first        1 where the text names it before all others
    share        its share of all mentions
    times        log of its mentions
    rivals       log of the number of other countries
    length       log of the text's length in units of 500 characters
    crowd        rivals × length
    parts        log of the number of parts of 300 characters that name it
    loose        1 where only cities, regions, clubs or firms name it
    passing      1 where it is only where the reporter sits, or the money
    ===========  ======================================================================================================
    """
    if not named:
        return {}
    total = sum(map(len, named.values()))
    first = next(iter(named.values()))[0]
    lone = {code for code, found in named.items() if found[0].passing and all(mention.passing for mention in found)}
    some = 0 < len(lone) < len(named)
    rivals, length = log(len(named)), log1p(characters / _UNIT)
    features: dict[str, tuple[float, ...]] = {}
    for code, found in named.items():
        title = found[0].field == "title"
        times = len(found)
        parts = {mention.start // _LEAD for mention in found if mention.field == "text"} if times > 1 else ()
        features[code] = (
            1.0,
            title,
            title or found[0].start < _LEAD,
            found[0] is first,
            times / total,
            log(times),
            rivals,
            length,
            rivals * length,
            log(len(parts) or 1),
            found[0].kind not in _PLAIN and all(mention.kind not in _PLAIN for mention in found),
            some and code in lone,
        )
    return features
