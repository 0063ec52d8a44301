"""Fit the coefficients of agents/classify/gazetteer/rules/roles.yaml on the evaluation data.

Run ``GEOWIRE_EVAL_DATA=… .venv/bin/python -m tools.fit_roles``; it prints the figures of every set under coefficients
that were fitted without it, of the gold out of fold (folds grouped by feed), and the coefficients to be put into the
file. Only the coefficients of some ten named features come out of the data, no text.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import exp
from pathlib import Path

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer
from agents.classify.gazetteer.mentions import Mention
from agents.classify.gazetteer.roles import FEATURES, role_features
from agents.normalise.language import detect
from agents.normalise.normalise import normalise, normalise_title
from eval.countries import date
from eval.data import Count, records
from eval.topic_fit import Example, fit

_SETS = {
    "gold": (("gold/items_dev.jsonl", "gold/articles_dev.jsonl"), 1.0),
    "reuters": (("countries/reuters21578.jsonl.gz",), 0.3),
    "plover": (("topics/plover_gsr.jsonl.gz",), 0.5),
}
_FOLDS = 5
_CALIBRATED_FROM = 40
_CUTS = (0.4, 0.45, 0.5, 0.55)


class Labelled(Struct, frozen=True):
    """One item: its set, its language and feed, the features of each country, and what the labels say."""

    data: str
    language: str
    feed: str
    weight: float
    features: dict[str, list[float]]
    gold: frozenset[str]
    ignored: frozenset[str]


def main() -> None:
    """Fit and print."""
    data = Path(os.environ["GEOWIRE_EVAL_DATA"]) / "eval"
    items = _items(data)
    for name in _SETS:
        mine = [item for item in items if item.data == name]
        rest = fit(_examples([item for item in items if item.data != name]))
        _print(f"{name}, without it", [(item, rest) for item in mine])
    for name in ("gold", "reuters"):
        guessed = _out_of_fold(items, name)
        _print(f"{name}, out of fold", guessed)
        if name == "gold":
            _reliability(guessed)
            _calibrated(guessed)
        else:
            _print("reuters not exactly {US}, out of fold", [(i, c) for i, c in guessed if i.gold != {"US"}])
    coefficients = fit(_examples(items))
    sys.stdout.write("".join(f"  {name}: {value:.2f}\n" for name, value in zip(FEATURES, coefficients, strict=True)))


def _out_of_fold(items: Sequence[Labelled], name: str) -> list[tuple[Labelled, list[float]]]:
    """Return the items of a set, each with the coefficients that were fitted without its feed."""
    mine = [item for item in items if item.data == name]
    rest = [item for item in items if item.data != name]
    folds = [zlib.crc32(item.feed.encode()) % _FOLDS for item in mine]
    fitted = [
        fit(_examples([*rest, *(item for item, f in zip(mine, folds, strict=True) if f != number)]))
        for number in range(_FOLDS)
    ]
    return [(item, fitted[f]) for item, f in zip(mine, folds, strict=True)]


def _items(data: Path) -> list[Labelled]:
    gazetteer, _ = load_gazetteer()
    items = []
    for name, (files, weight) in _SETS.items():
        for record in (record for file in files for record in records(data / file)):
            title, text = normalise_title(record["title"] or ""), normalise(record["text"] or "").text
            language = detect(f"{title}\n{text}", stated=record.get("lang")).code
            document = Document(title=title, text=text, language=language, published=date(record["date"]))
            named: defaultdict[str, list[Mention]] = defaultdict(list)
            for mention in find(document, gazetteer).mentions:
                for code in mention.codes:
                    named[code].append(mention)
            features = role_features(named, len(text))
            gold = frozenset(record["countries"] or ())
            items.append(
                Labelled(
                    data=name,
                    language=language,
                    feed=record["id"].split("#")[0],
                    weight=weight,
                    features={code: list(f) for code, f in features.items()},
                    gold=gold,
                    ignored=frozenset(record.get("countries_either") or ()) - gold,
                )
            )
    return items


def _examples(items: Sequence[Labelled]) -> list[Example]:
    return [
        Example(features, code in item.gold, item.weight)
        for item in items
        for code, features in item.features.items()
        if code not in item.ignored
    ]


def _print(title: str, guessed: Sequence[tuple[Labelled, list[float]]]) -> None:
    shown = []
    for cut in _CUTS:
        count = Count()
        for item, coefficients in guessed:
            found = {code for code, f in item.features.items() if _probability(f, coefficients) >= cut}
            count.add(item.gold, found, ignored=item.ignored)
        shown.append(f"{cut}: {count.f1:.3f}")
    sys.stdout.write(f"{title} (n {len(guessed)}), about F1 from {', '.join(shown)}\n")


def _reliability(guessed: Sequence[tuple[Labelled, list[float]]]) -> None:
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for item, coefficients in guessed:
        for code, features in item.features.items():
            if code not in item.ignored:
                score = _probability(features, coefficients)
                bins[min(int(score * 5), 4)].append((score, code in item.gold))
    for number, found in sorted(bins.items()):
        mean = sum(score for score, _ in found) / len(found)
        true = sum(truth for _, truth in found) / len(found)
        sys.stdout.write(f"  scores from {number / 5}: mean {mean:.2f}, true {true:.2f}, n {len(found)}\n")


def _calibrated(guessed: Sequence[tuple[Labelled, list[float]]]) -> None:
    """Print for each language with enough labels what turns the odds into a probability."""
    for language, n in Counter(item.language for item, _ in guessed).most_common():
        if n < _CALIBRATED_FROM:
            continue
        examples = [
            Example([_odds(features, coefficients), 1.0], code in item.gold, 1.0)
            for item, coefficients in guessed
            for code, features in item.features.items()
            if item.language == language and code not in item.ignored
        ]
        slope, offset = fit(examples)
        sys.stdout.write(f"  {language}: [{slope:.2f}, {offset:.2f}]  # n {n}\n")


def _odds(features: Sequence[float], coefficients: Sequence[float]) -> float:
    return sum(f * c for f, c in zip(features, coefficients, strict=True))


def _probability(features: Sequence[float], coefficients: Sequence[float]) -> float:
    return 1.0 / (1.0 + exp(-_odds(features, coefficients)))


if __name__ == "__main__":
    main()
