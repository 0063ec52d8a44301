"""Events over HTTP, from a real broker: /events, feeds out, the contract."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import feedparser
import msgspec
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from schemas.enriched import Enriched
from streams.broker import admin
from streams.console.app import make_app
from streams.serving.excerpts import LONGEST
from streams.settings import Settings
from tests import streams_of
from tests.integration.published import SANCTIONS, event_of, publish

pytestmark = pytest.mark.integration


async def _kinds(client: TestClient[Any, Any], query: str, until: set[str], *, after: str = "") -> dict[str, str]:
    """Read events until these items have been told of: as what, by item."""
    found: dict[str, str] = {}
    async for event in _events(client, query, {"Last-Event-ID": after} if after else {}):
        found[event["item_id"]] = event["kind"]
        if event["kind"] == "message":
            assert len(event["text"]) <= LONGEST + 1
            msgspec.convert({name: value for name, value in event.items() if name not in {"kind", "at"}}, Enriched)
        if found.keys() >= until:
            return found
    raise AssertionError(f"the stream ended: {found}")


async def _events(
    client: TestClient[Any, Any] | ClientSession, query: str, headers: Mapping[str, str]
) -> AsyncIterator[dict[str, Any]]:
    async with client.get(f"/events?{query}", headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        fields: dict[str, str] = {}
        async for line in response.content:
            if line.strip():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                fields[name] = value
                continue
            if "data" in fields:
                said = {"kind": fields.get("event", "message"), "at": fields["id"], **json.loads(fields["data"])}
                if said["kind"] != "position":
                    yield said
            fields = {}


async def test_events_feeds_and_the_contract_over_http(settings: Settings) -> None:
    await admin.apply(settings)
    await publish(
        settings,
        event_of("a", 0),
        event_of("b", 1, topics=SANCTIONS),
        event_of("c", 2, pairs=()),
        event_of("d", 3, reason="edited", topics=SANCTIONS),
    )
    async with TestClient(TestServer(make_app(settings))) as client:
        await _check_events(settings, client)
        await _check_feeds(settings, client)
        page = await client.get("/contract")
        assert page.status == 200
        assert "news.enriched" in await page.text()
        assert (await (await client.get("/contract.json")).json())["asyncapi"] == "3.0.0"


async def _check_events(settings: Settings, client: TestClient[Any, Any]) -> None:
    beginning = "after=beginning"
    kinds = await _kinds(client, f"topic=diplomacy&{beginning}", {"a", "c", "d"})
    assert kinds == {"a": "message", "c": "message", "d": "gone"}, "d was edited, and passes no longer"
    kinds = await _kinds(client, f"topic=diplomacy&pair=PE-CL&{beginning}", {"a", "d"})
    assert kinds == {"a": "message", "d": "gone"}, "c has no pair"

    # All of it, then cut off; what is published meanwhile comes first when it goes on.
    found: list[dict[str, Any]] = []
    async for event in _events(client, beginning, {}):
        found.append(event)
        if len(found) == 4:
            break
    await publish(settings, event_of("e", 4), event_of("a", 5, reason="withdrawn", title="", text="", topics=None))
    assert await _kinds(client, beginning, {"e", "a"}, after=found[-1]["at"]) == {"e": "message", "a": "gone"}
    wrong = await client.get("/events?after=yesterday")
    assert wrong.status == 400


async def _check_feeds(settings: Settings, client: TestClient[Any, Any]) -> None:
    async def loaded() -> bool:
        return (await client.get("/feeds/all.json")).status == 200

    await streams_of.until(loaded, what="feeds are there")

    async def titles(path: str) -> list[str]:
        return [entry.title for entry in feedparser.parse(await (await client.get(path)).read()).entries]

    async def withdrawn() -> bool:
        return await titles("/feeds/diplomacy/CL-PE.atom") == ["Report e"]

    await streams_of.until(withdrawn, what="the newest of the pair, without what was withdrawn")
    assert await titles("/feeds/sanctions/en.atom") == ["Report d", "Report b"]
    assert await titles("/feeds/FR.atom") == []

    first = await client.get("/feeds/all.atom")
    assert first.headers["Content-Type"].startswith("application/atom+xml")
    document = feedparser.parse(await first.read())
    assert not document.bozo
    assert all(len(entry.summary) <= LONGEST + 1 for entry in document.entries)
    same = await client.get("/feeds/all.atom", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status, await same.read()) == (304, b"")
    await publish(settings, event_of("f", 6))

    async def changed() -> bool:
        other = await client.get("/feeds/all.atom", headers={"If-None-Match": first.headers["ETag"]})
        return other.status == 200

    await streams_of.until(changed, what="the feed has changed")
    items = (await (await client.get("/feeds/CL.json")).json())["items"]
    assert items[0]["title"] == "Report f"
    assert (await client.get("/feeds/gardening.atom")).status == 404
