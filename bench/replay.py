"""Replays of 12,000 articles on a real Kafka: equal to live, killed five times, one term changed and promoted; latency.

Everything goes through the commands an operator uses. What the docs promise is asserted on the way; the figures are
those of docs/replay.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from aiokafka import ConsumerRecord

from agents.identity.partitions import partition_of
from bench.end_to_end import broker
from bench.load import articles
from schemas.codec import encode
from schemas.times import from_milliseconds
from streams.broker import admin
from streams.pipe import Line, raw_item
from streams.settings import Settings
from tests import streams_of
from tests.integration.live import geowire, one_term_more, outcomes, piped, said, worked
from tests.processes import Part

_LONGEST = 900.0
_TERM = "local government" if os.environ.get("GEOWIRE_EVAL_DATA") else "poor harvest"
"""One that a good part of the articles has."""
_LIVE_RATE = 20
_LIVE_SECONDS = 40


def run(_: Path | None) -> None:
    """Run all of it and print the figures."""
    with tempfile.TemporaryDirectory() as name, broker(Path(name) / "kafka") as kafka:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "GEOWIRE_NAMESPACE": f"b{uuid4().hex[:8]}",
            "GEOWIRE_DATA_DIR": str(Path(name) / "data"),
            "GEOWIRE_SESSION_SECONDS": "2",
        }
        asyncio.run(_run(environment, Path(name)))


async def _run(environment: dict[str, str], directory: Path) -> None:
    settings = Settings.from_env(environment)
    await admin.apply(settings)
    words, _ = articles()
    print(f"- load: {words}")
    await _produce(settings)
    begun = time.perf_counter()
    found = await worked(settings, environment, directory)
    counts = ", ".join(f"{len(records):,} {stream}" for stream, records in found.items())
    print(f"- live: {counts}; {time.perf_counter() - begun:.0f} s with start and stop")

    await _equal(settings, environment, found, "unique")
    await _equal(settings, environment, found, "raw")
    await _killed(settings, environment, directory, found)
    await _promoted(settings, environment, directory, found)
    await _latency(environment, directory)


async def _produce(settings: Settings) -> None:
    _, found = articles()
    first = int(time.time() * 1000) - len(found)
    async with streams_of.producer(settings, enable_idempotence=True) as client:
        sent = []
        for number, article in enumerate(found):
            item = raw_item(Line(title=article.title, text=article.text, url=article.url, feed="bench"))
            item = msgspec.structs.replace(item, fetched=from_milliseconds(first + number))
            key = item.item_id.encode()
            sent.append(
                await client.send(
                    settings.stream("news.raw"),
                    encode(item),
                    key=key,
                    partition=partition_of(key, settings.partitions),
                    timestamp_ms=first + number,
                )
            )
        await asyncio.gather(*sent)


async def _equal(
    settings: Settings, environment: Mapping[str, str], found: dict[str, list[ConsumerRecord]], source: str
) -> None:
    begun = time.perf_counter()
    await geowire(environment, "replay", "run", source, "--from", source, "--execute", seconds=_LONGEST)
    took = time.perf_counter() - begun
    records = len(found["news.unique" if source == "unique" else "news.raw"])
    await _same(settings, found, source, ["news.enriched"] if source == "unique" else list(streams_of.NEWS[1:]))
    print(f"- replay from {source}: byte-equal to live; {records:,} records in {took:.0f} s, {records / took:,.0f}/s")
    await geowire(environment, "replay", "abort", source, "--execute")


async def _same(settings: Settings, found: dict[str, list[ConsumerRecord]], name: str, streams: list[str]) -> None:
    again = await streams_of.read(settings, *(f"replay.{name}.{stream}" for stream in streams))
    for stream in streams:
        _assert(outcomes(again[f"replay.{name}.{stream}"]) == outcomes(found[stream]), f"{name}: {stream} differs")


async def _killed(
    settings: Settings, environment: Mapping[str, str], directory: Path, found: dict[str, list[ConsumerRecord]]
) -> None:
    total = len(found["news.unique"])
    for number in range(1, 6):
        with Part.geowire("replay", "run", "killed", "--execute", environment=environment, log=directory / "k") as part:

            async def reached(least: int = number * total // 7) -> bool:
                _assert(part.process.poll() is None, part.said()[-2000:])
                async with admin.admin(settings) as client:
                    there = settings.stream("replay.killed.news.enriched") in await client.list_topics()
                return there and await streams_of.count(settings, "replay.killed.news.enriched") >= least

            await streams_of.until(reached, seconds=_LONGEST, what="some events are out")
            part.kill()
    await geowire(environment, "replay", "run", "killed", "--execute", seconds=_LONGEST)
    await _same(settings, found, "killed", ["news.enriched"])
    again = await streams_of.count(settings, "replay.killed.news.enriched") - total
    print(f"- killed five times with kill -9: the same in the end; {again:,} events were written twice, with their ids")
    await geowire(environment, "replay", "abort", "killed", "--execute")


async def _promoted(
    settings: Settings, environment: dict[str, str], directory: Path, found: dict[str, list[ConsumerRecord]]
) -> None:
    changed = {**environment, **one_term_more(directory / "knowledge", _TERM)}
    old, new = await piped(environment, found["news.raw"]), await piped(changed, found["news.raw"])
    keys = set(_standing(found["news.enriched"]))
    differing = {key for key in keys if old[key] != new[key]}
    await geowire(changed, "replay", "run", "term", "--execute", seconds=_LONGEST)
    begun = time.perf_counter()
    diff = json.loads(await geowire(changed, "replay", "diff", "term", "--json", "--examples", "100000"))
    took = time.perf_counter() - begun
    shown = {(example["url"], example["fetched"]) for example in diff["examples"]}
    _assert(shown == differing, f"the diff names {len(shown)}, the pipe {len(differing)}")
    stopped = await streams_of.ends(settings, "news.unique")
    begun = time.perf_counter()
    await geowire(changed, "replay", "promote", "term", "--execute", seconds=_LONGEST)
    promoting = time.perf_counter() - begun
    after = (await streams_of.read(settings, "news.enriched"))["news.enriched"]
    events = [json.loads(record.value) for record in after]
    again = [(event["url"], event["fetched"]) for event in events if event["reason"] == "reprocessed"]
    _assert(sorted(again) == sorted(differing), "what was published is not what differs")
    (generation,) = (r for r in (await streams_of.read(settings, "pipeline"))["pipeline"] if b"term" in r.value)
    _assert(json.loads(generation.value)["valid_from"] == {str(p): o for p, o in stopped.items()}, "the offset vector")
    stands = _standing(after)
    _assert({k: said(e) for k, e in stands.items()} == {k: new[k] for k in keys}, "what a consumer ends with")
    print(
        f"- one term changed: {len(differing):,} of {len(keys):,} decisions differ, as `geowire pipe` says; compared "
        f"in {took:.0f} s; promoted in {promoting:.0f} s: these and no others, each once"
    )


async def _latency(environment: dict[str, str], directory: Path) -> None:
    """Measure live at a steady rate, alone and beside a replay of the same pipe."""
    changed = {**environment, **one_term_more(directory / "knowledge", _TERM)}
    settings = Settings.from_env(environment)
    with Part.geowire("work", environment=changed, log=directory / "live.log") as worker, ExitStack() as running:
        await _events_of(settings, worker, 5)
        for name, arguments in (
            ("alone", None),
            ("beside a replay", []),
            ("beside a replay at 200/s", ["--rate", "200"]),
        ):
            replay = None
            if arguments is not None:
                command = ["replay", "run", f"beside-{len(arguments)}", "--execute", *arguments]
                replay = running.enter_context(Part.geowire(*command, environment=changed, log=directory / "r.log"))
                await _begun(settings, f"beside-{len(arguments)}", replay)
            latencies = await _events_of(settings, worker, _LIVE_SECONDS, until_ended=replay)
            share = {p: latencies[min(len(latencies) - 1, int(p * len(latencies)))] for p in (0.5, 0.95, 0.99)}
            figures = ", ".join(f"p{100 * p:.0f} {value} ms" for p, value in share.items())
            print(f"- live at {_LIVE_RATE} items/s {name}: {figures} over {len(latencies):,} items")
            if replay is not None:
                replay.kill()
        _assert(worker.stop() == 0, worker.said()[-2000:])


async def _begun(settings: Settings, name: str, replay: Part) -> None:
    async def writing() -> bool:
        _assert(replay.process.poll() is None, replay.said()[-2000:])
        async with admin.admin(settings) as client:
            there = settings.stream(f"replay.{name}.news.enriched") in await client.list_topics()
        return there and await streams_of.count(settings, f"replay.{name}.news.enriched") > 0

    await streams_of.until(writing, seconds=60, what="the replay writes")


async def _events_of(settings: Settings, worker: Part, seconds: float, *, until_ended: Part | None = None) -> list[int]:
    """Send items at the live rate for a while, or until a replay ends; return their latencies, milliseconds, sorted."""
    before = await streams_of.ends(settings, "news.enriched")
    sent: dict[bytes, int] = {}
    _, found = articles()
    async with streams_of.producer(settings, linger_ms=0) as client:
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds and (until_ended is None or until_ended.process.poll() is None):
            article = found[len(sent) % len(found)]
            now = int(time.time() * 1000)
            url = f"https://live.example/{uuid4().hex}"
            item = raw_item(Line(title=article.title, text=article.text, url=url, feed="live"))
            item = msgspec.structs.replace(item, fetched=from_milliseconds(now))
            key = item.item_id.encode()
            sent[key] = now
            await client.send_and_wait(
                settings.stream("news.raw"),
                encode(item),
                key=key,
                partition=partition_of(key, settings.partitions),
                timestamp_ms=now,
            )
            await asyncio.sleep(max(0.0, begun + len(sent) / _LIVE_RATE - time.perf_counter()))

    async def arrived() -> list[int] | None:
        _assert(worker.process.poll() is None, worker.said()[-2000:])
        records = (await streams_of.read(settings, "news.enriched"))["news.enriched"]
        new = [r for r in records if r.offset >= before[r.partition] and r.key in sent]
        return sorted(r.timestamp - sent[r.key] for r in new) if len(new) >= len(sent) else None

    latencies = await streams_of.until(arrived, seconds=120, what="every item has its event")
    _assert(latencies is not None, "no latencies")
    return latencies or []


def _standing(records: list[ConsumerRecord]) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event in (json.loads(record.value) for record in records):
        key = event["url"], event["fetched"]
        if key not in found or event["generation"] > found[key]["generation"]:
            found[key] = event
    return found


def _assert(promised: bool, otherwise: str) -> None:  # noqa: FBT001
    if not promised:
        raise AssertionError(otherwise)
