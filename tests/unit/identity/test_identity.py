"""One story, one id; one key, one partition."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from agents.identity.ids import content_hash, decision_id, item_id
from agents.identity.partitions import murmur2, partition_of
from agents.identity.urls import canonical_url, is_web_address
from agents.normalise.normalise import content, normalise, normalise_title

_STORY = "https://news.example/world/talks"


def _packed(url: str) -> str:
    """As aggregators pack addresses: field numbers and lengths, then the address, in Base64."""
    size = len(url)
    length = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return base64.urlsafe_b64encode(b"\x08\x13\x22" + length + url.encode() + b"\xd2\x01\x00").decode().rstrip("=")


@pytest.mark.parametrize(
    "variant",
    [
        "http://news.example/world/talks",
        "https://www.news.example/world/talks",
        "https://news.example/world/talks/",
        "https://NEWS.example:443/world/talks",
        "https://news.example/world/talks#comments",
        "https://news.example/world/talks?utm_source=rss&utm_medium=feed",
        "https://news.example/world/talks?fbclid=abc",
        "https://amp.news.example/world/talks",
        "https://m.news.example/world/talks",
        "https://news.example/world/talks/amp",
        "https://news.example/world/%74alks",
        "https://www.m.news.example/world/talks",
        "https://news.example/amp/world/talks",
        "https://news.example/world/talks/amp/",
        "https://news.example/world/talks.amp",
        "https://news.example/world/talks/print/",
        "https://news.example/world/talks;jsessionid=0A1B2C",
        "https://news.example/world/talks?outputType=amp&UTM_Source=x&WT.mc_id=7",
        "https://news.example/world/talks?page=all&from=rss",
        "https://news-example.cdn.ampproject.org/c/s/news.example/world/talks",
        "https://www.google.com/amp/s/www.news.example/world/talks",
        "https://news.google.com/rss/articles/" + _packed("https://news.example/world/talks"),
        "https://news.google.com/__i/rss/rd/articles/"
        + _packed("http://www.news.example/world/talks?" + 12 * "utm_source=x&"),
    ],
)
def test_variants_of_an_address_are_one_story(variant: str) -> None:
    assert canonical_url(variant) == canonical_url(_STORY)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://edition.cnn.com/2026/02/18/a/index.html", "https://www.cnn.com/2026/02/18/a"),
        ("https://www.bbc.co.uk/news/world-1", "https://www.bbc.com/news/world-1"),
    ],
)
def test_sites_with_two_names_are_one(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)


@pytest.mark.parametrize(
    "other",
    [
        "https://news.example/world/talks?id=2",
        "https://news.example/world/talks-2",
        "https://news.example/World/talks/2",
        "https://other.example/world/talks",
        "https://news.example:8080/world/talks",
        "https://news.example/world/talks?page=2",
        "https://news.example/world/amplifier",
        "https://news.example/amplifier/world/talks",
        "https://news.example/world/talks/footprint",
        "https://news.example/world/talks?from=2026-02-18",
        "https://news.google.com/rss/articles/CBMi!!",
        "https://news.google.com/rss/articles/CBMiAAAA",
    ],
)
def test_other_addresses_are_other_stories(other: str) -> None:
    assert canonical_url(other) != canonical_url(_STORY)


@pytest.mark.parametrize(
    "url",
    [
        *("", "ftp://news.example/a", "javascript:alert(1)", "news.example/a", "https://", "mailto:a@b"),
        *("https:// #0", "https://\u00a0/a", "https://news example/a"),
    ],
)
def test_what_is_no_web_address_is_none(url: str) -> None:
    assert canonical_url(url) is None
    assert not is_web_address(url)


@given(st.text(max_size=60))
def test_any_text_is_handled_and_twice_is_once(text: str) -> None:
    for url in (text, f"https://news.example/{text}", f"https://{text}/a?{text}"):
        found = canonical_url(url)
        assert found is None or canonical_url(found) == found


@pytest.mark.eval_data
def test_variants_of_real_addresses_are_one_story(eval_data: Path) -> None:
    with gzip.open(eval_data / "eval/dedup/ngr_url_variants.tsv.gz", "rt", encoding="utf-8") as lines:
        groups = [line.split() for line in lines]
    pairs = [(group[0], other) for group in groups for other in group[1:]]
    same = sum(canonical_url(a) == canonical_url(b) for a, b in pairs)
    assert len(pairs) > 100
    assert same >= 0.99 * len(pairs), f"{same} of {len(pairs)}"


def test_the_address_comes_before_the_guid_and_the_guid_before_the_content() -> None:
    by_link = item_id(link=_STORY, feed_id="a", guid="1", content="c")
    assert by_link == item_id(link=f"{_STORY}?utm_source=x", feed_id="b", guid="2", content="d")
    by_guid = item_id(link=None, feed_id="a", guid="1", content="c")
    assert by_guid == item_id(link=None, feed_id="a", guid="1", content="d")
    assert by_guid != item_id(link=None, feed_id="b", guid="1", content="c"), "guids are the feed's own"
    by_content = item_id(link=None, feed_id="a", guid=None, content="c")
    assert by_content == item_id(link=None, feed_id="b", guid=None, content="c")
    assert len({by_link, by_guid, by_content}) == 3


def test_a_home_page_says_nothing_about_which_story_it_is() -> None:
    one, other = (item_id(link="https://www.news.example/", feed_id="a", guid=g, content="c") for g in ("1", "2"))
    assert one != other
    posts = {item_id(link=f"https://news.example/?p={n}", feed_id="a", guid=None, content="c") for n in (1, 2)}
    assert len(posts) == 2, "a query names a story"


def _hash(title: str, html: str) -> str:
    return content_hash(normalise_title(title), content(normalise(html)))


def test_markup_white_space_and_link_blocks_are_no_content() -> None:
    plain = _hash("Talks go on", "<p>The ministers met.</p><p>They will meet again.</p>")
    assert plain == _hash(
        "Talks  go on ", "<div><b>The ministers</b>\n met.</div> <p class='x'>They will meet again.</p>"
    )
    rotating = [
        f"<p>The ministers met.</p><p>READ ALSO: <a href='/{n}'>Headline number {n} of the rotating block</a></p>"
        "<p>They will meet again.</p>"
        for n in range(3)
    ]
    assert len({_hash("Talks go on", html) for html in rotating}) == 1, "a rotating READ ALSO block is not an edit"
    assert plain != _hash("Talks go on", "<p>The ministers met.</p><p>They will not meet again.</p>")


@given(st.binary(max_size=40))
def test_partitions_are_those_of_kafkas_default_partitioner(key: bytes) -> None:
    assert murmur2(key) == reference(key) & 0xFFFFFFFF
    for partitions in (1, 3, 8):
        assert partition_of(key, partitions) == (reference(key) & 0x7FFFFFFF) % partitions


def test_partitions_are_java_s() -> None:
    """Values of Kafka's own UtilsTest.testMurmur2."""
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    assert {key: murmur2(key) - (1 << 32 if murmur2(key) >> 31 else 0) for key in known} == known


def test_a_decision_has_one_id() -> None:
    first = decision_id("item", "2026-02-18T09:30:00.000Z", 1, b"decided")
    assert first == decision_id("item", "2026-02-18T09:30:00.000Z", 1, b"decided")
    others = {
        decision_id("other", "2026-02-18T09:30:00.000Z", 1, b"decided"),
        decision_id("item", "2026-02-18T09:30:00.001Z", 1, b"decided"),
        decision_id("item", "2026-02-18T09:30:00.000Z", 2, b"decided"),
        decision_id("item", "2026-02-18T09:30:00.000Z", 1, b"otherwise"),
    }
    assert first not in others
    assert len(others) == 4
