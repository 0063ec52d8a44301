"""From feeds served over HTTP to events: every item once, whatever happens to the poller."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest

from agents.identity.urls import canonical_url
from schemas.feed import Feed
from streams.settings import Settings
from tests import site
from tests.held import holding
from tests.integration import pipe
from tests.processes import Part

pytestmark = pytest.mark.integration

_DYING = Path(__file__).with_name("dying_poller.py")
_POINTS = ("after fetch", "after half the items", "before the state", "after the state")


async def test_a_poller_killed_at_any_point_loses_and_repeats_nothing(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """One poller after the other dies at one of the points; each finds what those before it left behind."""
    stories = {
        f"/feed-{feed}": [
            {
                "title": f"Report {n} from the talks of group {feed}",
                "link": f"https://daily.example/{feed}/{n}",
                "html": f"<p>Round {n}.</p>",
            }
            for n in range(10)
        ]
        for feed in range(len(_POINTS))
    }
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents.update({path: site.rss(*listed) for path, listed in stories.items()})
        feeds = tmp_path / "feeds.txt"
        feeds.write_text("\n".join(map(newsroom.url, stories)))
        dying = {**environment, "ALLOW_PRIVATE": newsroom.address}
        for point in _POINTS:
            with Part(str(_DYING), point, str(feeds), environment=dying, log=tmp_path / "dying.log") as poller:
                assert await asyncio.to_thread(poller.process.wait, 60) == -9, poller.said()
        await running.poll(*map(newsroom.url, stories))
        titles = [event["title"] for event in await running.events()]
    assert sorted(titles) == sorted(story["title"] for listed in stories.values() for story in listed)


async def _poll_all(running: pipe.Pipe, newsroom: site.Site) -> None:
    await running.poll(*(newsroom.url(path) for path in newsroom.documents))


def _expected(documents: Mapping[str, bytes]) -> set[str]:
    """Distinct addresses of the documents' items, found with plain feedparser; not FeedBurner's redirect to them."""
    links = {
        entry.get("feedburner_origlink") or entry.get("link", "")
        for document in documents.values()
        for entry in feedparser.parse(io.BytesIO(document)).entries
    }
    return {found for link in links if link.startswith("http") and (found := canonical_url(link))}


@pytest.mark.eval_data
@pytest.mark.timeout(600)
async def test_all_real_feeds(settings: Settings, environment: dict[str, str], tmp_path: Path, eval_data: Path) -> None:
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        for file in sorted((eval_data / "feeds/news").glob("*.xml")):
            newsroom.documents[f"/{file.name}"] = file.read_bytes()
        assert len(newsroom.documents) >= 60
        await _poll_all(running, newsroom)
        found = await running.settled()
    expected = _expected(newsroom.documents)
    urls = {canonical_url(json.loads(r.value)["url"]) for r in found["news.enriched"] if json.loads(r.value)["url"]}
    assert len(expected) > 2_000
    assert expected - urls == set(), "items that plain feedparser finds are missing"
    assert len(found["news.dead-letter"]) <= 0.005 * len(found["news.raw"])
    ids = [json.loads(record.value)["item_id"] for record in found["news.enriched"]]
    assert len(ids) - len(set(ids)) <= 0.02 * len(ids), "items come out once, but for real edits between documents"


@pytest.mark.eval_data
@pytest.mark.timeout(600)
async def test_thirty_snapshots_of_one_feed_give_each_item_once(
    settings: Settings, environment: dict[str, str], tmp_path: Path, eval_data: Path
) -> None:
    snapshots = [gzip.decompress(file.read_bytes()) for file in sorted((eval_data / "feeds/series").rglob("*.gz"))]
    assert len(snapshots) >= 30
    await _snapshots(settings, environment, tmp_path, snapshots)


async def test_snapshots_of_a_moving_window_give_each_item_once(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """The twin on documents of our own: a window of 30 items that moves by 7."""
    stories = [{"title": f"Report {n}", "link": f"https://daily.example/{n}"} for n in range(100)]
    snapshots = [site.rss(*stories[start : start + 30]) for start in range(0, 71, 7)]
    await _snapshots(settings, environment, tmp_path, snapshots)


async def _snapshots(settings: Settings, environment: dict[str, str], tmp_path: Path, snapshots: list[bytes]) -> None:
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        feed = Feed(url=newsroom.url("/feed"), id="snapshots")
        async with holding(replace(settings, allow_private=(newsroom.address,)), [feed]) as poller:
            for snapshot in snapshots:
                newsroom.documents["/feed"] = snapshot
                await poller.poll(feed.id)
        events = await running.events()
    urls = [canonical_url(event["url"]) for event in events if event["reason"] == "new"]
    assert len(urls) == len(set(urls)), "an item came out twice"
    assert set(urls) == _expected({str(n): snapshot for n, snapshot in enumerate(snapshots)})
