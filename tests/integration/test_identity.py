"""New, repeated, edited, moved: each item comes out once, and its versions in order."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from streams.settings import Settings
from tests import site, streams_of
from tests.integration import pipe
from tests.items import encoded, partition_of, raw_item

pytestmark = pytest.mark.integration

_STORIES = [
    {
        "title": f"Ministers meet for round {n} of the border talks",
        "link": f"https://daily.example/talks/{n}",
        "html": f"<p>The foreign ministers met for round {n} of their talks on the border.</p>",
    }
    for n in range(5)
]


async def test_polling_the_same_bytes_again_adds_nothing(
    settings: Settings, environment: dict[str, str], tmp_path: Any
) -> None:
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents["/feed"] = site.rss(*_STORIES)
        await running.poll(newsroom.url("/feed"))
        await running.poll(newsroom.url("/feed"))
        assert newsroom.requests["/feed"] == 2
        assert await running.counts() == _counts(raw=5, enriched=5)


async def test_with_feed_state_wiped_each_item_still_comes_out_once(
    settings: Settings, environment: dict[str, str], tmp_path: Any
) -> None:
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents["/feed"] = site.rss(*_STORIES)
        await running.poll(newsroom.url("/feed"))
        async with streams_of.producer(settings) as client:
            for record in (await streams_of.read(settings, "feed-state"))["feed-state"]:
                await client.send_and_wait(
                    settings.stream("feed-state"), None, key=record.key, partition=record.partition
                )
        await running.poll(newsroom.url("/feed"))
        assert await running.counts() == _counts(raw=10, enriched=5, duplicates=5)


async def test_an_edit_supersedes_and_a_version_that_comes_back_stands_last(
    settings: Settings, environment: dict[str, str], tmp_path: Any
) -> None:
    story = dict(_STORIES[0])
    changed = {**story, "html": "<p>The foreign ministers broke off their talks on the border.</p>"}
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        for version in (story, changed, story):
            newsroom.documents["/feed"] = site.rss(version)
            await running.poll(newsroom.url("/feed"))
        first, second, third = await running.events()

    assert [event["reason"] for event in (first, second, third)] == ["new", "edited", "edited"]
    assert len({event["item_id"] for event in (first, second, third)}) == 1
    assert len({event["id"] for event in (first, second, third)}) == 3
    assert first["supersedes"] is None
    for before, after in ((first, second), (second, third)):
        assert after["supersedes"]["fetched"] == before["fetched"]
        assert after["supersedes"]["content_hash"] == before["content_hash"]
        assert after["supersedes"]["origin"] == f"{before['raw']['partition']}:{before['raw']['offset']}"
    assert "broke off" in second["text"]
    assert third["text"] == first["text"], "A, B, A ends at A"


async def test_one_story_in_two_feeds_is_one_event_and_one_duplicate(
    settings: Settings, environment: dict[str, str], tmp_path: Any
) -> None:
    tracked = {**_STORIES[0], "link": _STORIES[0]["link"] + "?utm_source=rss&utm_medium=feed"}
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents["/world"] = site.rss(_STORIES[0], title="World")
        newsroom.documents["/europe"] = site.rss(tracked, title="Europe")
        await running.poll(newsroom.url("/world"), newsroom.url("/europe"))
        assert await running.counts() == _counts(raw=2, enriched=1, duplicates=1)


async def test_a_changed_slug_is_an_edit_not_a_second_item(
    settings: Settings, environment: dict[str, str], tmp_path: Any
) -> None:
    story = {**_STORIES[0], "guid": "story-17"}
    moved = {
        **story,
        "link": "https://daily.example/talks/broken-off",
        "html": "<p>The ministers broke off the talks.</p>",
    }
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        for version in (story, moved):
            newsroom.documents["/feed"] = site.rss(version)
            await running.poll(newsroom.url("/feed"))
        first, second = await running.events()
    assert first["item_id"] == second["item_id"]
    assert second["reason"] == "edited"


async def test_a_producer_with_another_partitioner_is_re_keyed(
    settings: Settings, environment: dict[str, str], tmp_path: Any
) -> None:
    """Each item in the wrong partition or under a wrong key, then again in its right place."""
    now = int(time.time() * 1000)
    items = [raw_item(f"https://wire.example/{n}", title=f"Wire report {n}", fetched=now + n) for n in range(24)]
    async with pipe.running(settings, environment, tmp_path) as running:
        async with streams_of.producer(settings) as client:
            for shift, key in ((3, None), (0, b"another key"), (0, None)):
                for item in items:
                    rightly = item["item_id"].encode()
                    await client.send(
                        settings.stream("news.raw"),
                        encoded(item),
                        key=key or rightly,
                        partition=(partition_of(rightly, settings.partitions) + shift) % settings.partitions,
                        timestamp_ms=now,
                    )
        found = await running.settled()

    assert len(found["news.enriched"]) == 24
    assert len(found["news.duplicates"]) == 48
    assert found["news.dead-letter"] == []
    for record in found["news.enriched"] + found["news.duplicates"]:
        assert record.key.decode() == json.loads(record.value)["item_id"]
        assert record.partition == partition_of(record.key, settings.partitions)


def _counts(raw: int, enriched: int, duplicates: int = 0, letters: int = 0) -> dict[str, int]:
    return {"news.raw": raw, "news.enriched": enriched, "news.duplicates": duplicates, "news.dead-letter": letters}
