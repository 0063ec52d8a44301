"""The pages of a feed's new items, against a server of our own: manners, rights, texts, failures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import msgspec
import pytest

from schemas.feed import Feed
from schemas.feed_state import FeedState
from schemas.raw import RawItem
from streams.polling.fetch import Fetcher, Limits
from streams.polling.hosts import Hosts
from streams.polling.pages import pages as pages_module
from streams.polling.parsers import Parsers
from streams.polling.poll import Polled, Polls
from streams.polling.schedule import Pace
from tests import site
from tests.polled import Here
from tests.server import Answer, Server, serving

_PROSE = "The foreign ministers of both countries met on Monday to reopen the talks on their maritime border. "
_PACE = Pace(usual=1200, floor=300, most=3600)
_LIMITS = Limits(total_seconds=2.0, connect_seconds=1.0, silence_seconds=1.0, body_bytes=1024 * 1024)


def _page(text: str = _PROSE * 4, *, title: str = "Talks on the border", head: str = "", language: str = "en") -> bytes:
    return (
        f"<!DOCTYPE html><html lang={language}><head><title>{title}</title>{head}</head><body><nav>Home</nav><div><div>"
        f"<article><h1>{title}</h1><p>{text}</p><p><a href='/other'>READ ALSO: Another story altogether</a></p>"
        f"</article></div></div></body></html>"
    ).encode()


def _html(body: bytes | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(body=_page() if body is None else body, headers={"Content-Type": "text/html; charset=utf-8", **named})


def _text(body: str, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=body.encode(), headers={"Content-Type": "text/plain", **named})


class _Newsroom:
    """A server with a feed, and what a poller makes of it."""

    def __init__(self, server: Server, polls: Polls) -> None:
        self.server = server
        self._polls = polls
        self.state: FeedState | None = None

    def lists(self, *paths: str, **more: str) -> None:
        """Let the feed list pages, all under one headline but for the number."""
        stories = [
            {"title": "Talks on the border", "link": path if "://" in path else self.server.url(path), **more}
            for path in paths
        ]
        self.server.on("/feed", Answer(body=site.rss(*stories)))

    async def poll(self, content: str = "page") -> Polled:
        feed = Feed(url=self.server.url("/feed"), id="daily", content="page" if content == "page" else "feed")
        polled = await self._polls.once(feed, self.state)
        self.state = polled.outcome.state
        return polled

    async def items(self) -> list[RawItem]:
        polled = await self.poll()
        assert polled.reading is not None
        return [msgspec.json.decode(item.record, type=RawItem) for item in polled.reading.items]

    async def item(self) -> RawItem:
        (item,) = await self.items()
        return item

    def asked(self) -> list[str]:
        """The paths that were asked for, without the feed."""
        return [request.path for request in self.server.requests if request.path != "/feed"]


@asynccontextmanager
async def _newsroom(gap: float = 0.0, parsers: Parsers | None = None) -> AsyncIterator[_Newsroom]:
    async with (
        serving() as server,
        parsers or Here(1) as reader,
        Fetcher(hosts=Hosts(gap=gap), allow_private=(server.address,), limits=_LIMITS) as fetcher,
    ):
        server.on("/robots.txt", _text("", 404))
        yield _Newsroom(server, Polls(fetcher=fetcher, parsers=reader, pace=_PACE))


# The text


async def test_the_text_of_the_page_takes_the_place_of_the_feeds() -> None:
    async with _newsroom() as news:
        news.lists("/1", html="<p>Short.</p>")
        news.server.on("/1", _html())
        item = await news.item()
    assert item.basis == "page"
    assert item.body is not None
    assert item.body.startswith(f"<p>{(_PROSE * 4).strip()}</p>")
    assert "READ ALSO" in item.body, "what an interjection is, strip decides"
    assert '<a href="' in item.body, "and needs the link to see it"
    assert item.page is not None
    assert (item.page.url, item.page.status, item.page.problem) == (news.server.url("/1"), 200, None)
    assert item.title == "Talks on the border"
    assert item.language == "en"


async def test_a_feed_without_content_page_is_not_followed() -> None:
    async with _newsroom() as news:
        news.lists("/1")
        news.server.on("/1", _html())
        polled = await news.poll("feed")
        assert polled.reading is not None
        (item,) = polled.reading.items
        assert news.asked() == []
    assert msgspec.json.decode(item.record, type=RawItem).page is None


async def test_the_content_hash_is_that_of_the_text_that_goes_out() -> None:
    async with _newsroom() as news:
        news.lists("/1")
        news.server.on("/1", _html())
        first = await news.item()
        news.state = None
        news.server.on("/1", _html(_page(_PROSE * 5)))
        second = await news.item()
    assert first.item_id == second.item_id
    assert first.content_hash != second.content_hash


async def test_headlines_of_the_feed_that_the_page_quotes_are_siblings() -> None:
    other = "Another story altogether, about the harvest"
    async with _newsroom() as news:
        stories = [
            {"title": "Talks on the border", "link": news.server.url("/1")},
            {"title": other, "link": news.server.url("/2")},
        ]
        news.server.on("/feed", Answer(body=site.rss(*stories)))
        news.server.on("/1", _html(_page(f"{_PROSE * 3} READ: {other}")))
        items = await news.items()
    assert items[0].siblings == (other,)


async def test_a_page_says_when_it_was_published_where_the_feed_does_not() -> None:
    async with _newsroom() as news:
        news.lists("/1")
        news.server.on(
            "/1", _html(_page(head="<meta property='article:published_time' content='2026-02-18T09:30:00Z'>"))
        )
        item = await news.item()
    assert (item.published, item.published_source) == ("2026-02-18T09:30:00.000Z", "page")


async def test_charsets_of_pages_are_read() -> None:
    text = "Министры обсудили границу на море и договорились продолжить переговоры. " * 6
    async with _newsroom() as news:
        news.server.on("/feed", Answer(body=site.rss({"title": "Переговоры о границе", "link": news.server.url("/1")})))
        page = _page(text, title="Переговоры о границе", head="<meta charset=windows-1251>").decode().encode("cp1251")
        news.server.on("/1", Answer(body=page, headers={"Content-Type": "text/html"}))
        item = await news.item()
    assert item.basis == "page"
    assert text.strip() in (item.body or "")


# Manners


async def test_robots_txt_is_asked_first_and_once() -> None:
    async with _newsroom() as news:
        news.server.on("/robots.txt", _text("User-agent: *\nDisallow: /private"))
        news.lists("/1", "/2", "/private/3")
        news.server.on("/1", _html())
        news.server.on("/2", _html())
        polled = await news.poll()
        assert news.asked() == ["/robots.txt", "/.well-known/tdmrep.json", "/1", "/2"]
    assert polled.reading is not None
    assert (polled.reading.pages_taken, polled.reading.pages_missed) == (2, 1)
    items = [msgspec.json.decode(item.record, type=RawItem) for item in polled.reading.items]
    assert [item.basis for item in items] == ["page", "page", "feed"]
    assert items[2].page is not None
    assert (items[2].page.status, items[2].page.problem) == (None, "robots.txt forbids it")
    assert items[2].rights.statement == "robots.txt forbids it"


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_site_whose_robots_txt_cannot_be_had_is_left_alone(status: int) -> None:
    async with _newsroom() as news:
        news.server.on("/robots.txt", _text("", status))
        news.lists("/1")
        item = await news.item()
        assert news.asked() == ["/robots.txt"]
    assert item.basis == "feed"
    assert item.page is not None
    assert "what robots.txt allows could not be found out" in (item.page.problem or "")
    assert item.rights.statement is None, "that is no word about rights"


async def test_crawl_delay_is_kept() -> None:
    async with _newsroom() as news:
        news.server.on("/robots.txt", _text("User-agent: *\nCrawl-delay: 0.3"))
        news.lists("/1", "/2", "/3")
        for path in ("/1", "/2", "/3"):
            news.server.on(path, _html())
        await news.items()
        times = [request.at for request in news.server.requests if request.path in {"/1", "/2", "/3"}]
    assert all(later - earlier >= 0.29 for earlier, later in pairwise(times))


async def test_a_crawl_delay_that_no_news_can_wait_for_means_no_pages() -> None:
    async with _newsroom() as news:
        news.server.on("/robots.txt", _text("User-agent: *\nCrawl-delay: 600"))
        news.lists("/1")
        item = await asyncio.wait_for(news.item(), 5)
        assert "/1" not in news.asked()
    assert item.page is not None
    assert item.page.problem == "robots.txt asks for 600 s between two requests"


async def test_the_hosts_gap_and_one_request_at_a_time_hold_for_pages_too() -> None:
    async with _newsroom(gap=0.15) as news:
        news.lists("/1", "/2")
        news.server.on("/1", _html())
        news.server.on("/2", _html())
        await news.items()
        times = [request.at for request in news.server.requests]
        assert max(news.server.most_at_a_time.values()) == 1
    assert all(later - earlier >= 0.14 for earlier, later in pairwise(times))


async def test_pages_count_against_the_host_that_is_fetched() -> None:
    async with _newsroom() as news, serving("127.0.0.2") as other:
        fetcher = news._polls._fetcher
        fetcher._guard = fetcher._guard.also((other.address,))
        assert fetcher._resolver is not None
        fetcher._resolver._guard = fetcher._guard
        other.on("/robots.txt", _text("User-agent: *\nDisallow: /"))
        other.on("/1", _html())
        news.lists("/to-the-other")
        news.server.on("/to-the-other", Answer(status=302, headers={"Location": other.url("/1")}))
        item = await news.item()
        assert other.seen("/1") == [], "the robots.txt of the host behind a redirect counts"
    assert item.page is not None
    assert item.page.problem == "robots.txt forbids it"


async def test_pages_are_asked_for_as_pages() -> None:
    async with _newsroom() as news:
        news.lists("/1#section")
        news.server.on("/1", _html())
        await news.items()
        (request,) = news.server.seen("/1")
    assert request.headers["Accept"].startswith("text/html")
    assert request.headers["User-Agent"].startswith("geowire/")
    assert not {"Cookie", "Referer"} & set(request.headers)


async def test_an_item_that_changes_asks_for_its_page_conditionally() -> None:
    async with _newsroom() as news:
        news.lists("/1", html="<p>One.</p>")
        news.server.on(
            "/1", _html(ETag='"a"'), lambda seen: Answer(304) if seen.headers.get("If-None-Match") == '"a"' else _html()
        )
        first = await news.item()
        news.lists("/1", html="<p>Two.</p>")
        second = await news.item()
        assert [request.headers.get("If-None-Match") for request in news.server.seen("/1")] == [None, '"a"']
    assert second.basis == "page"
    assert second.body == first.body


async def test_old_items_of_a_first_poll_do_not_ask_for_their_pages() -> None:
    async with _newsroom() as news:
        date = format_datetime(datetime.now(UTC) - timedelta(days=3))
        news.lists("/1", date=date)
        item = await news.item()
        assert news.asked() == []
    assert item.backfill
    assert item.page is not None
    assert "old when the feed was polled for the first time" in (item.page.problem or "")


async def test_a_poll_asks_for_so_many_pages_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "_MOST", 2)
    async with _newsroom() as news:
        news.lists("/1", "/2", "/3")
        for path in ("/1", "/2", "/3"):
            news.server.on(path, _html())
        items = await news.items()
    assert [item.basis for item in items] == ["page", "page", "feed"]


# Rights


@pytest.mark.parametrize(
    ("answer", "statement", "tdm"),
    [
        (_html(X_Robots_Tag="noindex"), "X-Robots-Tag: noindex", None),
        (_html(X_Robots_Tag="geowire: noarchive"), "X-Robots-Tag: geowire: noarchive", None),
        (
            _html(TDM_Reservation="1", TDM_Policy="https://daily.example/tdm"),
            "text and data mining is reserved by the tdm-reservation header; policy: https://daily.example/tdm",
            True,
        ),
        (_html(_page(head="<meta name=robots content='noai'>")), "the robots meta tag: noai", None),
        (
            _html(_page(head="<meta name=tdm-reservation content=1>")),
            "text and data mining is reserved by the tdm-reservation meta tag",
            True,
        ),
    ],
    ids=["X-Robots-Tag", "X-Robots-Tag for us", "TDM header", "robots meta tag", "TDM meta tag"],
)
async def test_what_a_page_reserves_is_obeyed_and_recorded(answer: Answer, statement: str, tdm: bool | None) -> None:  # noqa: FBT001
    async with _newsroom() as news:
        news.lists("/1", html="<p>Short.</p>")
        news.server.on("/1", answer)
        item = await news.item()
    assert (item.basis, item.body) == ("feed", "<p>Short.</p>")
    assert (item.rights.basis, item.rights.statement, item.rights.tdm_reserved) == ("page", statement, tdm)
    assert item.page is not None
    assert item.page.problem == statement


async def test_what_a_site_reserves_is_obeyed_before_the_page_is_asked_for() -> None:
    async with _newsroom() as news:
        rules = [{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://daily.example/tdm"}]
        news.server.on("/.well-known/tdmrep.json", _text(json.dumps(rules)))
        news.lists("/1")
        item = await news.item()
        assert "/1" not in news.asked()
    assert item.rights.tdm_reserved is True
    assert "https://daily.example/tdm" in (item.rights.statement or "")


async def test_what_is_not_reserved_is_recorded_too() -> None:
    async with _newsroom() as news:
        news.lists("/1", "/2")
        news.server.on("/1", _html())
        news.server.on("/2", _html(_page(head="<meta name=copyright content='© The Daily Example'>")))
        one, two = await news.items()
    assert (one.rights.tdm_reserved, one.rights.statement) == (False, None)
    assert (two.rights.basis, two.rights.statement) == ("page", "© The Daily Example")


async def test_a_tdmrep_that_cannot_be_had_is_recorded_as_not_seen() -> None:
    async with _newsroom() as news:
        news.server.on("/.well-known/tdmrep.json", _text("", 500))
        news.lists("/1")
        news.server.on("/1", _html())
        item = await news.item()
    assert (item.basis, item.rights.tdm_reserved) == ("page", None)


async def test_what_the_feeds_own_headers_reserve_is_recorded() -> None:
    async with _newsroom() as news:
        document = site.rss({"title": "Talks", "link": news.server.url("/1")})
        headers = {"TDM-Reservation": "1", "TDM-Policy": "https://daily.example/tdm"}
        news.server.on("/feed", Answer(body=document, headers=headers))
        polled = await news.poll("feed")
        assert polled.reading is not None
        item = msgspec.json.decode(polled.reading.items[0].record, type=RawItem)
    assert (item.rights.basis, item.rights.tdm_reserved) == ("feed", True)
    assert item.rights.statement == "https://daily.example/tdm"


# Failures: the summary stands in, and the reason is there

_CONSENT = _page(
    "We and our partners store cookies on your device. You can accept or manage your choices. " * 5,
    title="Your privacy",
)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_text("gone", 404), "HTTP 404"),
        (_text("no", 403), "HTTP 403"),
        (_html(b""), "no article was found on the page"),
        (_html(_page("Too short.")), "no article was found on the page"),
        (_html(_CONSENT), "the page is about something else; it is titled 'Your privacy'"),
        (Answer(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}), "not a web page but application/pdf"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "only http and https are fetched"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/"}), "not a public address"),
        (_html(b"<p>" + b"x" * (2 * 1024 * 1024)), "larger than 1 MB"),
    ],
    ids=["404", "403", "empty", "teaser", "consent", "pdf", "scheme", "private", "too large"],
)
async def test_a_page_that_cannot_be_used_leaves_the_summary_and_the_reason(answer: Answer, problem: str) -> None:
    async with _newsroom() as news:
        news.lists("/1", html="<p>Short summary.</p>")
        news.server.on("/1", answer)
        item = await news.item()
    assert (item.basis, item.body) == ("feed", "<p>Short summary.</p>")
    assert item.page is not None
    assert problem in (item.page.problem or "")


async def test_a_page_that_gives_less_than_the_feed_is_not_taken() -> None:
    async with _newsroom() as news:
        news.lists("/1", html=f"<p>{_PROSE * 20}</p>")
        news.server.on("/1", _html())
        item = await news.item()
    assert item.basis == "feed"
    assert item.page is not None
    assert "less text than the feed" in (item.page.problem or "")


async def test_a_page_that_ends_its_parser_costs_only_its_text() -> None:
    async with _newsroom(parsers=Parsers(1, deadline=2.0)) as news:
        news.lists("/1", "/2")
        news.server.on("/1", _html(b"<html><body>" + b"<div>" * 60_000 + _PROSE.encode()))
        news.server.on("/2", _html())
        bad, good = await news.items()
    assert (bad.basis, good.basis) == ("feed", "page")
    assert bad.page is not None
    assert "parse" in (bad.page.problem or "")


async def test_an_item_without_a_link_says_so() -> None:
    async with _newsroom() as news:
        news.server.on("/feed", Answer(body=site.rss({"title": "Talks", "link": "mailto:x@daily.example"})))
        item = await news.item()
    assert item.page is not None
    assert item.page.problem == "the item has no link"


async def test_what_may_pass_is_tried_again_when_the_feed_changes() -> None:
    async with _newsroom() as news:
        news.lists("/1")
        news.server.on("/1", _text("", 503), _text("", 503), _html())
        news.server.on("/2", _html())
        first = await news.items()
        news.lists("/1", "/2")
        second = await news.items()
        news.lists("/1", "/2", "/3")
        third = await news.items()
        assert news.state is not None
        assert [listed.tries for listed in news.state.listed] == [0, 0, 0]
    assert [(item.basis, item.page and item.page.status) for item in first] == [("feed", 503)]
    assert [item.link for item in second] == [news.server.url("/2")], (
        "it went out already, and goes out once its page is had"
    )
    assert sorted((item.link or "")[-2:] for item in third) == ["/1", "/3"]
    assert {(item.link or "")[-2:]: item.basis for item in third} == {"/1": "page", "/3": "feed"}


async def test_what_does_not_pass_is_tried_three_times() -> None:
    async with _newsroom() as news:
        news.server.on("/1", _text("", 503))
        for number in range(6):
            news.lists("/1", *(f"/x{other}" for other in range(number)))
            await news.poll()
        assert len(news.server.seen("/1")) == 3


async def test_what_is_forbidden_is_not_tried_again() -> None:
    async with _newsroom() as news:
        news.server.on("/1", _text("", 404))
        for number in range(3):
            news.lists("/1", *(f"/x{other}" for other in range(number)))
            await news.poll()
        assert len(news.server.seen("/1")) == 1


async def test_a_poll_that_is_broken_off_leaves_nothing_behind() -> None:
    async with _newsroom() as news:
        news.lists("/1")
        news.server.on("/1", _html())
        news.server.delay = 0.3
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(news.poll(), 0.5)
        news.server.delay = 0.0
        assert news.state is None
        assert (await news.item()).basis == "page"
