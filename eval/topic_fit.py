"""Fits the coefficients of the topics' decision: a weighted ridge logistic regression over some twenty features."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from agents.classify.topics.decision import Decision, probability
from agents.classify.topics.features import item_features, shared, topic_features
from agents.classify.topics.topics import dot
from eval.data import knowledge
from eval.topic_items import Item

FOLDS = 5
_RIDGE = 0.5
_ENOUGH = 1e-4
_STEPS = 25
# What an item of a set counts: the gold is labelled by the guide that readers of the events follow; sections of papers
# are not, and whole sets of one class must not outweigh it.
_WEIGHTS = {
    "gold/items_dev": 4.0,
    "gold/articles_dev": 4.0,
    "wiki_current_events": 1.5,
    "case2021_task2": 0.5,
    "plover_gsr": 0.7,
    "muc4": 0.3,
    "bbc2225": 0.5,
    "masakhanews": 0.5,
    "10kgnad": 1.0,
    "ag_news": 0.2,
}


class Example(Struct, frozen=True):
    """Features, what is true of them, and what that counts."""

    features: list[float]
    truth: bool
    weight: float


def fold_of(item: Item) -> int:
    """Return the fold of an item; one outlet's are all in one."""
    return zlib.crc32(item.group.encode()) % FOLDS


def fitted(items: Sequence[Item], shipped: Decision) -> Decision:
    """Return the decision with coefficients fitted on these items, and the shipped thresholds."""
    coefficients = fit(list(_item_examples(items)))
    return Decision(
        item=tuple(coefficients),
        topic=tuple(fit(list(_topic_examples(items, coefficients)))),
        item_from=shipped.item_from,
        topic_from=shipped.topic_from,
        topics_max=shipped.topics_max,
    )


def out_of_fold(items: Sequence[Item], shipped: Decision) -> list[Decision]:
    """Return for each fold the decision fitted without it."""
    return [fitted([item for item in items if fold_of(item) != fold], shipped) for fold in range(FOLDS)]


def _item_examples(items: Sequence[Item]) -> Iterator[Example]:
    for item in items:
        if item.reading is not None and item.geo is not None:
            yield Example(item_features(item.reading), item.geo, _WEIGHTS[item.set])


def _topic_examples(items: Sequence[Item], coefficients: Sequence[float]) -> Iterator[Example]:
    """Yield an example for each topic that a geopolitical item has terms of, where the labels say yes or no."""
    catalogue = list(enumerate(knowledge().topics.catalogue))
    for item in items:
        reading = item.reading
        if reading is None or item.geo is not True or not any(reading.points[: len(catalogue)]):
            continue
        common = shared(reading, dot(item_features(reading), coefficients))
        for slot, topic in catalogue:
            if reading.points[slot] and topic not in item.ignored and (item.complete or topic in item.topics):
                yield Example(topic_features(reading, slot, common), topic in item.topics, _WEIGHTS[item.set])


def fit(examples: Sequence[Example]) -> list[float]:
    """Return the coefficients, by Newton's method."""
    size = len(examples[0].features)
    coefficients = [0.0] * size
    for _ in range(_STEPS):
        gradient = [-_RIDGE * c for c in coefficients]
        hessian = [[_RIDGE if i == j else 0.0 for j in range(size)] for i in range(size)]
        for example in examples:
            guess = probability(dot(example.features, coefficients))
            slope = example.weight * guess * (1 - guess)
            error = example.weight * (example.truth - guess)
            for i, left in enumerate(example.features):
                if left:
                    gradient[i] += error * left
                    row, scaled = hessian[i], slope * left
                    for j in range(i + 1):
                        row[j] += scaled * example.features[j]
        for i in range(size):
            for j in range(i):
                hessian[j][i] = hessian[i][j]
        step = _solve(hessian, gradient)
        coefficients = [c + s for c, s in zip(coefficients, step, strict=True)]
        if max(map(abs, step)) < _ENOUGH:
            break
    return coefficients


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a system of linear equations, by Gauss and Jordan."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(size):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]
