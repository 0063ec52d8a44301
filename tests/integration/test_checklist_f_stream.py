"""Checklist F through Kafka: each item once, edits as updates, old items marked, gaps told.

That a replay of raw gives equal events is in test_replay.py; the real series and kill -9 in test_polling.py.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from schemas.feed import Feed
from streams.settings import Settings
from tests import site, streams_of
from tests.held import holding
from tests.integration import pipe

pytestmark = pytest.mark.integration


def _page(start: int, stop: int, text: str = "as it was") -> bytes:
    now = datetime.now(UTC)
    return site.rss(
        *(
            {
                "title": f"Report {n}",
                "link": f"https://daily.example/{n}",
                "guid": f"g{n}",
                "html": f"<p>What happened in {n}, {text if n == 9 else 'as it was'}.</p>",
                "date": format_datetime(now - timedelta(hours=100 - n * 10)),
            }
            for n in reversed(range(start, stop))
        )
    )


async def test_f_each_item_once_edits_are_updates_old_items_backfill_gaps_possible_loss(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        feed = Feed(url=newsroom.url("/feed"), id="a-feed")
        async with holding(replace(settings, allow_private=(newsroom.address,)), [feed]) as poller:
            for page in (_page(0, 10), _page(0, 10), _page(2, 12), _page(2, 12, "and differently"), _page(20, 25)):
                newsroom.documents["/feed"] = page
                await poller.poll(feed.id)
        events = await running.events()
        statuses = [json.loads(r.value) for r in (await streams_of.read(settings, "feed-status"))["feed-status"]]
    came = Counter((event["title"], event["reason"]) for event in events)
    assert set(came.values()) == {1}
    assert {title for title, reason in came if reason == "edited"} == {"Report 9"}
    assert len({event["item_id"] for event in events}) == 17
    old = {event["title"] for event in events if event["backfill"]}
    assert old == {f"Report {n}" for n in range(6)}, "older than 48 h at the first poll"
    assert [status["event"] for status in statuses] == ["possible-loss"]
