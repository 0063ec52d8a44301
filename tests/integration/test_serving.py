"""What stands in files, and the client in a group, on a real broker."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import Any

import pytest

import geowire
from streams.broker import admin
from streams.export import Form, export
from streams.serving.excerpts import LONGEST
from streams.settings import Settings
from streams.tail import Filter
from tests import streams_of
from tests.integration.published import SANCTIONS, event_of, publish

pytestmark = pytest.mark.integration


async def test_export_writes_what_stands(settings: Settings) -> None:
    await admin.apply(settings)
    await publish(
        settings,
        event_of("a", 0),
        event_of("a", 2, title="=Report a, edited", reason="edited"),
        event_of("b", 1, topics=SANCTIONS),
        event_of("c", 1),
        event_of("c", 3, reason="withdrawn", title="", text=""),
        event_of("a", 1, title="an earlier version that comes late", generation=9),
        event_of("b", 1, topics=SANCTIONS),
    )

    async def exported(form: Form, only: Filter = Filter(), *, since: int | None = None) -> list[str]:  # noqa: B008
        out = io.BytesIO()
        count = await export(settings, out, form, since=since, only=only, progress=None)
        lines = out.getvalue().decode().splitlines()
        assert count == len(lines) - (form == "csv")
        return lines

    events = {line["item_id"]: line for line in map(json.loads, await exported("jsonl"))}
    assert {item: event["title"] for item, event in events.items()} == {"a": "=Report a, edited", "b": "Report b"}
    assert all(len(event["text"]) <= LONGEST + 1 for event in events.values())
    rows = list(csv.DictReader(io.StringIO("\n".join(await exported("csv", Filter(topics=frozenset({"diplomacy"})))))))
    assert [(row["item_id"], row["title"]) for row in rows] == [("a", "'=Report a, edited")]
    (ninjs,) = map(json.loads, await exported("ninjs", Filter(topics=frozenset({"sanctions"}))))
    assert [subject["name"] for subject in ninjs["subjects"]] == ["sanctions"]
    assert await exported("jsonl", since=4_000_000_000_000) == []
    assert await exported("jsonl", Filter(sources=frozenset({"nobody"}))) == []


async def test_a_group_begins_where_it_is_told_and_goes_on(settings: Settings) -> None:
    await admin.apply(settings)
    await publish(settings, event_of("before", 0))
    arguments: dict[str, Any] = {"servers": settings.bootstrap_servers, "namespace": settings.namespace}

    async def first(count: int) -> list[str]:
        found = []
        async with geowire.subscribe(group=f"{settings.namespace}-desk", **arguments) as events:
            async for event in events:
                found.append(event.item_id)
                if len(found) == count:
                    break
        return found

    reading = asyncio.create_task(first(1))

    async def begun() -> bool:
        async with admin.admin(settings) as client:
            kept = await admin.patiently(lambda: client.list_consumer_group_offsets(f"{settings.namespace}-desk"))
        return len(kept) == settings.partitions

    await streams_of.until(begun, what="the group has begun")
    await publish(settings, event_of("after", 1))
    assert await reading == ["after"], "from now on"
    await publish(settings, event_of("later", 2))
    assert set(await first(2)) == {"after", "later"}, "what was in hand was not done, and comes again"
