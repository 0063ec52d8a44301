"""The traps that real feeds set (design notes: ten findings about feeds), each with a document of our own.

Those that the captured feeds show are also asked of the real document, where it is at hand.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import feedparser
import pytest

from schemas.errors import InfrastructureError
from streams.polling.formats.lenient import parse_lenient
from streams.polling.formats.wellformed import parse_wellformed
from streams.polling.parsers import Parsers
from tests.documents import NOW, URL, items, only, parsed, reading, request, rss

_CAPTION = """<title>Talks</title><link>https://daily.example/1</link>
<media:content url="https://daily.example/1.jpg"><media:title>Photo of the day</media:title>
<media:description>Two ministers shake hands. Photo: A. Camera</media:description></media:content>
<description>Ministers met on Monday.</description>"""


# 1. What feedparser would open or fetch


@pytest.mark.parametrize("kind", ["path", "file address", "http address"])
def test_a_body_that_is_a_path_or_an_address_is_not_followed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss("<title>The secret</title>"))
    monkeypatch.setattr(feedparser.http, "get", lambda *_: pytest.fail("something is fetched"))
    body = {"path": str(secret), "file address": secret.as_uri(), "http address": "http://127.0.0.1:1/feed"}[kind]
    assert parsed(body).entries == ()


# 2. The photo caption


@pytest.mark.parametrize("lenient", [False, True])
def test_the_summary_is_the_description_and_not_the_photo_caption(lenient: bool) -> None:  # noqa: FBT001
    document = rss(
        _CAPTION, "<title>x</title><description>1 &nosuch; 2</description>" if lenient else "<title>x</title>"
    )
    entry = parsed(document).entries[0]
    assert entry.summary == "Ministers met on Monday."
    assert entry.title == "Talks"


@pytest.mark.eval_data
@pytest.mark.parametrize(("name", "count"), [("ndtv-world_en_2026-02-18.xml", 19), ("nyt-home_en_2020-01-01.xml", 27)])
def test_no_summary_of_a_real_feed_is_a_photo_caption(eval_data: Path, name: str, count: int) -> None:
    body = (eval_data / "feeds" / "news" / name).read_bytes()
    captions = set(re.findall(r"<media:description[^>]*>(?:<!\[CDATA\[)?([^<\]]+)", body.decode()))
    assert captions
    found = parsed(body).entries
    assert len(found) >= count
    assert all(entry.summary and entry.summary not in captions for entry in found)


# 3. Which content is the article


def test_of_several_contents_the_longest_text_is_the_article() -> None:
    document = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>x</title>
<summary>Short.</summary><content type="text">A caption</content>
<content type="html">&lt;p&gt;The whole of the article, with all it says.&lt;/p&gt;</content>
<content type="image/svg+xml" src="https://daily.example/1.svg"/></entry></feed>"""
    assert only(document).body == "<p>The whole of the article, with all it says.</p>"


def test_a_summary_that_is_longer_than_the_content_stays_the_longest_text() -> None:
    entry = only(
        rss("<title>x</title><description>All of it is here.</description><content:encoded>x</content:encoded>")
    )
    assert (entry.summary, entry.body) == ("All of it is here.", None)


@pytest.mark.eval_data
def test_no_body_of_a_real_feed_is_shorter_than_a_text_beside_it(eval_data: Path) -> None:
    several = 0
    for name in (
        "elpais-english_en_2026-02-18",
        "time-world_en_2026-02-16",
        "404media_en_2026-02-17",
        "caravan_en_2016-06-14",
    ):
        body = (eval_data / "feeds" / "news" / f"{name}.xml").read_bytes()
        text = body.decode("utf-8", "replace")
        several += sum(len(entry.get("content", ())) > 1 for entry in feedparser.parse(text).entries)
        plain = feedparser.parse(text.replace("media:description", "caption")).entries
        for entry, theirs in zip(parsed(body).entries, plain, strict=True):
            longest = max((len(content.value) for content in theirs.get("content", ())), default=0)
            assert len(entry.body or entry.summary or "") >= longest * 0.8, name
    assert several > 50


# 4. Whose link it is

_RELATED = """<title>Talks</title><link>https://daily.example/1</link>
<atom:link rel="related" href="https://daily.example/another-story"/><atom:link href="https://daily.example/third"/>"""


def test_the_link_is_the_items_own_and_not_a_related_storys() -> None:
    assert only(rss(_RELATED)).link == "https://daily.example/1"
    assert only(rss(f"{_RELATED}<description>&nosuch;</description>")).link == "https://daily.example/1"


def test_atom_takes_the_first_alternate_link() -> None:
    document = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>x</title>
<link rel="related" href="https://daily.example/r"/><link rel="self" href="https://daily.example/s"/>
<link rel="alternate" type="text/html" href="https://daily.example/1"/>
<link rel="alternate" hreflang="de" href="https://daily.example/2"/></entry></feed>"""
    assert only(document).link == "https://daily.example/1"


def test_a_foreign_link_counts_where_there_is_no_other() -> None:
    assert only(rss('<title>x</title><atom:link href="https://daily.example/1"/>')).link == "https://daily.example/1"


@pytest.mark.eval_data
def test_no_link_of_a_real_feed_is_a_related_storys(eval_data: Path) -> None:
    name = "elpais-english_en_2026-02-18.xml"
    body = (eval_data / "feeds" / "news" / name).read_bytes()
    text = body.decode().replace("atom:link", "related")
    assert [e.link for e in parsed(body).entries] == [e.link for e in feedparser.parse(text).entries]


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("<guid>https://daily.example/1</guid>", "https://daily.example/1"),
        ("<guid>/1</guid>", "https://daily.example/1"),
        ('<guid isPermaLink="false">https://daily.example/1</guid>', None),
        ("<guid>12345</guid>", None),
        ("<guid>some words</guid>", None),
    ],
)
def test_a_guid_stands_in_for_the_link_only_where_it_is_one(guid: str, link: str | None) -> None:
    assert only(rss(f"<title>x</title>{guid}")).link == link
    assert only(rss(f"<title>x</title>{guid}")).guid == guid.partition(">")[2].partition("<")[0]


def test_an_empty_link_is_none_and_not_the_feeds_own_address() -> None:
    assert only(rss("<title>x</title><link/><guid isPermaLink='false'>1</guid>")).link is None
    assert only(rss("<title>x</title><link> </link>")).link is None


# 5. Unstable guids, links with tracking: tests/unit/polling/test_checklist_f_stream.py
# 6. The window, and items lost: there too
# 7. Hints that lie: test_schedule.py. Here: they come as written.


@pytest.mark.parametrize("written", ["1", "600", "minutely", "always", "dayly", "0.1"])
def test_hints_are_passed_on_as_written(written: str) -> None:
    found = parsed(rss("<title>x</title>", channel=f"<ttl>{written}</ttl><sy:updatePeriod>{written}</sy:updatePeriod>"))
    assert (found.hints.ttl, found.hints.update_period) == (written, written)


# 8. A document that takes too long


async def test_a_document_that_takes_too_long_ends_its_process_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "import sys, time; sys.stdout.write('\\x06'); sys.stdout.flush(); time.sleep(60)"
    monkeypatch.setattr("streams.polling.parsers.COMMAND", ("-c", slow))
    async with Parsers(1, deadline=0.5) as parsers:
        found = await parsers.read(request(), b"x")
        assert found.problem == "the document took longer than 0.5 s to parse"
        monkeypatch.undo()
        again = await parsers.read(request(), rss("<title>x</title><link>https://daily.example/1</link>").encode())
    assert len(again.items) == 1, "the process that replaces it reads on"


async def test_a_document_that_ends_its_process_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.polling.parsers.COMMAND", ("-c", "print('\\x06', end='')"))
    async with Parsers(1) as parsers:
        found = await parsers.read(request(), b"x")
    assert "ended its parser" in (found.problem or "")


async def test_a_parser_that_does_not_start_is_no_fault_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.polling.parsers.COMMAND", ("-c", "raise SystemExit(3)"))
    async with Parsers(1) as parsers:
        with pytest.raises(InfrastructureError, match="does not start"):
            await parsers.read(request(), b"x")


async def test_a_parser_that_ended_while_it_was_idle_is_replaced() -> None:
    document = rss("<title>x</title><link>https://daily.example/1</link>").encode()
    async with Parsers(1) as parsers:
        await parsers.read(request(), document)
        (process,) = parsers._idle._queue  # type: ignore[attr-defined]
        process.kill()
        await process.wait()
        found = await parsers.read(request(), document)
    assert len(found.items) == 1


async def test_several_documents_are_read_at_a_time() -> None:
    document = rss("<title>x</title><link>https://daily.example/1</link>").encode()
    async with Parsers(2) as parsers:
        found = await asyncio.gather(*(parsers.read(request(), document) for _ in range(20)))
    assert [len(one.items) for one in found] == [1] * 20


# 9. A faster reader, only behind a gate: test_same_entries.py
# 10. What is broken is read all the same: test_broken.py


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8"])
def test_the_charset_of_the_header_is_known(charset: str) -> None:
    document = "<rss version='2.0'><channel><item><title>Переговоры о границе</title></item></channel></rss>"
    entry = only(document.encode(charset), content_type=f"text/xml; charset={charset}")
    assert entry.title == "Переговоры о границе"


def test_a_single_byte_charset_is_not_believed_where_the_bytes_are_utf_8() -> None:
    document = rss("<title>Élysée – 東京</title>").replace("UTF-8", "ISO-8859-1").encode()
    assert only(document, content_type="text/xml; charset=ISO-8859-1").title == "Élysée – 東京"


def test_json_feed_in_which_feedparser_finds_nothing_is_read() -> None:
    document = json.dumps({"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "Talks"}]})
    assert feedparser.parse(document).entries == []
    assert only(document).title == "Talks"


def test_a_broken_item_in_the_middle_costs_none_of_its_neighbours() -> None:
    document = rss("<title>One</title>", "<title>T<wo</title>", "<title>Three</title>")
    titles = [entry.title for entry in parsed(document).entries]
    assert titles[0] == "One"
    assert titles[-1] == "Three"
    assert len(titles) == 3


def test_both_readers_agree_on_the_traps() -> None:
    document = rss(_CAPTION.replace("media:description", "media:x-description"), _RELATED)
    assert (
        parse_wellformed(document, url=URL, now=NOW).entries[0] == parse_lenient(document, url=URL, now=NOW).entries[0]
    )


def test_scripts_and_handlers_in_a_text_do_not_reach_the_text_that_is_published() -> None:
    document = rss(
        "<title>x</title><description>&lt;p onclick=a()&gt;One&lt;/p&gt;&lt;script&gt;b()&lt;/script&gt;</description>"
    )
    from agents.normalise.normalise import normalise

    (item,) = items(reading(document))
    assert normalise(item.summary or "").text == "One"
