"""``geowire audit`` on a real broker: a run that is complete, and each fault made by hand."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration import pipe
from tests.integration.outcomes import caught_up
from tests.items import encoded, partition_of, raw_item

pytestmark = pytest.mark.integration

_DAY_MS = 86_400_000


async def audited(environment: Mapping[str, str], *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command as an operator's script does; its exit code and report."""
    done = await geowire(environment, "audit", "--json", *options)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


async def geowire(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def commit(settings: Settings, stream: str, offset: int | None = None) -> None:
    """Commit a stream to its end in the workers' group, as if they had done their work, or set it back."""
    ends = {p: end if offset is None else offset for p, end in (await streams_of.ends(settings, stream)).items()}
    client = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, group_id=settings.group, enable_auto_commit=False
    )
    await client.start()
    try:
        positions = {TopicPartition(settings.stream(stream), p): end for p, end in ends.items()}
        client.assign(list(positions))
        await client.commit(positions)
    finally:
        await client.stop()


class Hand:
    """Writes records of all streams by hand, in partition 0."""

    def __init__(self, settings: Settings, client: AIOKafkaProducer) -> None:
        self._settings = settings
        self._client = client

    async def raw(self, number: int, *, time_ms: int, origin: str | None = None) -> str:
        item = raw_item(f"https://wire.example/{number}", title=f"Report {number}", fetched=time_ms, feed="hand")
        headers = [("origin", origin.encode())] if origin else []
        return await self._send("news.raw", encoded(item), headers, time_ms)

    async def outcome(self, stream: str, origin: str, **headers: str) -> str:
        head = {"ce_id": f"{stream} {origin}", "ce_source": "/feeds/hand", "origin": origin, **headers}
        return await self._send(stream, b"{}", [(key, value.encode()) for key, value in head.items()], None)

    async def letter(self, origin: str) -> str:
        partition, offset = origin.split(":")
        refused = {"dlq_stream": "news.raw", "dlq_partition": partition, "dlq_offset": offset}
        return await self.outcome("news.dead-letter", origin, dlq_stage="dedupe", dlq_code="wrong-type", **refused)

    async def _send(self, stream: str, value: bytes, headers: list[tuple[str, bytes]], time_ms: int | None) -> str:
        placed = await self._client.send_and_wait(
            self._settings.stream(stream), value, key=b"k", partition=0, timestamp_ms=time_ms, headers=headers
        )
        return f"{placed.partition}:{placed.offset}"


async def test_a_run_with_everything_in_it_is_complete_and_what_is_put_in_is_found(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    now = int(time.time() * 1000)

    async def produce(client: AIOKafkaProducer, item: dict[str, Any], feed: str | None = None, shift: int = 0) -> None:
        key = item["item_id"].encode()
        await client.send(
            settings.stream("news.raw"),
            encoded(item),
            key=key,
            partition=(partition_of(key, settings.partitions) + shift) % settings.partitions,
            timestamp_ms=now,
            headers=[("ce_source", f"/feeds/{feed}".encode())] if feed else [],
        )

    items = [raw_item(f"https://wire.example/{n}", title=f"Report {n}", fetched=now + n) for n in range(40)]
    async with pipe.running(settings, environment, tmp_path) as running:
        async with streams_of.producer(settings) as client:
            for item in items:
                await produce(client, item)
            for item in items[:10]:  # repeated, and in the wrong place
                await produce(client, item, shift=3)
            for item in items[10:15]:
                await produce(client, {**item, "title": "Changed", "content_hash": "f" * 32}, feed="edits")
            for number in range(4):
                await client.send(settings.stream("news.raw"), b"no JSON", partition=number, timestamp_ms=now)
        await running.settled()
        code, report = await audited(environment)
        assert (code, report["complete"], report["faults"]) == (0, True, [])
    assert _nonzero(report["total"]) == {"origins": 59, "enriched": 45, "duplicates": 10, "letters": 4}
    assert _nonzero(report["feeds"]["test-feed"]) == {"origins": 50, "enriched": 40, "duplicates": 10}
    assert _nonzero(report["feeds"]["edits"]) == {"origins": 5, "enriched": 5}
    assert _nonzero(report["feeds"]["(unreadable)"]) == {"origins": 4, "letters": 4}
    assert report["rekeyed"] == 10

    code, report = await audited(environment, "--feed", "edits")
    assert (code, _nonzero(report["total"])) == (0, {"origins": 5, "enriched": 5})

    async with streams_of.producer(settings) as client:
        hand = Hand(settings, client)
        found = await streams_of.read(settings, "news.enriched")
        event = next(record for record in found["news.enriched"] if record.partition != 0)
        contradicting = await hand.outcome("news.duplicates", streams_of.origin(event))
        unexpected = await hand.outcome("news.enriched", "3:100000", ce_generation="1")
        nowhere = await hand.outcome("news.enriched", "no position")
    code, report = await audited(environment)
    assert (code, report["complete"]) == (1, False)
    assert (report["total"]["contradicting"], report["unexpected"], report["total"]["missing"]) == (1, 2, 0)
    faults = {
        (f["kind"], f["place"]["stream"], f"{f['place']['partition']}:{f['place']['offset']}") for f in report["faults"]
    }
    assert ("unexpected", "news.enriched", unexpected) in faults
    assert ("unexpected", "news.enriched", nowhere) in faults
    (against,) = (fault for fault in report["faults"] if fault["kind"] == "contradicting")
    assert against["origin"] == streams_of.origin(event)
    assert "duplicate" in against["detail"]
    assert contradicting

    shown = await geowire(environment, "audit")
    assert shown.returncode == 1
    assert "faults: 1 contradicting, 2 unexpected" in shown.stdout
    assert all(len(line) <= 100 for line in shown.stdout.splitlines() if not line.startswith("  !"))


async def test_what_was_skipped_is_missing_and_what_waits_is_under_way(
    settings: Settings, environment: dict[str, str]
) -> None:
    now = int(time.time() * 1000)
    await admin.apply(settings)
    async with streams_of.producer(settings) as client:
        hand = Hand(settings, client)
        skipped = [await hand.raw(n, time_ms=now) for n in range(3)]
        code, report = await audited(environment)
        assert (code, _nonzero(report["total"])) == (0, {"origins": 3, "under_way": 3})
        await commit(settings, "news.raw")
        await hand.outcome("news.duplicates", skipped[1])
        waiting = await hand.raw(3, time_ms=now)
    code, report = await audited(environment)
    assert (code, report["complete"]) == (1, False)
    assert _nonzero(report["total"]) == {"origins": 4, "duplicates": 1, "missing": 2, "under_way": 1}
    places = [(f["kind"], f["place"]["stream"], f"0:{f['place']['offset']}") for f in report["faults"]]
    assert places == [("missing", "news.raw", skipped[0]), ("missing", "news.raw", skipped[2])]
    assert waiting not in str(report["faults"])


async def test_setting_the_offsets_back_brings_what_is_missing(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """What docs/accounting.md advises: whatever had an outcome is recognised, versions that were superseded too."""
    now = int(time.time() * 1000)

    async def produce(version: int, numbers: range) -> None:
        async with streams_of.producer(settings) as client:
            for number in numbers:
                title = f"Report {number}, version {version}"
                item = raw_item(f"https://wire.example/{number}", title=title, fetched=now + version)
                key = item["item_id"].encode()
                partition = partition_of(key, settings.partitions)
                await client.send(
                    settings.stream("news.raw"), encoded(item), key=key, partition=partition, timestamp_ms=now
                )

    async with pipe.running(settings, environment, tmp_path) as running:
        for version in range(3):
            await produce(version, range(20))
            await caught_up(settings)
        await running.settled()
    await produce(9, range(15, 30))
    await commit(settings, "news.raw")
    code, report = await audited(environment)
    assert (code, _nonzero(report["total"])) == (1, {"origins": 75, "enriched": 60, "missing": 15})

    await commit(settings, "news.raw", 0)
    async with pipe.running(settings, environment, tmp_path):
        await caught_up(settings)
    code, report = await audited(environment)
    assert (code, report["faults"]) == (0, [])
    assert _nonzero(report["total"]) == {"origins": 75, "enriched": 75, "sent_again": 60}


async def test_a_letter_that_was_sent_again_is_retried_and_one_that_was_not_contradicts(
    settings: Settings, environment: dict[str, str]
) -> None:
    now = int(time.time() * 1000)
    await admin.apply(settings)
    async with streams_of.producer(settings) as client:
        hand = Hand(settings, client)
        origins = [await hand.raw(n, time_ms=now) for n in range(3)]
        for origin in origins:
            await hand.letter(origin)
        await hand.raw(0, time_ms=now, origin=origins[0])
        await commit(settings, "news.raw")
        for origin in origins[:2]:
            await hand.outcome("news.enriched", origin, ce_generation="1")
    code, report = await audited(environment)
    assert code == 1
    assert _nonzero(report["total"]) == {"origins": 3, "enriched": 1, "letters": 1, "contradicting": 1, "retried": 1}
    (fault,) = report["faults"]
    assert (fault["kind"], fault["origin"]) == ("contradicting", origins[1])


async def test_what_retention_took_away_is_never_called_missing(
    settings: Settings, environment: dict[str, str]
) -> None:
    """Duplicates are kept 7 days: of a raw record from before that nobody can say that it had no outcome."""
    now = int(time.time() * 1000)
    await admin.apply(settings)
    async with streams_of.producer(settings) as client:
        hand = Hand(settings, client)
        gone = await hand.raw(0, time_ms=now - 20 * _DAY_MS)
        await hand.raw(1, time_ms=now - 8 * _DAY_MS)
        recent = await hand.raw(2, time_ms=now - _DAY_MS)
        await commit(settings, "news.raw")
        await hand.outcome("news.duplicates", gone)
        await hand.outcome("news.enriched", gone)
    code, report = await audited(environment)
    assert code == 1
    assert (report["total"]["missing"], report["total"]["contradicting"]) == (2, 1), "nothing has expired so far"

    async with admin.admin(settings) as client:
        for stream in ("news.raw", "news.duplicates"):
            partition = TopicPartition(settings.stream(stream), 0)
            await client.delete_records({partition: RecordsToDelete(before_offset=1)})
    code, report = await audited(environment)
    assert _nonzero(report["total"]) == {"origins": 2, "outcome_expired": 1, "missing": 1}
    assert report["expired"] == 1, "the event outlived its raw record"
    assert [f"0:{fault['place']['offset']}" for fault in report["faults"]] == [recent]

    code, report = await audited(environment, "--since", "2d")
    assert (code, _nonzero(report["total"])) == (1, {"origins": 1, "missing": 1})
    code, report = await audited(environment, "--since", "2h")
    assert (code, _nonzero(report["total"])) == (0, {})


async def test_what_the_operator_gets_wrong_is_said(settings: Settings, environment: dict[str, str]) -> None:
    await admin.apply(settings)
    done = await geowire(environment, "audit", "--since", "lately")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "'lately' is no time" in done.stderr
    done = await geowire(environment, "audit", "--feed", "nobody")
    assert done.returncode == 2
    assert "no raw record is of a feed 'nobody'" in done.stderr


def _nonzero(row: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in row.items() if count}
