"""A page → its article: blocks and links handed on, nothing that runs, bounded time."""

from __future__ import annotations

import time

import pytest

from agents.normalise.normalise import normalise
from streams.polling.pages.article import read_article

URL = "https://daily.example/2026/02/talks"
_PROSE = "The foreign ministers of both countries met on Monday to reopen the talks on their maritime border. "
PAGE = f"""<!DOCTYPE html><html lang="en-GB"><head><title>Talks reopened | The Daily Example</title>
<meta property="og:title" content="Talks reopened"><meta name="Robots" content="index">
<meta property="article:published_time" content="2026-02-18T09:30:00Z"><link rel="license" href="https://x.example/by">
</head><body><div class="page"><header class="site-header"><nav><ul><li><a href="/">Home</a></li><li><a href="/w">World
</a></li></ul></nav></header><div class="content"><main><article class="story"><h1>Talks reopened</h1>
<p>{_PROSE}{_PROSE}</p>
<figure><img src="1.jpg" alt="A photo"><figcaption>Ministers at the table. Photo: A. Camera</figcaption></figure>
<p>See <a href="/2026/01/earlier?a=1&amp;b=2">what was said &lt;before&gt;</a>, R&amp;D &amp; more.<br>{_PROSE}</p>
<p><a href="/other">READ ALSO: Another story altogether</a></p>
<h2>What comes next</h2>
<div class="text">{_PROSE}</div><div class="text">A second block that is no paragraph. {_PROSE}</div>
<ul class="points"><li>The first of the points that were agreed on.</li>
<li>The <a href="javascript:x()">second</a>.</li></ul>
<script>track()</script><form><button>Subscribe</button></form></article></main></div>
<footer class="site-footer"><p>© The Daily Example. All rights reserved.</p></footer></div></body></html>"""


def test_the_article_is_found_and_its_blocks_and_links_are_kept() -> None:
    article = read_article(PAGE, URL)
    assert article.html.splitlines()[0] == f"<p>{(_PROSE * 2).strip()}</p>"
    normalised = normalise(article.html)
    blocks = normalised.text.split("\n\n")
    assert blocks[2:] == [
        "READ ALSO: Another story altogether",
        "What comes next",
        _PROSE.strip(),
        f"A second block that is no paragraph. {_PROSE.strip()}",
        "The first of the points that were agreed on.\nThe second.",
    ]
    links = [normalised.text[link.start : link.end] for link in normalised.links]
    assert links == ["what was said <before>", "READ ALSO: Another story altogether", "second"]
    assert '<a href="https://daily.example/2026/01/earlier?a=1&amp;b=2">' in article.html
    assert "javascript" not in article.html


def test_what_is_around_the_article_is_left_out() -> None:
    text = read_article(PAGE, URL).text
    for left_out in ("Home", "Photo: A. Camera", "Subscribe", "track()", "All rights reserved"):
        assert left_out not in text


def test_the_headline_is_not_repeated() -> None:
    assert not read_article(PAGE, URL).text.startswith("Talks reopened")


def test_what_the_page_says_of_itself() -> None:
    article = read_article(PAGE, URL)
    assert set(article.titles) == {"Talks reopened", "Talks reopened | The Daily Example"}
    assert ("robots", "index") in article.meta
    assert ("license", "https://x.example/by") in article.meta
    assert article.language == "en-GB"


@pytest.mark.parametrize("wrong", ["sponsored", "hidden", "nav", "footer"])
def test_a_class_that_misleads_costs_no_article(wrong: str) -> None:
    page = PAGE.replace('class="story"', f'class="{wrong}"')
    assert _PROSE.strip() in read_article(page, URL).text


@pytest.mark.parametrize("page", ["", "x", "<html>", "<html><body></body></html>", "\x00\x01", "{}"])
def test_what_is_no_page_has_no_article(page: str) -> None:
    assert len(read_article(page, URL).text) < 10


_N = 5_000
_HOSTILE = {
    "blocks in blocks": "<div>" * _N + _PROSE,
    "lists in lists": "<ul><li>" * _N + _PROSE,
    "unclosed formatting": "<b><i><a href=x>" * _N + _PROSE,
    "tables in tables": "<table><tr><td>" * 2_000 + _PROSE,
    "comments": "<!--" * _N,
    "attributes": "<div " + " ".join(f"a{n}=1" for n in range(_N)) + f">{_PROSE}",
    "links": f"<article>{'<a href=/x>x</a>' * _N}</article>",
    "paragraphs": f"<article>{f'<p>{_PROSE}</p>' * 2_000}</article>",
    "one long word": "<p>" + "x" * 3_000_000,
    "angles": "<p>" + "<" * 200_000,
    "a link without an end": f"<p><a href='{'/' * 200_000}'>{_PROSE}</a></p>",
    "entities": "<p>" + "&amp;&#x3c;" * _N,
    "templates": "<template>" * _N + _PROSE,
}


@pytest.mark.parametrize("kind", _HOSTILE)
def test_hostile_pages_end_before_the_deadline(kind: str) -> None:
    started = time.process_time()
    read_article(f"<html><body>{_HOSTILE[kind]}</body></html>", URL)
    assert time.process_time() - started < 4, "the deadline of a document is 5 s"
