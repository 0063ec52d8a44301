"""From a site's address to its feeds, against a server of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.polling.discover import Discovery, candidates_of_page, discover
from streams.polling.fetch import Fetcher, Limits
from streams.polling.hosts import Hosts
from tests import site
from tests.polled import Here
from tests.server import Answer, Server, serving

_FEED = Answer(body=site.rss({"title": "Report", "link": "https://daily.example/1"}))
_OTHER = Answer(body=site.rss({"title": "Sport", "link": "https://daily.example/2"}, title="Sport"))
_SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://daily.example/1</loc><news:news>
<news:publication_date>2026-02-18</news:publication_date><news:title>Report</news:title></news:news></url></urlset>"""


def _page(head: str = "", body: str = "") -> Answer:
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return Answer(body=html.encode(), headers={"Content-Type": "text/html"})


def _xml(document: str) -> Answer:
    return Answer(body=document.encode(), headers={"Content-Type": "application/xml"})


@asynccontextmanager
async def _site() -> AsyncIterator[tuple[Server, Fetcher]]:
    async with (
        serving() as server,
        Fetcher(hosts=Hosts(gap=0), allow_private=(server.address,), limits=Limits(total_seconds=2.0)) as fetcher,
    ):
        yield server, fetcher


async def _found(server: Server, fetcher: Fetcher, path: str = "/") -> Discovery:
    return await discover(server.url(path), fetcher=fetcher, parsers=Here(1))


async def test_a_feed_is_its_own_and_nothing_else_is_asked_for() -> None:
    async with _site() as (server, fetcher):
        server.on("/feed", _FEED)
        found = await _found(server, fetcher, "/feed")
        assert [(feed.url, feed.origin) for feed in found.feeds] == [(server.url("/feed"), "itself")]
        assert len(server.requests) == 1


async def test_what_the_page_declares_comes_first_and_comments_last() -> None:
    head = """<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
<link rel="alternate" type="application/rss+xml" title="All" href="/rss.xml">
<link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="sport.atom">
<link rel="alternate" type="application/rss+xml" href="/gone.xml">
<link rel="alternate" hreflang="de" href="/de"><link rel="stylesheet" href="/rss.css">"""
    async with _site() as (server, fetcher):
        server.on("/world/", _page(head, "<a href='/other/feed/'>RSS</a><a href='/about'>About</a>"))
        server.on("/comments/feed", _FEED)
        server.on("/rss.xml", _FEED)
        server.on("/world/sport.atom", _OTHER)
        server.on("/other/feed/", _OTHER)
        found = await _found(server, fetcher, "/world/")
        assert [(feed.url, feed.origin) for feed in found.feeds] == [
            (server.url("/rss.xml"), "declared"),
            (server.url("/world/sport.atom"), "declared"),
            (server.url("/other/feed/"), "linked"),
            (server.url("/comments/feed"), "declared"),
        ]
        assert {request.path for request in server.requests} >= {"/gone.xml"}, "what is declared is looked at"


async def test_a_page_without_feeds_has_the_news_sitemap_of_its_robots_txt() -> None:
    async with _site() as (server, fetcher):
        robots = f"User-agent: *\nSitemap: {server.url('/pages.xml')}\nsitemap: {server.url('/news.xml')}\n"
        server.on("/", _page())
        server.on("/robots.txt", Answer(body=robots.encode(), headers={"Content-Type": "text/plain"}))
        server.on("/news.xml", _xml(_SITEMAP))
        found = await _found(server, fetcher)
        assert [(feed.url, feed.origin) for feed in found.feeds] == [(server.url("/news.xml"), "sitemap")]
        assert server.seen("/pages.xml") == [], "the one for news is asked first"


async def test_an_index_of_sitemaps_is_a_feed_if_it_has_news() -> None:
    async with _site() as (server, fetcher):
        index = f"<sitemapindex><sitemap><loc>{server.url('/day.xml')}</loc></sitemap></sitemapindex>"
        server.on("/index-of-sitemaps", _xml(index))
        server.on("/day.xml", _xml(_SITEMAP))
        found = await _found(server, fetcher, "/index-of-sitemaps")
        assert [feed.url for feed in found.feeds] == [server.url("/index-of-sitemaps")]
        assert found.feeds[0].reading.version == "news-sitemap"


@pytest.mark.parametrize("path", ["/feed", "/rss.xml", "/atom.xml"])
async def test_a_feed_is_found_where_feeds_often_are(path: str) -> None:
    async with _site() as (server, fetcher):
        server.on("/", _page())
        server.on(path, _FEED)
        found = await _found(server, fetcher)
        assert [(feed.url, feed.origin) for feed in found.feeds] == [(server.url(path), "guessed")]


async def test_a_site_without_a_feed_says_so_and_is_not_asked_for_long() -> None:
    async with _site() as (server, fetcher):
        server.on("/", _page(body="".join(f"<a href='/feed/{n}'>x</a>" for n in range(100))))
        found = await _found(server, fetcher)
        assert (found.feeds, found.answered) == ((), True)
        assert "no page that names one" in (found.problem or "")
        assert len(server.requests) < 20


async def test_a_site_that_does_not_answer_says_why() -> None:
    async with _site() as (server, fetcher):
        found = await _found(server, fetcher, "/nowhere")
    assert (found.feeds, found.answered) == ((), False)
    assert "HTTP 404" in (found.problem or "")


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        (
            "<base href='https://other.example/x/'><link rel=alternate type=text/xml href=f>",
            ["https://other.example/x/f"],
        ),
        ("<link rel=feed href=/f><a href='feed:https://daily.example/g.rss'>x</a>", ["/f", "/g.rss"]),
        ("<a href='/feed.json'>x</a><a href='/feed.json#x'>x</a>", ["/feed.json"]),
        ("<link rel=alternate type=application/rss+xml href='javascript:x'><a href='mailto:rss@x.example'>x</a>", []),
        ("<link rel=alternate type=application/rss+xml href='http://[x/'>", []),
        ("<a href='/embarrassed/refeeding'>x</a>", []),
        ("", []),
        ("<" * 10_000, []),
    ],
)
def test_which_links_of_a_page_may_be_feeds(html: str, urls: list[str]) -> None:
    found = candidates_of_page(html.encode(), "https://daily.example/", "text/html")
    assert [candidate.url.removeprefix("https://daily.example") for candidate in found] == urls
