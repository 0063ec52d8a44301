"""Checklist F: what comes out of a feed over time. (That it is so through Kafka is in tests/integration.)"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest

from schemas.raw import RawItem
from streams.polling.poll import Polled
from tests import site
from tests.polled import START, desk
from tests.server import Answer, serving


def _items(polled: Polled) -> list[RawItem]:
    return [msgspec.json.decode(item.record, type=RawItem) for item in polled.reading.items] if polled.reading else []


async def _series(documents: Sequence[bytes]) -> tuple[list[Polled], Counter[tuple[str, str]]]:
    """Poll a feed through a series of documents; the polls, and how often each item came."""
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", *(Answer(body=document) for document in documents))
        polled = await polls.poll_when_due(server.url("/feed"), len(documents))
    return polled, Counter((item.item_id, item.content_hash) for found in polled for item in _items(found))


async def test_f_the_series_gives_each_item_once() -> None:
    stories = [{"title": f"Report {n}", "link": f"https://daily.example/{n}", "guid": f"g{n}"} for n in range(200)]
    _, came = await _series([site.rss(*stories[start : start + 30]) for start in range(0, 171, 7)])
    assert len(came) == 198
    assert set(came.values()) == {1}


@pytest.mark.eval_data
async def test_f_the_real_series_gives_each_item_once(eval_data: Path) -> None:
    documents = [gzip.decompress(file.read_bytes()) for file in sorted((eval_data / "feeds/series").glob("*.gz"))]
    _, came = await _series(documents[:6])  # the whole series: tests/integration/test_polling.py
    assert len(came) > 500
    assert set(came.values()) == {1}


async def test_f_an_edit_is_an_update_of_the_same_item() -> None:
    def story(text: str, slug: str = "talks") -> bytes:
        return site.rss(
            {"title": "Talks", "link": f"https://daily.example/{slug}", "guid": "g1", "html": f"<p>{text}</p>"},
            {"title": "Other", "link": "https://daily.example/other", "guid": "g2"},
        )

    first, same, edited, moved = (await _series([story("a"), story("a"), story("b"), story("b", "talks-end")]))[0]
    assert len(_items(first)) == 2
    assert _items(same) == []
    (update,) = _items(edited)
    (before,) = [item for item in _items(first) if item.title == "Talks"]
    assert (update.item_id, update.guid) == (before.item_id, before.guid)
    assert update.content_hash != before.content_hash
    assert _items(moved) == [], "a changed slug under the same guid is no new item, and its text is the same"


async def test_f_a_gap_is_a_possible_loss() -> None:
    def page(start: int) -> bytes:
        return site.rss(
            *({"title": f"Report {n}", "link": f"https://daily.example/{n}"} for n in range(start, start + 10))
        )

    polled, _ = await _series([page(0), page(5), page(14), page(40), page(41), site.rss(), page(80)])
    assert [found.outcome.gap for found in polled] == [False, False, False, True, False, False, False]


async def test_f_editors_who_take_an_item_back_are_no_gap() -> None:
    stories = [{"title": f"Report {n}", "link": f"https://daily.example/{n}"} for n in range(10)]
    polled, _ = await _series([site.rss(*stories), site.rss(*stories[1:]), site.rss(*stories[3:], stories[0])])
    assert [found.outcome.gap for found in polled] == [False, False, False]


async def test_f_first_poll_items_older_than_48_h_are_marked_backfill() -> None:
    def story(number: int, hours: float) -> dict[str, str]:
        date = format_datetime(START - timedelta(hours=hours))
        return {"title": f"Report {number}", "link": f"https://daily.example/{number}", "date": date}

    old, fresh, undated = story(1, 49), story(2, 47), {"title": "Report 3", "link": "https://daily.example/3"}
    first, later = (await _series([site.rss(old, fresh, undated), site.rss(old, fresh, undated, story(4, 100))]))[0]
    assert {item.title: item.backfill for item in _items(first)} == {
        "Report 1": True,
        "Report 2": False,
        "Report 3": False,
    }
    assert [item.backfill for item in _items(later)] == [False], "later it is news, however old it says it is"
