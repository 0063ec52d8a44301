"""Countries and pairs: which countries an item names, which it is about, and which two meet in a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from eval.data import Count, decide, records
from eval.report import Row, Section
from schemas.enriched import Enriched
from streams.pipe import Line

_LEAST_PART = 5
_US = frozenset({"US"})


class Item(NamedTuple):
    """One labelled item: what it says, what was decided, and what counts neither way."""

    id: str
    part: str
    gold: frozenset[str]
    ignored: frozenset[str]
    event: Enriched


class Measure(NamedTuple):
    """A data set, how its labels are to be read, and what it should reach."""

    data: str
    files: tuple[str, ...]
    measure: str
    ours: Callable[[Enriched], frozenset[str]]
    bar: float | None
    floor: float | None = None
    kept: Callable[[frozenset[str]], bool] = lambda _: True
    unscored: Callable[[Enriched], frozenset[str]] = lambda _: frozenset()


def about(event: Enriched) -> frozenset[str]:
    """Return the countries an item is about."""
    return frozenset(country.code for country in event.countries if country.role == "about")


def named(event: Enriched) -> frozenset[str]:
    """Return the countries an item is about or mentions."""
    return frozenset(country.code for country in event.countries)


def in_title(event: Enriched) -> frozenset[str]:
    """Return the countries named in the headline; of the first sentence where there is none."""
    first = len(event.text.partition(". ")[0])
    return frozenset(
        country.code
        for country in event.countries
        if any(e.field == "title" or (not event.title and e.end <= first) for e in country.evidence)
    )


_MEASURES = (
    Measure("gold", ("gold/items_dev.jsonl", "gold/articles_dev.jsonl"), "about F1", about, 0.88),
    Measure("gold/items_dev", ("gold/items_dev.jsonl",), "about F1", about, None),
    Measure("gold/articles_dev", ("gold/articles_dev.jsonl",), "about F1", about, None),
    Measure("geovirus", ("countries/geovirus.jsonl.gz",), "about or mentioned F1", named, 0.92, 0.873),
    Measure(
        "geovirus, continents left out", ("countries/geovirus.jsonl.gz",), "about or mentioned F1", named, None, None,
        unscored=lambda event: _continents(event.text),
    ),
    Measure(
        "lgl without exactly {US}", ("countries/lgl.jsonl.gz",), "about or mentioned F1", named, 0.65, None,
        lambda gold: gold != _US,
    ),
    Measure("lgl", ("countries/lgl.jsonl.gz",), "about or mentioned F1", named, None, 0.495),
    Measure(
        "reuters21578 not exactly {US}", ("countries/reuters21578.jsonl.gz",), "about F1", about, 0.80, 0.683,
        lambda gold: gold != _US,
    ),
    Measure("reuters21578", ("countries/reuters21578.jsonl.gz",), "about F1", about, None),
)  # fmt: skip


def section(data: Path) -> Section:
    """Measure countries and pairs."""
    read = {name: list(_items(data / "eval" / name)) for name in dict.fromkeys(f for m in _MEASURES for f in m.files)}
    rows: list[Row] = []
    errors: dict[str, tuple[str, ...]] = {}
    for measure in _MEASURES:
        items = [
            item._replace(ignored=item.ignored | unscored, gold=item.gold - unscored)
            for name in measure.files
            for item in read[name]
            if measure.kept(item.gold)
            for unscored in [measure.unscored(item.event)]
        ]
        rows += _rows(measure, items)
        if measure.bar is not None:
            errors |= _errors(measure, items)
    pairs, wrong = _pairs(data / "eval/topics/plover_gsr.jsonl.gz")
    sizes = {name: len(items) for name, items in read.items()}
    return Section(title="Countries and pairs", rows=(*rows, *pairs), sizes=sizes, errors=errors | wrong, notes=_NOTES)


_NOTES = (
    (
        "*Constant US*: every item is about the United States. *Title*: the countries named in the headline, without "
        "one in the first sentence. *All named*: every country named is one that the item is about. *All pairs*: any "
        "two countries named in the text."
    ),
    (
        "GeoVirus labels a toponym with the country at its coordinates, continents and oceans too: Europe is PL, "
        "Africa CF, Asia CN. A second row leaves these codes out of texts that name them, both ways."
    ),
    (
        "PLOVER labels the actors of one event a sentence. Sentences without a pair of countries in their label are "
        "measured apart, as every pair found there counts as wrong."
    ),
)


def _items(path: Path) -> Iterator[Item]:
    for record in records(path):
        event = decide(_line(record))
        gold = frozenset(record["countries"] or ())
        yield Item(
            id=record["id"],
            part=event.language.code,
            gold=gold,
            ignored=(frozenset(record.get("countries_either") or ()) | _unlabelled(record)) - gold,
            event=event,
        )


def _line(record: Mapping[str, Any]) -> Line:
    return Line(
        title=record["title"] or "",
        text=record["text"] or "",
        published=date(record["date"]),
        language=record.get("lang"),
    )


def date(written: str | None) -> str | None:
    """Return a date as the pipe reads it: some sets write 2024_04_28."""
    return written.replace("_", "-") if written else None


def _rows(measure: Measure, items: list[Item]) -> Iterator[Row]:
    parts: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        parts[item.part].append(item)
    yield _row(measure, items, "")
    if len(parts) > 1 and measure.bar is not None:
        for part, found in sorted(parts.items(), key=lambda entry: -len(entry[1])):
            yield _row(measure, found, part)


def _row(measure: Measure, items: list[Item], part: str) -> Row:
    baselines = {
        "constant US": _f1(items, lambda _: _US),
        "title": _f1(items, in_title),
    }
    if measure.ours is about:
        baselines["all named"] = _f1(items, named)
    return Row(
        data=measure.data,
        part=part,
        measure=measure.measure,
        n=len(items),
        ours=_f1(items, measure.ours) if not part or len(items) >= _LEAST_PART else None,
        bar=None if part else measure.bar,
        floor=None if part else measure.floor,
        baselines=baselines,
    )


def _f1(items: Iterable[Item], answer: Callable[[Enriched], frozenset[str]]) -> float:
    count = Count()
    for item in items:
        count.add(item.gold, answer(item.event), ignored=item.ignored)
    return count.f1


def _errors(measure: Measure, items: list[Item]) -> dict[str, tuple[str, ...]]:
    """Return the ids of the items with the most countries missed, and with the most that are wrong."""
    missed = sorted(items, key=lambda item: -len(item.gold - measure.ours(item.event)))
    wrong = sorted(items, key=lambda item: -len(measure.ours(item.event) - item.gold - item.ignored))
    return {
        f"{measure.data}, missed": tuple(i.id for i in missed if i.gold - measure.ours(i.event)),
        f"{measure.data}, wrong": tuple(i.id for i in wrong if measure.ours(i.event) - i.gold - i.ignored),
    }


def _pairs(path: Path) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    labelled, every, trivial, trivial_every = Count(), Count(), Count(), Count()
    n = total = 0
    missed, wrong = [], []
    for record in records(path):
        event = decide(_line(record))
        gold = {"-".join(sorted(dyad)) for dyad in record["dyads"] or ()}
        ours = {f"{pair.a}-{pair.b}" for pair in event.pairs}
        both = {f"{a}-{b}" for a, b in combinations(sorted(named(event)), 2)}
        total += 1
        every.add(gold, ours)
        trivial_every.add(gold, both)
        if gold:
            n += 1
            labelled.add(gold, ours)
            trivial.add(gold, both)
        missed += [record["id"]] * bool(gold - ours)
        wrong += [record["id"]] * bool(ours - gold)
    data = "plover_gsr, sentences with a pair"
    rows = [
        _pair_row(data, "pairs precision", n, bar=0.85, found=(labelled.precision, trivial.precision)),
        _pair_row(data, "pairs recall", n, bar=0.80, found=(labelled.recall, trivial.recall)),
        _pair_row(
            "plover_gsr, all sentences",
            "pairs precision",
            total,
            bar=None,
            found=(every.precision, trivial_every.precision),
        ),
    ]
    return rows, {"plover_gsr, missed": tuple(missed), "plover_gsr, wrong": tuple(wrong)}


def _pair_row(data: str, measure: str, n: int, *, bar: float | None, found: tuple[float, float]) -> Row:
    return Row(data=data, measure=measure, n=n, bar=bar, ours=found[0], baselines={"all pairs": found[1]})


# GeoVirus labels a toponym with the country at its coordinates: a point in Poland for Europe.
_POINTS = {
    "Africa": "CF", "Europe": "PL", "Asia": "CN", "North America": "CA", "South America": "BR", "Latin America": "BR",
    "America": "MX", "Pacific": "KI", "Indian Ocean": "MU", "Mediterranean": "IT", "Middle East": "SY",
}  # fmt: skip


def _continents(text: str) -> frozenset[str]:
    """Return the countries that the labels may give for a continent or an ocean."""
    return frozenset(code for name, code in _POINTS.items() if name in text)


def _unlabelled(record: Mapping[str, Any]) -> frozenset[str]:
    """Return what a set has no code for: the European Union is no country of ISO 3166."""
    return frozenset() if "topics_agreed" in record else frozenset({"EU"})
