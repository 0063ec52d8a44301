"""What cannot be processed becomes a dead letter with its reason and its bytes, and the stream moves on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration import pipe
from tests.items import encoded, partition_of, raw_item, timestamp

pytestmark = pytest.mark.integration

_HOUR_MS = 3_600_000
_MB = 1024 * 1024


class Poison(Struct, frozen=True):
    value: bytes | None
    code: str
    says: str
    headers: list[tuple[str, bytes]] = []


def _poisons(now: int) -> dict[str, Poison]:
    def item(**changes: Any) -> dict[str, Any]:
        return {**raw_item("https://wire.example/poison", title="A report", fetched=now), **changes}

    def lacking(field: str) -> bytes:
        return encoded({key: value for key, value in item().items() if key != field})

    good = encoded(item())
    return {
        "no value": Poison(None, "empty", "no value"),
        "not JSON": Poison(b"<rss>this is no JSON</rss>", "invalid-json", ""),
        "cut off": Poison(good[: len(good) // 2], "invalid-json", ""),
        "not UTF-8": Poison(good.replace(b"A report", b"A \xff\xfe report"), "invalid-json", ""),
        "deep nesting": Poison(b'{"title":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "wrong-type", "title"),
        "deep nesting in an unknown field": Poison(
            good[:-1] + b',"extra":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "invalid-json", ""
        ),
        "lone surrogate": Poison(good.replace(b"A report", rb"A \ud800 report"), "invalid-json", ""),
        "U+0000": Poison(good.replace(b"A report", rb"A \u0000 report"), "control-character", "U+0000"),
        "an array": Poison(b"[1, 2, 3]", "wrong-type", "object"),
        "title is a number": Poison(encoded(item(title=17)), "wrong-type", "title"),
        "feed is a text": Poison(encoded(item(feed="wire")), "wrong-type", "feed"),
        "fetched is no time": Poison(encoded(item(fetched="yesterday")), "wrong-type", "fetched"),
        "fetched on no day": Poison(encoded(item(fetched="2026-02-30T00:00:00.000Z")), "wrong-type", "no such time"),
        "item_id is empty": Poison(encoded(item(item_id="")), "wrong-type", "item_id"),
        "no item_id": Poison(lacking("item_id"), "wrong-type", "item_id"),
        "no title": Poison(lacking("title"), "wrong-type", "title"),
        "no fetched": Poison(lacking("fetched"), "wrong-type", "fetched"),
        "fetched two hours ahead": Poison(
            encoded(item(fetched=timestamp(now + 2 * _HOUR_MS))), "fetched-ahead", "ahead"
        ),
        "unknown version": Poison(good, "unknown-version", "v7", [("ce_type", b"geowire.item.raw.v7")]),
        "10 MB that are no JSON": Poison(b"x" * (10 * _MB), "invalid-json", ""),
        "10 MB, cut off": Poison(encoded(item(body="Nothing new. " * (10 * _MB // 13)))[:-2], "invalid-json", ""),
        "at the limit of news.raw": Poison(b"x" * (12 * _MB - 2_000), "invalid-json", ""),
        "large headers": Poison(b"no JSON", "invalid-json", "", [("x", b"h" * 300_000)]),
    }


async def test_poison(settings: Settings, environment: dict[str, str], tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    poisons = _poisons(now)
    async with pipe.running(settings, environment, tmp_path) as running:
        sent: dict[str, str] = {}
        async with streams_of.producer(settings) as client:
            for number, (name, poison) in enumerate(poisons.items()):
                placed = await client.send_and_wait(
                    settings.stream("news.raw"),
                    poison.value,
                    key=b"poison",
                    partition=number % settings.partitions,
                    timestamp_ms=now,
                    headers=poison.headers,
                )
                sent[f"{placed.partition}:{placed.offset}"] = name
            good = [raw_item(f"https://wire.example/{n}", title=f"Report {n}", fetched=now) for n in range(40)]
            for item in good:
                key = item["item_id"].encode()
                partition = partition_of(key, settings.partitions)
                await client.send(
                    settings.stream("news.raw"), encoded(item), key=key, partition=partition, timestamp_ms=now
                )
        found = await running.settled()

    letters = {sent[streams_of.origin(letter)]: letter for letter in found["news.dead-letter"]}
    assert poisons.keys() - letters.keys() == set(), "not refused"
    assert len(found["news.enriched"]) == len(good), "the stream moves on behind every letter"
    assert len(found["news.dead-letter"]) == len(poisons)
    for name, poison in poisons.items():
        letter, headers = letters[name], streams_of.headers(letters[name])
        assert letter.value == poison.value, name
        assert letter.key == b"poison", name
        assert headers["dlq_code"].decode() == poison.code, (name, headers)
        assert poison.says in headers["dlq_message"].decode(), (name, headers)
        assert headers["dlq_stage"] == b"dedupe"
        assert headers["dlq_stream"] == b"news.raw"
        assert f"{headers['dlq_partition'].decode()}:{headers['dlq_offset'].decode()}" == headers["origin"].decode()


async def test_an_article_of_ten_megabytes_is_processed_and_says_that_it_was_cut(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    now = int(time.time() * 1000)
    item = raw_item("https://wire.example/long", title="A long report", body="Nothing new. " * 800_000, fetched=now)
    async with pipe.running(settings, environment, tmp_path) as running:
        async with streams_of.producer(settings) as client:
            await streams_of.send_raw(client, settings, item, at=now)
        (event,) = await running.events()
    assert event["coverage"]["truncated"] is True
    assert 190_000 < len(event["text"]) <= 200_000


@pytest.mark.parametrize("stream", ["news.raw", "news.unique"])
async def test_the_broker_refuses_a_record_time_ahead_of_its_clock(settings: Settings, stream: str) -> None:
    await admin.apply(settings)
    ahead = int(time.time() * 1000) + 2 * _HOUR_MS
    async with streams_of.producer(settings) as client:
        with pytest.raises(KafkaError, match="InvalidTimestamp"):
            await client.send_and_wait(settings.stream(stream), b"{}", key=b"k", timestamp_ms=ahead)


async def test_the_broker_refuses_what_is_older_than_raw_keeps_it(settings: Settings) -> None:
    """A loader of old items would see them expire before anybody has read them."""
    await admin.apply(settings)
    now, kept = int(time.time() * 1000), settings.retention_days * 24 * _HOUR_MS
    async with streams_of.producer(settings) as client:
        await client.send_and_wait(settings.stream("news.raw"), b"{}", key=b"k", timestamp_ms=now - kept + _HOUR_MS)
        with pytest.raises(KafkaError, match="InvalidTimestamp"):
            await client.send_and_wait(settings.stream("news.raw"), b"{}", key=b"k", timestamp_ms=now - kept - _HOUR_MS)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda headers: [h for h in headers if h[0] != "origin"], "wrong-origin"),
        (lambda headers: [h for h in headers if h[0] != "ce_type"] + [("ce_type", b"other")], "unknown-version"),
    ],
)
async def test_enrich_writes_letters_too(
    settings: Settings,
    environment: dict[str, str],
    tmp_path: Path,
    spoil: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]],
    code: str,
) -> None:
    now = int(time.time() * 1000)
    item = raw_item("https://wire.example/1", title="A report", fetched=now)
    headers = [("origin", b"0:0"), ("ce_reason", b"new"), ("ce_type", b"geowire.item.unique.v1")]
    async with pipe.running(settings, environment, tmp_path, audited=False):
        async with streams_of.producer(settings) as client:
            await client.send_and_wait(
                settings.stream("news.unique"), encoded(item), key=b"k", timestamp_ms=now, headers=spoil(headers)
            )

        async def letters() -> list[Any]:
            return (await streams_of.read(settings, "news.dead-letter"))["news.dead-letter"]

        (letter,) = await streams_of.until(letters, what="a dead letter")
    assert streams_of.headers(letter)["dlq_stage"] == b"enrich"
    assert streams_of.headers(letter)["dlq_code"].decode() == code
    assert json.loads(letter.value) == item
