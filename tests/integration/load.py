"""A load of raw items with known outcomes: new items, edits close together, and repetitions."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from streams.settings import Settings
from tests import streams_of
from tests.items import encoded, partition_of, raw_item

_SENTENCES = (
    "The foreign ministers of both countries met for six hours on Sunday and agreed to keep talking.",
    "Observers said that the ceasefire along the border had largely held through the night.",
    "Local growers expect a poor harvest after weeks without rain in the southern valleys.",
    "The committee published its report a month later than planned and drew no conclusions.",
    "A spokesman declined to comment on the sanctions, which were announced late on Friday.",
    "Tickets for the final sold out within the hour, the organisers said in a short statement.",
)


class Load(Struct):
    """What was produced: for each title the number of raw records that hold it, in order of production.

    A title stands for one version of one item, so that outcomes can be told without asking geowire's own ids.
    """

    versions: dict[str, int]
    superseded: dict[str, str]

    @property
    def raw(self) -> int:
        return sum(self.versions.values())


def make(count: int, *, seed: int) -> Iterator[tuple[str, str, str | None]]:
    """Yield (link, title, title it supersedes): one item in five is edited, one in five repeated.

    The versions of an item stand within a few records of each other, so that several of them are redelivered together.
    """
    draw = random.Random(seed)
    for number in range(count):
        link = f"https://news.example/{seed}/{number}"
        first = f"Story {seed}-{number}, version 1"
        yield link, first, None
        kind = draw.random()
        if kind < 0.1:
            second = f"Story {seed}-{number}, version 2"
            yield link, second, first
            yield link, f"Story {seed}-{number}, version 3", second
        elif kind < 0.2:
            yield link, f"Story {seed}-{number}, version 2", first
        elif kind < 0.4:
            yield link, first, None


async def produce(settings: Settings, count: int, *, seed: int = 1) -> Load:
    """Produce the load to news.raw; each record's fetch time is a millisecond after the one before."""
    load = Load({}, {})
    start = int(time.time() * 1000) - 10 * count
    async with streams_of.producer(settings, enable_idempotence=True) as client:
        futures = []
        for position, (link, title, supersedes) in enumerate(make(count, seed=seed)):
            load.versions[title] = load.versions.get(title, 0) + 1
            if supersedes is not None:
                load.superseded[title] = supersedes
            item = _item(link, title, start + position)
            key = item["item_id"].encode()
            futures.append(
                await client.send(
                    settings.stream("news.raw"),
                    encoded(item),
                    key=key,
                    partition=partition_of(key, settings.partitions),
                    timestamp_ms=start + position,
                )
            )
        for future in futures:
            await future
    return load


def _item(link: str, title: str, fetched: int) -> dict[str, Any]:
    draw = random.Random(title)
    body = "\n\n".join(draw.choice(_SENTENCES) for _ in range(6))
    return raw_item(link, title=title, body=body, fetched=fetched)
