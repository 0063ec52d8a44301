"""Duplicates and stories: addresses, signatures against exact likeness, and what is clustered against read pairs."""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from agents.cluster.index import meet
from agents.cluster.likeness import Text, likeness
from agents.cluster.sign import sketch
from agents.cluster.stories import Stories
from agents.identity.urls import canonical_url
from eval.data import decide, records
from eval.report import Row, Section, Table
from schemas.signature import Signature, Sketch
from schemas.times import HOUR_MS, to_milliseconds
from streams.pipe import Line, raw_item
from streams.settings import Settings

_ALIKE = 0.7
_LATE = 24 * HOUR_MS
_WORD = re.compile(r"\w+")
_RUN = 5
_LABELS = ("copy", "contains", "different", "story")
_NOTES = (
    """*Addresses*: pairs of variants that get one canonical address; and canonical addresses under which two pages of
different headlines meet, over all addresses of the articles and of the stream. *Signatures*: whether the likeness
estimated from two signatures and the exact one agree on a threshold of .7: against 5-word Jaccard of the stripped texts
as this code strips them, and against the figures that came with the data. *Stories*: the articles of ngr_dev signed,
and clustered in the order of their fetch, 72 hours apart at most, as the stream does it; two articles count as merged
when they are in one story at the end. The read pairs were drawn evenly over their overlap, so hard cases are far more
frequent among them than in a stream. *same story* pairs (another text about the same event) may be merged or not.""",
)


class _Article(Struct, frozen=True):
    id: str
    item_id: str
    fetched: str
    title: str
    text: str
    link: str
    sketch: Sketch


class _Pair(Struct, frozen=True):
    a: str
    b: str
    jaccard: float


def section(data: Path) -> Section:
    """Measure addresses, signatures and stories on ``eval/dedup``."""
    dedup = data / "eval/dedup"
    articles = {article.id: article for article in _articles(dedup)}
    pairs = list(_pairs(dedup))
    read = list(records(dedup / "pairs_read_dev.jsonl"))
    addresses, address_errors = _addresses(data, articles)
    signatures, signature_errors = _signatures(articles, pairs)
    stories, story_errors, sizes = _stories(articles, pairs, read)
    return Section(
        title="Duplicates and stories",
        rows=(*addresses, *_revisions(dedup), *signatures, *stories),
        sizes={"articles": len(articles), "pairs with overlap": len(pairs), "pairs read": len(read)},
        tables=(sizes,),
        errors={**address_errors, **signature_errors, **story_errors},
        notes=_NOTES,
    )


def _articles(dedup: Path) -> Iterator[_Article]:
    for record in records(dedup / "ngr_dev_articles.jsonl.gz"):
        event = decide(
            Line(title=record["title"], text=record["text"], url=record["link"], fetched=record["fetched_at"])
        )
        yield _Article(
            record["id"],
            event.item_id,
            event.fetched,
            event.title,
            event.text,
            record["link"],
            sketch(event.title, event.text),
        )


def _pairs(dedup: Path) -> Iterator[_Pair]:
    with gzip.open(dedup / "ngr_dev_pairs.tsv.gz", "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield _Pair(row["id_a"], row["id_b"], float(row["jaccard5"]))


def _addresses(data: Path, articles: dict[str, _Article]) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    with gzip.open(data / "eval/dedup/ngr_url_variants.tsv.gz", "rt", encoding="utf-8") as lines:
        groups = [line.split() for line in lines]
    pairs = [pair for group in groups for pair in combinations(group, 2)]
    met = sum(canonical_url(a) == canonical_url(b) for a, b in pairs)
    plain = sum(_plain(a) == _plain(b) for a, b in pairs)
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for link, title in _addressed(data, articles):
        titles[canonical_url(link) or link].add("".join(_WORD.findall(title.lower())))
    of_groups: defaultdict[str, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        for address in group:
            of_groups[canonical_url(address) or address].add(number)
    wrong = [address for address, of in of_groups.items() if len(of) > 1]
    # A page whose headline was changed is still that page; only addresses that differ beforehand can be merged wrongly.
    merged = sum(len(of) > 1 for of in titles.values())
    rows = [
        Row(
            data="dedup/ngr_url_variants",
            measure="variants with one address",
            n=len(pairs),
            ours=met / len(pairs),
            bar=0.99,
            baselines={"address without scheme and slash": plain / len(pairs)},
        ),
        Row(
            data="dedup/ngr_url_variants",
            measure="stories with one address",
            n=len(groups),
            ours=len(wrong),
            bar=0,
            at_most=True,
            count=True,
        ),
        Row(
            data="dedup and stream",
            measure="addresses with several headlines under one canonical address",
            n=len(titles),
            ours=merged,
            bar=0,
            at_most=True,
            count=True,
        ),
    ]
    return rows, {"Stories with one address": tuple(wrong)}


def _plain(address: str) -> str:
    return address.partition("://")[2].rstrip("/")


def _addressed(data: Path, articles: dict[str, _Article]) -> Iterator[tuple[str, str]]:
    """Yield one address of each page, and its headline: of those that are met as they are the first stands for all."""
    seen: dict[str, str] = {}
    for article in articles.values():
        seen.setdefault(_plain(article.link), article.title)
    for record in records(data / "eval/stream_ngr_2021.jsonl.gz"):
        seen.setdefault(_plain(record["link"]), record["title"])
    for address, title in seen.items():
        yield f"https://{address}", title


def _revisions(dedup: Path) -> list[Row]:
    """Versions of one page have one item id, and another content hash each."""
    kept = told = count = 0
    for record in records(dedup / "ngr_same_url_revisions.jsonl.gz"):
        items = [
            raw_item(Line(title=v["title"], text=v["text"], url=record["url"], fetched=v["fetched_at"]))
            for v in record["versions"]
        ]
        for before, after in pairwise(items):
            count += 1
            kept += before.item_id == after.item_id
            told += before.content_hash != after.content_hash
    source = "dedup/ngr_same_url_revisions"
    return [
        Row(data=source, measure="revisions with the item's id", n=count, ours=kept / count, bar=1.0),
        Row(data=source, measure="revisions told from repetitions", n=count, ours=told / count),
    ]


def _signatures(articles: dict[str, _Article], pairs: list[_Pair]) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    texts = {id_: Text(article.sketch) for id_, article in articles.items()}
    runs: dict[str, frozenset[tuple[str, ...]]] = {}

    def exact(id_: str) -> frozenset[tuple[str, ...]]:
        if id_ not in runs:
            words = _WORD.findall(articles[id_].text.lower())
            runs[id_] = frozenset(zip(*(words[at:] for at in range(_RUN)), strict=False))
        return runs[id_]

    ours: Counter[tuple[bool, bool]] = Counter()
    given: Counter[tuple[bool, bool]] = Counter()
    found: Counter[bool] = Counter()
    wrong = []
    for pair in pairs:
        if pair.jaccard < _ALIKE / 4:
            continue
        a, b = exact(pair.a), exact(pair.b)
        jaccard = len(a & b) / max(1, len(a | b))
        estimated = likeness(texts[pair.a], texts[pair.b]).jaccard >= _ALIKE
        ours[estimated, jaccard >= _ALIKE] += 1
        given[estimated, pair.jaccard >= _ALIKE] += 1
        if estimated != (jaccard >= _ALIKE):
            wrong.append((abs(jaccard - _ALIKE), f"{pair.a}/{pair.b}"))
        if pair.jaccard >= _ALIKE:
            found[meet(texts[pair.a], texts[pair.b])] += 1
    rows = []
    for source, counts in (("exact likeness of our texts", ours), ("likeness that came with the data", given)):
        n = counts[True, True] + counts[False, True]
        right = counts[True, True]
        rows += [
            Row(
                data=f"dedup/ngr_dev, {source}",
                measure="precision at J ≥ .7",
                n=right + counts[True, False],
                ours=right / (right + counts[True, False]),
                bar=0.98,
                floor=0.975,
            ),
            Row(
                data=f"dedup/ngr_dev, {source}",
                measure="recall at J ≥ .7",
                n=n,
                ours=right / n,
                bar=0.98,
                floor=0.976,
            ),
        ]
    rows.append(
        Row(
            data="dedup/ngr_dev",
            measure="pairs with J ≥ .7 that the index finds",
            n=sum(found.values()),
            ours=found[True] / sum(found.values()),
            bar=0.98,
        )
    )
    return rows, {"Signatures on the wrong side of .7": tuple(id_ for _, id_ in sorted(wrong, reverse=True))}


Edge = Callable[[Text, Text], bool]


def _stories(
    articles: dict[str, _Article], pairs: list[_Pair], read: list[dict[str, Any]]
) -> tuple[list[Row], dict[str, tuple[str, ...]], Table]:
    window = Settings.from_env({}).story_hours * HOUR_MS
    story = _clustered(list(articles.values()), window)
    shuffled = list(articles.values())
    random.Random(1).shuffle(shuffled)  # noqa: S311 - the same order each time
    again = _clustered(shuffled, window, kept=None)
    texts = {id_: Text(article.sketch) for id_, article in articles.items()}
    by_likeness = {f"J ≥ {least}": _components(articles, pairs, texts, _at_least(least)) for least in (0.7, 0.5, 0.3)}
    held = _components(articles, pairs, texts, lambda a, b: likeness(a, b).held >= 0.8)
    baselines = {**by_likeness, "held ≥ .8": held}
    near = [pair for pair in pairs if pair.jaccard >= _ALIKE]
    source = "dedup/ngr_dev, clustered"
    rows = [
        Row(
            data=source,
            measure="pairs with J ≥ .7 in one story",
            n=len(near),
            ours=_share(near, story),
            bar=0.98,
            baselines={name: _share(near, of) for name, of in by_likeness.items()},
        ),
        Row(
            data=source,
            measure="articles in another story when they arrive shuffled",
            n=len(articles),
            ours=sum(story[id_] != again[id_] for id_ in articles),
            bar=0,
            at_most=True,
            count=True,
        ),
    ]
    errors: dict[str, tuple[str, ...]] = {}
    for label in _LABELS:
        of_label = [_Pair(r["id_a"], r["id_b"], r["jaccard5"]) for r in read if r["label"] == label]
        bar = {"copy": 0.85, "different": 0.0, "contains": 0.1}.get(label)
        rows.append(
            Row(
                data="dedup/pairs_read_dev, clustered",
                measure=f"{'same story' if label == 'story' else label}: merged",
                n=len(of_label),
                ours=_share(of_label, story),
                bar=bar,
                at_most=label != "copy",
                baselines={name: _share(of_label, of) for name, of in baselines.items()},
            )
        )
        wrong = [p for p in of_label if (story[p.a] == story[p.b]) != (label == "copy")]
        if bar is not None:
            wrong.sort(key=lambda p: p.jaccard, reverse=label == "copy")
            verb = "not merged" if label == "copy" else "merged"
            errors[f"Read as {label}, {verb}"] = tuple(f"{p.a}/{p.b}" for p in wrong)
    sizes = Counter(Counter(story.values()).values())
    table = Table(
        title="Articles in a story, and how many stories of that size there are",
        header=("articles", "stories"),
        rows=tuple((str(size), f"{count:,}") for size, count in sorted(sizes.items())),
    )
    return rows, errors, table


def _at_least(least: float) -> Edge:
    return lambda a, b: likeness(a, b).jaccard >= least


def _share(pairs: list[_Pair], story: dict[str, str]) -> float:
    return sum(story[pair.a] == story[pair.b] for pair in pairs) / len(pairs)


def _clustered(articles: list[_Article], window: int, kept: int | None = _LATE) -> dict[str, str]:
    """Cluster articles in the order given; where something is forgotten, in the order of their fetch."""
    stories = Stories(window=window, kept=None if kept is None else window + kept)
    told: dict[str, str] = {}
    ordered = articles if kept is None else sorted(articles, key=lambda a: (to_milliseconds(a.fetched), a.id))
    for at, article in enumerate(ordered):
        signature = Signature(article.item_id, article.fetched, 1, "new", None, article.sketch)
        number = int(article.id.rpartition("-")[2])
        changes = stories.apply(signature, at=at, origin=f"0:{number}", origin_offset=number)
        for name, said in changes.told.items():
            into = said.story.merged_into if said is not None else None
            told |= {member.item_id: name for member in said.story.members} if said is not None else {}
            if into is not None:
                told = {item: into if of == name else of for item, of in told.items()}
    return {article.id: told[article.item_id] for article in articles}


def _components(
    articles: dict[str, _Article], pairs: list[_Pair], texts: dict[str, Text], edge: Edge
) -> dict[str, str]:
    parent = {id_: id_ for id_ in articles}

    def root(id_: str) -> str:
        while parent[id_] != id_:
            parent[id_] = parent[parent[id_]]
            id_ = parent[id_]
        return id_

    for pair in pairs:
        if edge(texts[pair.a], texts[pair.b]):
            parent[root(pair.a)] = root(pair.b)
    return {id_: root(id_) for id_ in articles}
