"""Copies are one story, whatever partitions they are in, however they arrive, and whoever is killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from schemas.times import to_milliseconds
from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.live import pipe
from tests.integration.outcomes import caught_up
from tests.integration.pipe import accounted
from tests.integration.test_scaling import members
from tests.items import encoded, partition_of, raw_item
from tests.processes import Part
from tests.unit.cluster.reports import report

pytestmark = pytest.mark.integration

_PARTITIONS = 8


class Report(Struct, frozen=True):
    """An item to be sent: where it is, what it says, which story it is of."""

    link: str
    title: str
    body: str
    partition: int
    story: int
    late: bool = False


def reports(stories: int, seed: int = 1) -> list[Report]:
    """Wire copies in different partitions, two halves of a story that only a third piece joins, and single items."""
    draw = random.Random(seed)
    found = []
    for number in range(stories):
        first = 100 * number
        pieces: dict[str, Iterable[int]]
        kind = number % 4
        if kind == 0:  # as it came, cut at the end, with a sentence of the desk's own
            pieces = {
                "wire": range(first, first + 7),
                "cut": range(first, first + 6),
                "own": range(first + 1, first + 8),
            }
        elif kind == 1:  # nothing but the bridge has half of each
            pieces = {
                "left": range(first, first + 6),
                "right": range(first + 4, first + 10),
                "bridge": range(first + 2, first + 8),
            }
        else:
            pieces = {"single": range(first, first + draw.randint(1, 7))}
        for place, (piece, sentences) in enumerate(pieces.items()):
            partition = (number + 3 * place) % _PARTITIONS
            link = next(
                link
                for attempt in range(1000)
                if partition_of(_key(link := f"https://{piece}.example/{number}/{attempt}"), _PARTITIONS) == partition
            )
            found.append(Report(link, f"Piece {number}", report(sentences), partition, number, piece == "bridge"))
    return found


def _key(link: str) -> bytes:
    return str(raw_item(link, title="", fetched=0)["item_id"]).encode()


def raw_items(found: Sequence[Report], start: int) -> list[dict[str, Any]]:
    """The items, each fetched a second after the one before in the list: they arrive in another order."""
    return [
        raw_item(one.link, title=one.title, body=one.body, fetched=start + 1000 * number, feed="wire")
        for number, one in enumerate(found)
    ]


def expected(found: Sequence[Report]) -> set[tuple[str, ...]]:
    """The stories by their items, in the order of their fetch."""
    stories: dict[int, list[str]] = {}
    for one in found:
        stories.setdefault(one.story, []).append(_key(one.link).decode())
    return {tuple(items) for items in stories.values()}


async def send(settings: Settings, items: Sequence[dict[str, Any]]) -> None:
    async with streams_of.producer(settings) as client:
        sent = [
            await client.send(
                settings.stream("news.raw"),
                encoded(item),
                key=item["item_id"].encode(),
                partition=partition_of(item["item_id"].encode(), settings.partitions),
                timestamp_ms=to_milliseconds(item["fetched"]),
            )
            for item in items
        ]
        for future in sent:
            await future


async def told(settings: Settings) -> dict[str, dict[str, Any]]:
    """What news.stories says, as a reader who keeps the newest record of each key knows it."""
    newest: dict[str, dict[str, Any]] = {}
    for record in (await streams_of.read(settings, "news.stories"))["news.stories"]:
        if record.value is None:
            newest.pop(record.key.decode(), None)
        else:
            newest[record.key.decode()] = json.loads(record.value)
    return newest


async def stories(settings: Settings) -> set[tuple[str, ...]]:
    return {
        tuple(member["item_id"] for member in story["members"])
        for story in (await told(settings)).values()
        if story["merged_into"] is None
    }


def shuffled(items: Sequence[dict[str, Any]], found: Sequence[Report], seed: int) -> list[dict[str, Any]]:
    """In any order, but the bridges last: each merges two stories that are there."""
    pairs = list(zip(items, found, strict=True))
    random.Random(seed).shuffle(pairs)
    return [item for item, one in sorted(pairs, key=lambda pair: pair[1].late)]


@pytest.mark.parametrize("partitions", [1, _PARTITIONS])
async def test_the_same_stories_on_one_partition_and_on_eight(
    environment: dict[str, str], tmp_path: Path, partitions: int
) -> None:
    environment["GEOWIRE_PARTITIONS"] = str(partitions)
    settings = Settings.from_env(environment)
    await admin.apply(settings)
    found = reports(60)
    assert len({one.partition for one in found if one.story == 0}) == 3, "copies are in different partitions"
    items = raw_items(found, int(time.time() * 1000) - 3_600_000)
    with Part.geowire("work", environment=environment, log=tmp_path / "worker.log") as worker:
        await send(settings, shuffled(items, found, seed=partitions))
        await caught_up(settings)
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    assert await stories(settings) == expected(found)
    await accounted(settings)

    names = {key: story["merged_into"] for key, story in (await told(settings)).items() if story["merged_into"]}
    assert names, "bridges came last, so that stories were merged"
    home = {item: items[0] for items in expected(found) for item in items}
    assert all(home[name] == into for name, into in names.items())
    assert await _piped(environment, items) == {item: items[0] for items in expected(found) for item in items}


async def _piped(environment: Mapping[str, str], items: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The story of each item by `geowire pipe --stories`."""
    events = await pipe(environment, "--stories", items)
    # The pipe's own item ids are those of canonical addresses; by the order of the lines both are known.
    ours = {event["item_id"]: item["item_id"] for event, item in zip(events, items, strict=True)}
    return {ours[event["item_id"]]: ours[event["story"]["id"]] for event in events}


async def test_kill_minus_nine_of_the_workers_that_cluster(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """One worker clusters, the other waits for it: each is killed in the midst of it, then both at once."""
    await admin.apply(settings)
    found = reports(600)
    items = raw_items(found, int(time.time() * 1000) - 3_600_000)
    order = shuffled(items, found, seed=3)
    share = len(order) // 4
    logs = [tmp_path / "one.log", tmp_path / "other.log"]
    with ExitStack() as running:

        def start(log: Path) -> Part:
            return running.enter_context(Part.geowire("work", environment=environment, log=log))

        workers = [start(log) for log in logs]
        await members(settings, 2)
        for number, killed in enumerate([(0,), (1,), (0, 1)]):
            before = await streams_of.count(settings, "news.stories")
            await send(settings, order[number * share : (number + 1) * share])

            async def moved(least: int = before + share // 4) -> bool:
                return await streams_of.count(settings, "news.stories") >= least

            await streams_of.until(moved, seconds=60, what="stories are told")
            for one in killed:
                workers[one].kill()
                workers[one] = start(logs[one])
        await send(settings, order[3 * share :])
        await caught_up(settings)
        for worker in workers:
            assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    assert sum(log.read_text().count("cluster goes on") for log in logs) >= 3, "another worker took over"
    assert await stories(settings) == expected(found)
    await accounted(settings)


async def test_a_signature_that_is_none_becomes_a_dead_letter_and_the_stories_go_on(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await admin.apply(settings)
    found = reports(2)
    items = raw_items(found, int(time.time() * 1000) - 3_600_000)
    with Part.geowire("work", environment=environment, log=tmp_path / "worker.log") as worker:
        await send(settings, items[:3])
        await caught_up(settings)
        async with streams_of.producer(settings) as client:
            stream = settings.stream("news.signatures")
            await client.send_and_wait(stream, b"no signature", key=b"poison", headers=[("origin", b"0:0")])
        await send(settings, items[3:])
        await caught_up(settings)
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    assert await stories(settings) == expected(found)
    (letter,) = (await streams_of.read(settings, "news.dead-letter"))["news.dead-letter"]
    head = streams_of.headers(letter)
    assert (head["dlq_stage"], head["dlq_code"], letter.value) == (b"cluster", b"wrong-type", b"no signature")
    await accounted(settings)  # the letter is not an outcome of the raw record besides its event
