"""Which of the countries an item names it is about: presence is not aboutness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from agents.knowledge import KnowledgeFile, parse_yaml


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """``rules/roles.yaml``, which explains the fields."""

    title: float
    lead: float
    lead_characters: int
    text: float
    least: float
    least_share: float
    share_alone: float


def read_weights(files: list[KnowledgeFile]) -> Weights:
    """Read the weights; the operator's file replaces the shipped one.

    Raises:
        ConfigError: A file is not of the form.
    """
    (weights, *_) = [parse_yaml(file, Weights) for file in reversed(files) if file.stem == "roles"]
    return weights


def roles(named: Mapping[str, Sequence[tuple[str, int]]], weights: Weights) -> set[str]:
    """Return the countries that the item is about.

    Args:
        named: Code to where it is named: field and offset.
        weights: What a mention counts, by where it stands, and how much is enough.
    """
    points = {code: sum(_points(field, start, weights) for field, start in found) for code, found in named.items()}
    total = sum(points.values())
    return {
        code
        for code, found in named.items()
        if any(field == "title" for field, _ in found)
        or (points[code] >= weights.least and points[code] >= weights.least_share * total)
        or points[code] >= weights.share_alone * total
    }


def _points(field: str, start: int, weights: Weights) -> float:
    if field == "title":
        return weights.title
    return weights.lead if start < weights.lead_characters else weights.text
