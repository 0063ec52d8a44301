"""Topics: whether an item is geopolitical, which topics it is about, which is the primary one, how sure it is.

Every figure is out of fold: each item is decided by coefficients that were fitted without its outlet's items. The
shipped coefficients are fitted on all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from math import log1p
from pathlib import Path
from typing import NamedTuple

import msgspec

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find
from agents.classify.topics.decision import Decision, probability
from agents.classify.topics.features import item_features
from agents.classify.topics.reading import read
from agents.classify.topics.topics import TopicDecision, TopicModel, dot, judge
from eval.data import Count, knowledge
from eval.report import Row, Section, Table
from eval.topic_fit import FOLDS, Example, fit, fold_of, out_of_fold
from eval.topic_items import Item, items_of
from schemas.enriched import Geopolitical

_ENOUGH = 20
_LEAST_PART = 5
_DOUBTFUL = (0.3, 0.7)
_GOLD = ("gold/items_dev", "gold/articles_dev")
_ELSEWHERE = {
    "bbc2225": {"sport", "tech", "entertainment"},
    "masakhanews": {"sports", "health", "entertainment", "technology"},
    "10kgnad": {"Web", "Sport", "Etat", "Wissenschaft", "Kultur"},
}
"""Sections without geopolitics; business, politics and religion have some."""
_READ = Path(__file__).parent / "topics_read.txt"
_CASE = ("armed_conflict", "protest_unrest", "diplomacy", "terrorism", "human_rights")
_COARSE = {"peace_process": "diplomacy", "sanctions": "diplomacy", "trade": "diplomacy"}


class Decided(NamedTuple):
    """An item with its decision, the probability behind it, and the decision on its title alone."""

    item: Item
    found: TopicDecision
    score: float
    titled: TopicDecision

    @property
    def yes(self) -> bool:
        """Whether it was found to be geopolitical; not known counts as no."""
        return bool(self.found.geopolitical.value)

    @property
    def topics(self) -> frozenset[str]:
        """The topics that were found."""
        return frozenset(topic.id for topic in self.found.topics or ())

    @property
    def primary(self) -> str:
        """The primary topic that was found; empty without."""
        return next((topic.id for topic in self.found.topics or () if topic.primary), "")


def section(data: Path) -> Section:
    """Measure the topics."""
    items = items_of(data)
    models = [_model(decision) for decision in out_of_fold(items, knowledge().topics.decision)]
    decided: dict[str, list[Decided]] = defaultdict(list)
    for item in items:
        decided[item.set].append(_decided(item, models[fold_of(item)]))
    gold = [d for name in _GOLD for d in decided[name]]
    rows = [
        *_geopolitical("gold", gold, bar=0.90),
        *(_geo_row(name, decided[name]) for name in _GOLD),
        *_topics(gold),
        *_doubtful(gold),
        *_elsewhere(decided),
        _international(decided["10kgnad"]),
        _geo_row("wiki_current_events", decided["wiki_current_events"], bar=0.90, floor=0.875),
        *_case(decided["case2021_task2"]),
        _geo_row("ag_news World", [_world(d) for d in decided["ag_news"]], floor=0.869),
        *(row for name in ("plover_gsr", "muc4") for row in _recalls(name, decided[name])),
    ]
    return Section(
        title="Topics",
        rows=tuple(rows),
        sizes={name: len(found) for name, found in decided.items()},
        tables=(_reliability(gold), _coverage(gold)),
        errors=_errors(decided, gold),
        notes=_NOTES,
    )


_NOTES = (
    (
        "All figures are out of fold: each item is decided by coefficients fitted without the items of its outlet "
        "(gold) or without itself (other sets). *Constant*: every item is geopolitical; for topics, every geopolitical "
        "item is about diplomacy. *Title*: the same decision on the headline alone. An item whose language has no "
        "terms is not known, which counts as no, and as no false positive."
    ),
    (
        "Labels of the gold that the two readers did not agree on count neither way. CASE labels the event of a "
        "snippet: the first topic found that is one of its classes counts, none where the item is not geopolitical; "
        "*coarse* takes a peace process, sanctions and trade for diplomacy, as its labels AGREEMENT and DIPLO do, and "
        "any other topic for none; *learned* has the classes learned from the weights of our topics on other folds, as "
        "its floor has them learned from words. Its baseline says armed_conflict throughout."
    ),
    (
        "CASE stays below its bar. Its human_rights (18 snippets) are rapes and kidnappings, of which the guide leaves "
        "the local crimes out; its terrorism (25) is fighting, too. Tried: the rarest class first .66, the surest "
        "instead of the heaviest .70, coarse classes and learned ones as printed. Needed: who did what to whom in each "
        "sentence, from some hundred labelled snippets a class. The bars of masakhanews and 10kgnad are missed by "
        "section and met by what was read."
    ),
    (
        "Papers print missile tests under technology: *read* is the share of false positives without the items that "
        "were read and are geopolitical (`eval/topics_read.txt`)."
    ),
)


def _model(decision: Decision) -> TopicModel:
    return msgspec.structs.replace(knowledge().topics, decision=decision)


def _decided(item: Item, model: TopicModel) -> Decided:
    if item.reading is None or item.lexicon is None:
        return Decided(item, _UNKNOWN, 0.0, _UNKNOWN)
    found = judge(item.document, item.reading, item.lexicon, model)
    score = probability(dot(item_features(item.reading), model.decision.item))
    title = Document(title=item.document.title, text="", language=item.document.language)
    titled = read(title, find(title, knowledge().gazetteer).mentions, item.lexicon, model.names)
    return Decided(item, found, score, judge(title, titled, item.lexicon, model))


_UNKNOWN = TopicDecision(Geopolitical(value=None), None, "none")


def _geo_row(
    name: str, found: Sequence[Decided], *, part: str = "", bar: float | None = None, floor: float | None = None
) -> Row:
    sure = [d for d in found if d.item.geo is not None]
    baselines = {"constant": _f1(sure, lambda _: True)}
    if any(d.item.document.title for d in sure):
        baselines["title"] = _f1(sure, lambda d: bool(d.titled.geopolitical.value))
    return Row(
        data=name,
        part=part,
        measure="geopolitical F1",
        n=len(sure),
        ours=_f1(sure, lambda d: d.yes) if not part or len(sure) >= _LEAST_PART else None,
        bar=bar,
        floor=floor,
        baselines=baselines,
    )


def _f1(found: Iterable[Decided], answer: Callable[[Decided], bool]) -> float:
    count = Count()
    for d in found:
        count.add({"yes"} if d.item.geo else set(), {"yes"} if answer(d) else set())
    return count.f1


def _geopolitical(name: str, gold: Sequence[Decided], *, bar: float) -> Iterator[Row]:
    yield _geo_row(name, gold, bar=bar)
    for language, found in sorted(_by_language(gold).items(), key=lambda entry: -len(entry[1])):
        yield _geo_row(name, found, part=language)


def _by_language(found: Iterable[Decided]) -> dict[str, list[Decided]]:
    parts: dict[str, list[Decided]] = defaultdict(list)
    for d in found:
        parts[d.item.document.language].append(d)
    return parts


def _topics(gold: Sequence[Decided]) -> Iterator[Row]:
    """Yield micro-F1, the figures of each topic and language, and how often the primary topic is right."""
    sure = [d for d in gold if d.item.geo is not None]
    yield _topic_row(sure, "", bar=0.75)
    for topic in knowledge().topics.catalogue:
        n = sum(topic in d.item.topics for d in sure)
        ours = _topic_f1(sure, lambda d: d.topics, only=topic)
        yield Row(
            data="gold",
            part=topic,
            measure="topic F1",
            n=n,
            ours=ours if n >= _ENOUGH else None,
            bar=0.60 if n >= _ENOUGH else None,
            baselines={"title": _topic_f1(sure, _titled, only=topic), "any n": ours},
        )
    for language, found in sorted(_by_language(sure).items(), key=lambda entry: -len(entry[1])):
        yield _topic_row(found, language)
    primaries = [d for d in sure if d.item.geo and d.item.primary]
    most = Counter(d.item.primary for d in primaries).most_common(1)[0][0]
    yield Row(
        data="gold",
        measure="primary topic right",
        n=len(primaries),
        ours=sum(d.primary == d.item.primary for d in primaries) / len(primaries),
        baselines={f"constant {most}": sum(d.item.primary == most for d in primaries) / len(primaries)},
    )


def _topic_row(found: Sequence[Decided], part: str, *, bar: float | None = None) -> Row:
    n = sum(len(d.item.topics) for d in found)
    return Row(
        data="gold",
        part=part,
        measure="topics micro-F1",
        n=n,
        ours=_topic_f1(found, lambda d: d.topics) if not part or n >= _LEAST_PART else None,
        bar=bar,
        baselines={
            "constant": _topic_f1(found, lambda d: frozenset({"diplomacy"} if d.item.geo else ())),
            "title": _topic_f1(found, _titled),
        },
    )


def _titled(d: Decided) -> frozenset[str]:
    return frozenset(topic.id for topic in d.titled.topics or ())


def _topic_f1(found: Iterable[Decided], answer: Callable[[Decided], frozenset[str]], *, only: str = "") -> float:
    count = Count()
    for d in found:
        expected, said = d.item.topics, answer(d)
        if only:
            expected, said = expected & {only}, said & {only}
        count.add(expected, said, ignored=d.item.ignored)
    return count.f1


def _doubtful(gold: Sequence[Decided]) -> Iterator[Row]:
    """Yield how many of the items that two readers would split over have a score in the middle, and of the others."""
    known = [d for d in gold if d.item.reading is not None]
    low, high = _DOUBTFUL
    for measure, found in (
        ("unsure items scored .3 to .7", [d for d in known if d.item.geo is None]),
        ("sure items scored .3 to .7", [d for d in known if d.item.geo is not None]),
    ):
        share = sum(low <= d.score <= high for d in found) / max(len(found), 1)
        yield Row(data="gold", measure=measure, n=len(found), ours=share)


def _elsewhere(decided: dict[str, list[Decided]]) -> Iterator[Row]:
    """Yield the false positives in sections without geopolitics, by set, and by language or section."""
    every: list[Decided] = []
    for name, sections in _ELSEWHERE.items():
        found = [d for d in decided[name] if d.item.category in sections and d.item.reading is not None]
        every += found
        yield _false_positives(name, found, bar=0.02)
        yield _false_positives(f"{name}, read", [d for d in found if d.item.id not in _read()])
        parts: dict[str, list[Decided]] = defaultdict(list)
        for d in found:
            parts[d.item.category].append(d)
            if name == "masakhanews":
                parts[d.item.document.language].append(d)
        for part, mine in sorted(parts.items()):
            yield _false_positives(name, mine, part=part)
    yield _false_positives("sport, tech, culture, health", every, bar=0.02)
    yield _false_positives("sport, tech, culture, health, read", [d for d in every if d.item.id not in _read()])


@cache
def _read() -> frozenset[str]:
    """Return the ids of items that were found geopolitical, were read, and are so."""
    lines = _READ.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _false_positives(name: str, found: Sequence[Decided], *, part: str = "", bar: float | None = None) -> Row:
    return Row(
        data=name,
        part=part,
        measure="false positives",
        n=len(found),
        ours=sum(d.yes for d in found) / max(len(found), 1),
        bar=bar,
        at_most=True,
        baselines={"title": sum(bool(d.titled.geopolitical.value) for d in found) / max(len(found), 1)},
    )


def _international(found: Sequence[Decided]) -> Row:
    return _geo_row("10kgnad International", [d for d in found if d.item.geo is not None], bar=0.80, floor=0.735)


def _world(d: Decided) -> Decided:
    return d._replace(item=msgspec.structs.replace(d.item, geo=d.item.category == "World"))


def _case(found: Sequence[Decided]) -> Iterator[Row]:
    labelled = [d for d in found if d.item.geo is not None]
    expected = [next(iter(d.item.topics), "none") for d in labelled]
    answers = {
        "macro-F1": [_case_class(d, coarse=False) for d in labelled],
        "macro-F1, coarse": [_case_class(d, coarse=True) for d in labelled],
        "macro-F1, learned": _learned(labelled, expected),
    }
    for measure, said in answers.items():
        yield Row(
            data="case2021_task2",
            measure=measure,
            n=len(labelled),
            ours=_macro_f1(expected, said),
            bar=0.87,
            floor=0.867,
            baselines={"constant": _macro_f1(expected, ["armed_conflict"] * len(labelled))},
        )
    yield _geo_row("case2021_task2", labelled)


def _case_class(d: Decided, *, coarse: bool) -> str:
    if not d.yes:
        return "none"
    for topic in d.found.topics or ():
        found = _COARSE.get(topic.id, topic.id) if coarse else topic.id
        if found in _CASE:
            return found
    return "none" if coarse else "other"


def _learned(found: Sequence[Decided], expected: Sequence[str]) -> list[str]:
    """Return the class that the weights of our topics say, as learned on the other folds."""
    features = [_weights(d) for d in found]
    folds = [fold_of(d.item) for d in found]
    said = [""] * len(found)
    for fold in range(FOLDS):
        others = [n for n, own in enumerate(folds) if own != fold]
        classes = {
            name: fit([Example(features[n], expected[n] == name, 1.0) for n in others]) for name in (*_CASE, "none")
        }
        for n, own in enumerate(folds):
            if own == fold:
                said[n] = max(classes, key=lambda name: dot(features[n], classes[name]))
    return said


def _weights(d: Decided) -> list[float]:
    """Return the score of an item, and what its topics weigh, alone and against the first."""
    points = d.item.reading.points if d.item.reading is not None else []
    topics = points[: len(knowledge().topics.catalogue)]
    most = max(topics, default=0.0) or 1.0
    return [1.0, d.score, *(p / most for p in topics), *(log1p(p) for p in topics)]


def _macro_f1(expected: Sequence[str], said: Sequence[str]) -> float:
    scores = []
    for name in (*_CASE, "none"):
        count = Count()
        for truth, answer in zip(expected, said, strict=True):
            count.add({truth} & {name}, {answer} & {name})
        scores.append(count.f1)
    return sum(scores) / len(scores)


def _recalls(name: str, found: Sequence[Decided]) -> Iterator[Row]:
    """Yield recall of a set whose labels say "at least these"."""
    topics = [(topic, d) for d in found for topic in d.item.topics]
    geo = [d for d in found if d.item.geo]
    yield Row(data=name, measure="geopolitical recall", n=len(geo), ours=sum(d.yes for d in geo) / len(geo))
    yield Row(
        data=name,
        measure="topic recall",
        n=len(topics),
        ours=sum(topic in d.topics for topic, d in topics) / len(topics),
        baselines={"constant": sum(topic == "diplomacy" for topic, _ in topics) / len(topics)},
    )


def _reliability(gold: Sequence[Decided]) -> Table:
    """Return how often a score comes true, by tenths."""
    bins: dict[int, list[Decided]] = defaultdict(list)
    for d in gold:
        if d.item.geo is not None and d.item.reading is not None:
            bins[min(int(d.score * 10), 9)].append(d)
    rows = [
        (
            f"{number / 10:.1f} to {(number + 1) / 10:.1f}",
            str(len(found)),
            f"{sum(d.score for d in found) / len(found):.2f}",
            f"{sum(bool(d.item.geo) for d in found) / len(found):.2f}",
        )
        for number, found in sorted(bins.items())
    ]
    return Table(
        title="Reliability of `geopolitical.score` on the gold", header=("score", "n", "mean", "true"), rows=tuple(rows)
    )


def _coverage(gold: Sequence[Decided]) -> Table:
    """Return how much terms there are in each language."""
    model = knowledge().topics
    labelled = Counter(d.item.document.language.partition("-")[0] for d in gold)
    rows = []
    for code in model.languages.codes:
        lexicon = model.languages.get(code)
        if lexicon is not None:
            rows.append((code, lexicon.coverage, f"{lexicon.size:,}", str(labelled[code])))
    return Table(title="Languages", header=("language", "coverage", "terms", "labelled"), rows=tuple(rows))


def _errors(decided: dict[str, list[Decided]], gold: Sequence[Decided]) -> dict[str, tuple[str, ...]]:
    """Return the ids of what was wrong, the surest first."""
    sure = [d for d in gold if d.item.geo is not None]
    false = sorted((d for d in sure if d.yes and not d.item.geo), key=lambda d: -d.score)
    missed = sorted((d for d in sure if d.item.geo and not d.yes), key=lambda d: d.score)
    elsewhere = sorted(
        (d for name, parts in _ELSEWHERE.items() for d in decided[name] if d.item.category in parts and d.yes),
        key=lambda d: -d.score,
    )
    over = sorted(sure, key=lambda d: -len(d.topics - d.item.topics - d.item.ignored))
    under = sorted(sure, key=lambda d: -len(d.item.topics - d.topics))
    return {
        "Not geopolitical, found so (gold)": tuple(d.item.id for d in false),
        "Geopolitical, not found so (gold)": tuple(d.item.id for d in missed),
        "Sport, tech, culture, health, found geopolitical": tuple(d.item.id for d in elsewhere),
        "Topics too many (gold)": tuple(d.item.id for d in over if d.topics - d.item.topics - d.item.ignored),
        "Topics missed (gold)": tuple(d.item.id for d in under if d.item.topics - d.topics),
    }
