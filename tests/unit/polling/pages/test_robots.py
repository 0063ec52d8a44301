"""robots.txt: RFC 9309, Crawl-delay, and files that nobody should have to read."""

from __future__ import annotations

import time

import pytest

from streams.polling.pages.robots import matches, parse_robots

_SITE = "https://daily.example"


def _allows(text: str, path: str) -> bool:
    return parse_robots(text).allows(_SITE + path)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/1", True),
        ("User-agent: *\nDisallow:", "/1", True),
        ("User-agent: *\nDisallow: /", "/1", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("user-agent: *\ndisallow: /private", "/private/1", False),
        ("user-agent: *\ndisallow: /private", "/privat", True),
        # the longest rule decides, and of two as long the kinder
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/1", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", False),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        # the group that names us counts, not everybody's
        ("User-agent: *\nDisallow: /\n\nUser-agent: geowire\nAllow: /", "/1", True),
        ("User-agent: GeoWire\nDisallow: /\nUser-agent: *\nAllow: /", "/1", False),
        ("User-agent: geowire/1.0\nDisallow: /", "/1", False),
        ("User-agent: Googlebot\nUser-agent: geowire\nDisallow: /x", "/x", False),
        ("User-agent: Googlebot\nDisallow: /", "/1", True),
        ("User-agent: geowirebot\nDisallow: /", "/1", True),
        # groups that name us are read together
        (
            "User-agent: geowire\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nUser-agent: geowire\nDisallow: /b",
            "/b",
            False,
        ),
        ("User-agent: geowire\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/c", True),
        # wildcards, ends, escapes, queries
        ("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf?x", True),
        ("User-agent: *\nDisallow: /*?print", "/a?print=1", False),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/café", False),
        ("User-agent: *\nDisallow: /café", "/caf%c3%a9/1", False),
        # what it is not meant to look like
        ("\ufeffUser-agent: *\r\nDisallow: /a # comment\r\n", "/a", False),
        ("User-agent : *\n Disallow : /a", "/a", False),
        ("Disallow: /", "/1", True),
        ("<html><body>Not found</body></html>", "/1", True),
        ("User-agent: *\nDisallow: no-slash\nSitemap: https://x.example/s.xml", "/no-slash", True),
    ],
)
def test_what_may_be_fetched(text: str, path: str, allowed: bool) -> None:  # noqa: FBT001
    assert _allows(text, path) is allowed


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("User-agent: *\nCrawl-delay: 10", 10.0),
        ("User-agent: *\nCrawl-delay: 2.5\nDisallow: /a", 2.5),
        ("User-agent: *\nCrawl-delay: 10\n\nUser-agent: geowire\nDisallow: /a", 0.0),
        ("User-agent: *\nCrawl-delay: soon", 0.0),
        ("User-agent: *\nCrawl-delay: -5", 0.0),
        ("User-agent: *\nCrawl-delay: 9999999999999", 0.0),
    ],
)
def test_crawl_delay(text: str, delay: float) -> None:
    assert parse_robots(text).delay == delay


def test_a_rule_full_of_wildcards_takes_no_time() -> None:
    started = time.process_time()
    pattern = "/" + "*a" * 1_000 + "$"
    assert not matches(pattern, "/" + "a" * 4_000 + "b")
    parse_robots("User-agent: *\n" + f"Disallow: {pattern}\n" * 200).allows(_SITE + "/" + "a" * 4_000 + "b")
    parse_robots("User-agent: *\n" * 20_000 + "Disallow: /\n" * 20_000)
    assert time.process_time() - started < 2
