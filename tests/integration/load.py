"""A load of raw items with known outcomes: new items, edits close together, and repetitions."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from msgspec import Struct

from streams.settings import Settings
from tests import streams_of
from tests.items import encoded, partition_of, raw_item

SENTENCES = (
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


def make(count: int, *, seed: int, apart: bool = False) -> Iterator[tuple[str, str, str | None]]:
    """Yield (link, title, title it supersedes): one item in five is edited, one in five repeated.

    The versions of an item stand within a few records of each other, so that several of them are redelivered together;
    or ``apart``: all first versions, then all second ones, then all third ones.
    """
    records = _make(count, seed)
    return iter(sorted(records, key=lambda record: record[1][-1])) if apart else records


def _make(count: int, seed: int) -> Iterator[tuple[str, str, str | None]]:
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


class Source:
    """Produces the load to news.raw, part by part; each record's fetch time is a millisecond after the one before."""

    def __init__(self, settings: Settings, count: int, *, seed: int = 1, apart: bool = False) -> None:
        self.load = Load({}, {})
        self._settings = settings
        self._left = list(make(count, seed=seed, apart=apart))
        self._clock = int(time.time() * 1000) - 10 * count

    async def produce(self, records: int | None = None) -> None:
        """Produce the next records, or all that are left."""
        async with streams_of.producer(self._settings, enable_idempotence=True) as client:
            await self.produce_with(client, records)

    async def produce_with(self, client: AIOKafkaProducer, records: int | None = None) -> None:
        """Produce with a producer that goes on; it must be idempotent."""
        part, self._left = self._left[:records], self._left[records:] if records is not None else []
        futures = [await self._send(client, *record) for record in part]
        for future in futures:
            await future

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Produce without a break, some 2,000 records a second at most, for as long as the block lasts."""

        async def flow() -> None:
            while not over.is_set():
                await self.produce(200)
                await asyncio.sleep(0.1)

        over = asyncio.Event()
        flow_under_way = asyncio.create_task(flow())
        try:
            yield
        finally:
            over.set()
            await flow_under_way

    async def _send(
        self, client: AIOKafkaProducer, link: str, title: str, supersedes: str | None
    ) -> asyncio.Future[Any]:
        self.load.versions[title] = self.load.versions.get(title, 0) + 1
        if supersedes is not None:
            self.load.superseded[title] = supersedes
        self._clock += 1
        item = _item(link, title, self._clock)
        key = item["item_id"].encode()
        sent: asyncio.Future[Any] = await client.send(
            self._settings.stream("news.raw"),
            encoded(item),
            key=key,
            partition=partition_of(key, self._settings.partitions),
            timestamp_ms=self._clock,
        )
        return sent


def _item(link: str, title: str, fetched: int) -> dict[str, Any]:
    draw = random.Random(title)
    body = "\n\n".join(draw.choice(SENTENCES) for _ in range(6))
    return raw_item(link, title=title, body=body, fetched=fetched)
