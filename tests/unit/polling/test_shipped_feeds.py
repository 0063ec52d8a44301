"""The shipped feed list is what its head and the README say."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from agents.classify.gazetteer.tables import read_tables
from agents.knowledge import read_files
from schemas.feed import Feed
from streams.polling import feedlist

_FEEDS = feedlist.load(None)
_CODES = read_tables(read_files("classify/gazetteer/world"), []).codes


def test_there_are_enough_in_enough_languages() -> None:
    assert 60 <= len(_FEEDS) <= 120
    assert len({feed.language for feed in _FEEDS}) >= 15


def test_hosts_are_not_named_twice_for_the_same_feed() -> None:
    assert len({re.sub(r"^https?://(www\.)?", "", feed.url).rstrip("/") for feed in _FEEDS}) == len(_FEEDS)


@pytest.mark.parametrize("feed", _FEEDS, ids=lambda feed: feed.id)
def test_every_feed_says_who_where_and_since_when(feed: Feed) -> None:
    assert feed.publisher
    assert feed.country in _CODES
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?", feed.language or "")
    assert feed.source in {"capture", "OPML list by country", "newscatcher list"}
    assert re.fullmatch(r"20\d\d(-\d\d-\d\d)?", feed.last_seen or "")
    assert feed.last_verified == "", "nobody verified it: live polling was not possible"
    assert urlsplit(feed.url).hostname
