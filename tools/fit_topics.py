"""Fit the coefficients of agents/classify/topics/decision.yaml on the evaluation data, with folds grouped by feed.

Run ``GEOWIRE_EVAL_DATA=… .venv/bin/python -m tools.fit_topics``; it prints out-of-fold figures and the coefficients to
be put into the file. Only the coefficients of some twenty named features come out of the data, no text.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from math import exp
from pathlib import Path
from typing import Any

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import Gazetteer, find, load_gazetteer
from agents.classify.topics.features import Item, item_features, read, topic_features
from agents.classify.topics.topics import TopicModel, load_topics

_FOLDS = 5
_RIDGE = 0.05
# What a set counts: the gold is labelled by the guide that readers of the events follow; sections of papers are not.
_WEIGHTS = {
    "gold": 6.0,
    "wiki_current_events": 1.5,
    "case2021_task2": 0.5,
    "plover_gsr": 1.0,
    "muc4": 0.3,
    "bbc2225": 0.5,
    "masakhanews": 0.5,
    "ag_news_test": 0.2,
}


class Row(Struct):
    """One labelled item, read."""

    group: str
    weight: float
    item: Item
    geo: bool | None
    topics: frozenset[str]
    ignored: frozenset[str]
    complete: bool


def main() -> None:
    """Fit and print."""
    model, _ = load_topics()
    gazetteer, _ = load_gazetteer()
    rows = list(_rows(Path(os.environ["GEOWIRE_EVAL_DATA"]) / "eval", model, gazetteer))
    print(f"{len(rows)} items")
    geopolitical = _fit_geopolitical(rows)
    _fit_topics(rows, geopolitical, sorted(model.catalogue))


def _rows(data: Path, model: TopicModel, gazetteer: Gazetteer) -> Iterator[Row]:
    for name, weight in _WEIGHTS.items():
        for raw in _read(data, name):
            terms = model.terms.get(raw["lang"])
            if terms is None:
                continue
            document = Document(
                title=raw.get("title") or "",
                text=raw.get("text") or "",
                language=raw["lang"],
                published=raw.get("date"),
            )
            gold = name == "gold"
            agreed = frozenset(raw["topics_agreed"] or () if gold else raw.get("topics") or ())
            yield Row(
                group=f"{name}:{raw['id'].split('#')[0]}",
                weight=weight,
                item=read(document, find(document, gazetteer).mentions, terms),
                geo=raw.get("geo"),
                topics=agreed & model.catalogue.keys(),
                ignored=frozenset(raw["topics_either"] or ()) - agreed if gold else frozenset(),
                complete=gold or bool(raw.get("topics_complete")),
            )


def _read(data: Path, name: str) -> Iterator[dict[str, Any]]:
    if name == "gold":
        for part in ("items_dev", "articles_dev"):
            for line in (data / f"gold/{part}.jsonl").read_text("utf-8").splitlines():
                raw = json.loads(line)
                raw["lang"] = {"eng": "en"}.get(raw["lang"] or "", raw["lang"]) or "en"
                yield raw
    else:
        with gzip.open(data / f"topics/{name}.jsonl.gz") as lines:
            yield from map(json.loads, lines)


Example = tuple[list[float], bool, float, str]


def _fit_geopolitical(rows: list[Row]) -> list[float]:
    examples = [(item_features(r.item), r.geo, r.weight, r.group) for r in rows if r.geo is not None]
    guesses = _out_of_fold(examples)
    gold = [(g, e[1]) for g, e in zip(guesses, examples, strict=True) if e[3].startswith("gold")]
    for cut in (0.3, 0.4, 0.5, 0.6):
        print(f"geopolitical, gold, out of fold, from {cut}: {_scores(gold, cut)}")
    for name in _WEIGHTS:
        mine = [(g, e[1]) for g, e in zip(guesses, examples, strict=True) if e[3].startswith(name)]
        negatives = [g for g, truth in mine if not truth]
        wrong = sum(g >= 0.5 for g in negatives)
        print(f"  {name}: {_scores(mine, 0.5)}; false positives {wrong} of {len(negatives)}")
    coefficients = fit(examples)
    print("geopolitical:", [round(c, 3) for c in coefficients])
    return coefficients


def _fit_topics(rows: list[Row], geopolitical: list[float], names: Sequence[str]) -> None:
    examples: list[Example] = []
    labels: list[str] = []
    missed: dict[str, int] = dict.fromkeys(names, 0)
    for row in rows:
        if row.geo is not True:
            continue
        odds = _product(item_features(row.item), geopolitical)
        for name in names:
            spoken = row.item.topics.get(name)
            if spoken is None:
                missed[name] += row.group.startswith("gold") and name in row.topics
                continue
            if name in row.ignored or (not row.complete and name not in row.topics):
                continue
            examples.append((topic_features(row.item, spoken, odds), name in row.topics, row.weight, row.group))
            labels.append(name)
    guesses = _out_of_fold(examples)
    gold = [(g, e[1]) for g, e in zip(guesses, examples, strict=True) if e[3].startswith("gold")]
    for cut in (0.3, 0.35, 0.4, 0.45, 0.5):
        print(f"topics, gold, out of fold, from {cut}: {_scores(gold, cut, missed=sum(missed.values()))}")
    for name in names:
        mine = [
            (g, e[1])
            for g, e, label in zip(guesses, examples, labels, strict=True)
            if label == name and e[3].startswith("gold")
        ]
        print(f"  {name}: {_scores(mine, 0.4, missed=missed[name])}")
    print("topic:", [round(c, 3) for c in fit(examples)])


def _out_of_fold(examples: Sequence[Example]) -> list[float]:
    fold = [zlib.crc32(example[3].encode()) % _FOLDS for example in examples]
    fitted = [fit([e for e, f in zip(examples, fold, strict=True) if f != number]) for number in range(_FOLDS)]
    return [_probability(_product(e[0], fitted[f])) for e, f in zip(examples, fold, strict=True)]


def fit(examples: Sequence[Example]) -> list[float]:
    """Return the coefficients of a weighted ridge logistic regression, by Newton's method."""
    size = len(examples[0][0])
    coefficients = [0.0] * size
    for _ in range(25):
        gradient = [-_RIDGE * c for c in coefficients]
        hessian = [[_RIDGE if i == j else 0.0 for j in range(size)] for i in range(size)]
        for features, truth, weight, _group in examples:
            guess = _probability(_product(features, coefficients))
            slope = weight * guess * (1 - guess)
            for i, left in enumerate(features):
                gradient[i] += weight * (truth - guess) * left
                for j, right in enumerate(features):
                    hessian[i][j] += slope * left * right
        step = _solve(hessian, gradient)
        coefficients = [c + s for c, s in zip(coefficients, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    return coefficients


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
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


def _scores(pairs: Sequence[tuple[float, bool | None]], cut: float, *, missed: int = 0) -> str:
    found = sum(g >= cut and bool(t) for g, t in pairs)
    said = sum(g >= cut for g, _ in pairs)
    true = sum(bool(t) for _, t in pairs) + missed
    precision, recall = found / max(said, 1), found / max(true, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return f"F1 {f1:.3f} P {precision:.3f} R {recall:.3f} n {true}"


def _product(features: Sequence[float], coefficients: Sequence[float]) -> float:
    return sum(f * c for f, c in zip(features, coefficients, strict=True))


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))


if __name__ == "__main__":
    main()
