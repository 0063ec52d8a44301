"""What ``geowire feeds check`` finds out, from files and from a server of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.cli.feeds_check import run_check
from streams.polling.check import Report, report
from streams.polling.fetch import Hop, Response
from streams.settings import Settings
from tests import site
from tests.documents import URL, reading, rss
from tests.server import Answer, serving

_SETTINGS = Settings.from_env({})
_LONG = "The ministers met on Monday. " * 40


def _report(document: str | bytes, **headers: str) -> Report:
    body = document.encode() if isinstance(document, str) else document
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return report(URL, Response(url=URL, status=200, body=body, headers=named), reading(body))


def _item(number: int, *, text: str = "Short.", day: int = 18) -> str:
    return (
        f"<title>Report {number}</title><link>https://daily.example/{number}</link><guid>g{number}</guid>"
        f"<pubDate>{day:02d} Feb 2026 {number % 24:02d}:00:00 GMT</pubDate><description>{text}</description>"
    )


def test_a_sound_feed() -> None:
    found = _report(rss(*(_item(n) for n in range(10)), channel="<language>en</language><ttl>15</ttl>"), ETag='"a"')
    assert (found.feed, found.format, found.title, found.language) == (True, "RSS 2.0", "The Daily Example", "en")
    assert (found.items, found.undated, found.problems) == (10, 0, ())
    assert (found.etag, found.last_modified, found.asked.ttl) == (True, False, "15")
    assert found.charset == "UTF-8"


def test_the_window_is_that_of_four_fifths_of_the_items() -> None:
    found = _report(rss(*(_item(n, day=17) for n in range(10)), "<title>old</title><pubDate>1 Jan 2020</pubDate>"))
    assert found.window is not None
    assert found.window.oldest.startswith("2020-01-01")
    assert found.window.newest.startswith("2026-02-17T09")
    assert found.window.hours == 8.0
    assert found.window.per_day == 24.0


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([_LONG] * 4, "full"),
        ([_LONG, _LONG, "Short.", "Short."], "mixed"),
        (["Short."] * 4, "summaries"),
        ([""] * 4, "headlines"),
        ([], "nothing"),
    ],
)
def test_full_text_or_summaries(texts: list[str], kind: str) -> None:
    assert _report(rss(*(_item(n, text=text) for n, text in enumerate(texts)))).texts.kind == kind


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (rss(), "it lists no items"),
        (rss("<title>a</title><pubDate>soon</pubDate>"), "1 of 1 items have no date that can be read"),
        (rss(_item(1), _item(1)), "entries that repeat another entry"),
        (rss(_item(1), ""), "entries that say nothing"),
        (
            rss(_item(1), _item(2).replace("g2", "g1")),
            "items that share a guid with another, so that it does not count",
        ),
        (rss("<title>a</title><link>https://daily.example/</link><guid>1</guid>"), "items without a link of their own"),
        (rss("<title>a</title>"), "no item has a guid"),
        (rss(_item(1), channel="<ttl>minutely</ttl>"), "its ttl is no number of minutes: 'minutely'"),
        (rss(_item(1), channel="<sy:updatePeriod>dayly</sy:updatePeriod>"), "its update period is none"),
        (rss(_item(1)).replace("Report", "A & B"), "broken XML, mended"),
    ],
)
def test_what_is_wrong_is_said(document: str, problem: str) -> None:
    assert any(problem in said for said in _report(document).problems)


def test_servers_without_validators_and_with_a_wrong_charset() -> None:
    document = rss("<title>Élysée</title>")
    problems = _report(document, Content_Type="text/xml; charset=iso-8859-1").problems
    assert any("neither ETag nor Last-Modified" in problem for problem in problems)
    assert "the header says iso-8859-1, but it is utf-8" in problems


@pytest.mark.parametrize(("status", "how"), [(301, "for good: use that address"), (302, "for the time being")])
def test_redirects_are_said(status: int, how: str) -> None:
    body = rss(_item(1)).encode()
    response = Response(url=URL, status=200, body=body, headers={"etag": "x"}, hops=(Hop(status, URL),))
    assert report("https://old.example/", response, reading(body)).problems == (f"redirects to {URL} {how}",)


def test_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss(*(_item(n) for n in range(3)), channel="<copyright>© Daily</copyright>"))
    assert run_check(_SETTINGS, str(file), page=False, as_json=False)
    shown = capsys.readouterr().out
    assert "RSS 2.0 · “The Daily Example” · UTF-8 · 3 items" in shown
    assert "rights      © Daily" in shown
    assert "problems    none" in shown


async def _check(server_url: str, address: str, *, page: bool = False) -> bool:
    import asyncio

    settings = Settings.from_env({"ALLOW_PRIVATE": address})
    return await asyncio.to_thread(run_check, settings, server_url, page=page, as_json=True)


async def test_an_address_is_asked_once(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    async with serving() as server:
        document = site.rss({"title": "Report", "link": server.url("/1")})
        server.on("/feed", Answer(body=document, headers={"ETag": '"a"', "TDM-Reservation": "1"}))
        assert await _check(server.url("/feed"), server.address)
        assert len(server.requests) == 1
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["status"], found["items"], found["etag"], found["tdm_reserved"]) == (200, 1, True, True)


async def test_a_web_page_is_no_feed_and_its_feeds_are_named(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    async with serving() as server:
        page = "<html><head><link rel=alternate type=application/rss+xml href=/rss></head><title>Daily</title></html>"
        server.on("/", Answer(body=page.encode(), headers={"Content-Type": "text/html"}))
        assert not await _check(server.url("/"), server.address)
        assert len(server.requests) == 1
        url = server.url("/rss")
    found = json.loads(capfdbinary.readouterr().out)
    assert found["feeds"] == [url]
    assert "a web page instead of a feed" in found["problems"][0]


async def test_the_newest_page_is_fetched_where_that_is_asked_for(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    async with serving() as server:
        server.on("/feed", Answer(body=site.rss({"title": "The ministers met", "link": server.url("/1")})))
        article = f"<html><div><div><article><h1>The ministers met</h1><p>{_LONG}</p></article></div></div></html>"
        server.on("/1", Answer(body=article.encode(), headers={"Content-Type": "text/html"}))
        assert await _check(server.url("/feed"), server.address, page=True)
    found = json.loads(capfdbinary.readouterr().out)
    assert found["page"]["basis"] == "page"
    assert found["page"]["page"]["problem"] is None


async def test_a_server_that_refuses_is_told_in_words(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    async with serving() as server:
        assert not await _check(server.url("/gone"), server.address)
    assert "HTTP 404" in json.loads(capfdbinary.readouterr().out)["problems"][0]
