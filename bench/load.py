"""What the benchmarks feed the pipe with: real articles where they are at hand, else articles of our own.

Each pass over the articles changes every address and every fifth sentence, so that no pass repeats the one before.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from agents.identity.partitions import partition_of
from schemas.codec import encode
from schemas.times import from_milliseconds
from streams.pipe import Line, raw_item
from tests.integration.load import SENTENCES

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_CHANGED = 5
_OWN = 2_000
_OWN_SENTENCES = 22


class Article(Struct, frozen=True):
    """An article of the load."""

    url: str
    title: str
    text: str


class Raw(Struct, frozen=True):
    """A record for news.raw, ready to be sent."""

    key: bytes
    value: bytes
    partition: int


def articles() -> tuple[str, list[Article]]:
    """Return what the load is made of, in words, and the articles."""
    data = os.environ.get("GEOWIRE_EVAL_DATA")
    path = Path(data) / "eval/stream_ngr_2021.jsonl.gz" if data else None
    if path is None or not path.exists():
        return f"{_OWN} articles of our own (GEOWIRE_EVAL_DATA is not set)", list(_own())
    with gzip.open(path) as lines:
        found = [Article(line["link"], line["title"], line["text"]) for line in map(json.loads, lines)]
    return f"stream_ngr_2021, {len(found):,} article versions", found


def _own() -> Iterator[Article]:
    draw = random.Random(1)  # noqa: S311 - the same load each time
    for number in range(_OWN):
        sentences = [draw.choice(SENTENCES) for _ in range(_OWN_SENTENCES)]
        text = "\n\n".join(" ".join(sentences[start : start + 2]) for start in range(0, len(sentences), 2))
        yield Article(f"https://news.example/{number}", f"Report {number}: {draw.choice(SENTENCES)[:60]}", text)


def passes(found: Sequence[Article], count: int) -> Iterator[Article]:
    """Yield ``count`` articles, pass after pass."""
    draw = random.Random(7)  # noqa: S311
    for number in range(count):
        turn, article = divmod(number, len(found))[0], found[number % len(found)]
        if not turn:
            yield article
            continue
        sentences = _SENTENCE.split(article.text)
        others = _SENTENCE.split(draw.choice(found).text)
        for place in range(draw.randrange(_CHANGED), len(sentences), _CHANGED):
            sentences[place] = draw.choice(others)
        yield Article(f"{article.url}?pass={turn}", article.title, " ".join(sentences))


def records(found: Sequence[Article], count: int, *, partitions: int) -> Iterator[Raw]:
    """Yield ``count`` records for news.raw, fetched now, as the poller would make them."""
    now = from_milliseconds(int(time.time() * 1000))
    for article in passes(found, count):
        item = raw_item(Line(title=article.title, text=article.text, url=article.url, fetched=now, feed="bench"))
        key = item.item_id.encode()
        yield Raw(key, encode(msgspec.structs.replace(item, siblings=())), partition_of(key, partitions))
