"""From a site's address to a full article on news.raw: autodiscovery, polling, the page, through commands and Kafka."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests import site
from tests.server import Answer, serving

pytestmark = pytest.mark.integration

_PROSE = "The foreign ministers of both countries met on Monday to reopen the talks on their maritime border. " * 5
_PAGE = f"<html><body><div><div><article><h1>Talks</h1><p>{_PROSE}</p></article></div></div></body></html>"
_SITE = "<html><head><link rel=alternate type=application/rss+xml href=/world.rss></head><body>Daily</body></html>"


async def _geowire(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    import os

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streams.cli",
        *arguments,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_site_is_added_polled_and_its_article_is_on_news_raw(environment: dict[str, str]) -> None:
    async with serving() as server:
        server.on("/", Answer(body=_SITE.encode(), headers={"Content-Type": "text/html"}))
        story = {"title": "Talks on the maritime border", "link": server.url("/1"), "html": "<p>Short.</p>"}
        server.on("/world.rss", Answer(body=site.rss(story)))
        server.on("/1", Answer(body=_PAGE.encode(), headers={"Content-Type": "text/html"}))
        here = {**environment, "ALLOW_PRIVATE": server.address, "GEOWIRE_FEEDS": "none"}
        code, out, err = await _geowire(here, "feeds", "add", server.url("/"), "--content", "page", "--id", "daily")
        assert code == 0, err
        assert server.url("/world.rss") in out
        code, _, err = await _geowire(here, "poll", "--once")
        assert code == 0, err
        code, out, err = await _geowire(here, "tail", "news.raw", "--beginning", "--no-follow", "--json")
        assert code == 0, err
    (record,) = [json.loads(line) for line in out.splitlines()]
    item = record.get("value", record)
    assert (item["feed"]["id"], item["basis"], item["page"]["status"]) == ("daily", "page", 200)
    assert item["body"] == f"<p>{_PROSE.strip()}</p>"


async def test_a_page_without_a_feed_is_not_added(environment: dict[str, str]) -> None:
    async with serving() as server:
        server.on("/", Answer(body=b"<html><body>Daily</body></html>", headers={"Content-Type": "text/html"}))
        here = {**environment, "ALLOW_PRIVATE": server.address, "GEOWIRE_FEEDS": "none"}
        code, _, err = await _geowire(here, "feeds", "add", server.url("/"))
        assert code == 2
        assert "--as-is adds it all the same" in err
