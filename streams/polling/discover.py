"""From a site's address to its feeds: what its page declares, what its robots.txt names, where feeds usually are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import urljoin, urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from agents.identity.urls import is_web_address
from schemas.raw import FeedRef
from schemas.times import from_datetime
from streams.polling.answers import asking, read_answer
from streams.polling.fetch import Fetcher, Response
from streams.polling.formats.decode import HTML_DECLARATION, decode
from streams.polling.parsers import Parsers
from streams.polling.poll import utc_now
from streams.polling.reading import Reading

Origin = Literal["itself", "declared", "linked", "sitemap", "guessed"]
"""How a feed was found: asked for, declared or linked by the page, named by robots.txt, or where feeds often are."""

_FEED_TYPES = frozenset(
    (
        "application/rss+xml application/atom+xml application/rdf+xml application/feed+json application/json "
        "application/xml text/xml application/x-rss+xml"
    ).split()
)
_LOOKS_LIKE_A_FEED = re.compile(
    r"(?:^|[/._-])(?:rss|atom|feeds?|rdf)(?:$|[/._?-])|\.(?:rss|atom|rdf)$|feed\.json$", re.IGNORECASE
)
_COMMENTS = re.compile(r"comment|kommentar|commentaire|comentario", re.IGNORECASE)
_SITEMAP = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATHS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml")
_LONGEST = 2_000_000
_SITEMAPS = 3
_TRIED = 12
"""Addresses that are fetched at most for one site."""


class Candidate(Struct, frozen=True):
    """An address that may be a feed."""

    url: str
    origin: Origin
    title: str | None = None


class Found(Struct, frozen=True):
    """A feed that was found, and read."""

    url: str
    origin: Origin
    response: Response
    reading: Reading


class Discovery(Struct, frozen=True, kw_only=True):
    """What is at an address.

    Attributes:
        feeds: The feeds, the best first.
        answered: Whether the server gave a document at all.
        problem: Why there is no feed.
    """

    feeds: tuple[Found, ...] = ()
    answered: bool = True
    problem: str | None = None


def looks_like_a_feed(url: str) -> bool:
    """Whether an address reads like that of a feed, so that nothing need be fetched to take it for one."""
    path = urlsplit(url).path
    return path.endswith(".xml") or _LOOKS_LIKE_A_FEED.search(path) is not None


async def discover(url: str, *, fetcher: Fetcher, parsers: Parsers, most: int = 5) -> Discovery:
    """Find the feeds of a site.

    Args:
        url: Address of a feed, or of a page of the site.
        fetcher: Fetches.
        parsers: Read what is fetched.
        most: So many are enough.
    """
    search = _Search(fetcher, parsers)
    found, first = await search.try_one(Candidate(url, "itself"))
    if found is not None:
        return Discovery(feeds=(found,))
    if first.body is None:
        return Discovery(answered=False, problem=first.problem)
    declared = candidates_of_page(first.body, first.url, first.headers.get("content-type"))
    await search.try_all(declared, most)
    if not search.found:
        await search.try_all(await search.sitemaps(first.url), 1)
    if not search.found:
        await search.try_all([Candidate(urljoin(first.url, path), "guessed") for path in _PATHS], 1)
    nothing = "no feed, no page that names one, and none is where feeds usually are"
    return Discovery(feeds=tuple(search.found), problem=None if search.found else nothing)


def candidates_of_page(body: bytes, url: str, content_type: str | None) -> list[Candidate]:
    """Return what a page declares as its feeds, then what it links to that looks like one; comments come last."""
    html, _ = decode(body, content_type, declaration=HTML_DECLARATION)
    tree = LexborHTMLParser(html[:_LONGEST])
    base_tag = tree.css_first("base[href]")
    base = urljoin(url, (base_tag.attributes.get("href") or "") if base_tag is not None else "")
    found = [*_declared(tree, base), *_linked(tree, base)]
    distinct = {candidate.url: candidate for candidate in reversed(found)}
    return sorted(
        (candidate for candidate in found if distinct.pop(candidate.url, None) is not None),
        key=lambda candidate: (_is_about_comments(candidate), candidate.origin != "declared"),
    )


def _declared(tree: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    for link in tree.css("link[rel][href]"):
        named = link.attributes
        rel, kind = (
            (named.get("rel") or "").lower().split(),
            (named.get("type") or "").lower().partition(";")[0].strip(),
        )
        if ("alternate" in rel and kind in _FEED_TYPES) or "feed" in rel:
            yield from _candidate(named.get("href"), base, "declared", named.get("title"))


def _linked(tree: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    for link in tree.css("a[href]"):
        href = link.attributes.get("href") or ""
        if _LOOKS_LIKE_A_FEED.search(href.partition("#")[0]):
            yield from _candidate(href, base, "linked", link.text(strip=True)[:80] or None)


def _candidate(href: str | None, base: str, origin: Origin, title: str | None) -> Iterator[Candidate]:
    try:
        address = urljoin(base, (href or "").strip().removeprefix("feed:"))
    except ValueError:
        return
    if is_web_address(address):
        yield Candidate(address.partition("#")[0], origin, title)


def _is_about_comments(candidate: Candidate) -> bool:
    return bool(_COMMENTS.search(candidate.url) or _COMMENTS.search(candidate.title or ""))


class _Search:
    """Tries addresses, each once, and not too many."""

    def __init__(self, fetcher: Fetcher, parsers: Parsers) -> None:
        self._fetcher = fetcher
        self._parsers = parsers
        self._tried: set[str] = set()
        self.found: list[Found] = []

    async def try_all(self, candidates: Iterable[Candidate], most: int) -> None:
        """Try addresses until so many are feeds."""
        for candidate in candidates:
            if len(self.found) >= most or len(self._tried) >= _TRIED:
                return
            if candidate.url not in self._tried:
                found, _ = await self.try_one(candidate)
                if found is not None and all(found.url != other.url for other in self.found):
                    self.found.append(found)

    async def try_one(self, candidate: Candidate) -> tuple[Found | None, Response]:
        """Fetch an address, and read it if it is a feed."""
        self._tried.add(candidate.url)
        response = await self._fetcher.get(candidate.url)
        if response.body is None:
            return None, response
        feed = FeedRef(id=urlsplit(response.url).hostname or "-", url=response.url)
        request = asking(response, feed, fetched=from_datetime(utc_now()))
        reading = await read_answer(response, request, fetcher=self._fetcher, parsers=self._parsers)
        return Found(response.url, candidate.origin, response, reading) if reading.version else None, response

    async def sitemaps(self, url: str) -> list[Candidate]:
        """Return the sitemaps that a site's robots.txt names, those for news first."""
        response = await self._fetcher.get(urljoin(url, "/robots.txt"), accept="text/plain, */*;q=0.1")
        named = _SITEMAP.findall((response.body or b"").decode("utf-8", "replace"))
        news_first = sorted(dict.fromkeys(named), key=lambda address: "news" not in address.lower())
        return [Candidate(address, "sitemap") for address in news_first[:_SITEMAPS] if is_web_address(address)]
