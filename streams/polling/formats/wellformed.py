"""The elements of a well-formed feed → its entries: the same that feedparser gives, faster.

Where the two differ it is on purpose, and ``tests/unit/polling/formats/test_same_entries.py`` says where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urljoin

from schemas.raw import Enclosure
from streams.polling.formats.elements import Document, Element, Item, read_elements
from streams.polling.formats.entries import (
    TEXT_TYPES,
    Entry,
    Hints,
    ParsedFeed,
    absolute,
    dates,
    enclosure,
    first_link,
    line,
    lines,
    may_be_link,
    texts,
)

_RSS_VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_TITLES = frozenset({"title", "dc:title"})
_SUMMARIES = ("description", "summary", "atom:summary", "abstract", "dc:description", "itunes:summary")
_CONTENTS = frozenset({"content", "content:encoded", "fullitem", "atom:content"})
_PUBLISHED = frozenset({"pubdate", "published", "issued", "dcterms:issued", "atom:published"})
_CREATED = frozenset({"created", "dcterms:created"})
_UPDATED = frozenset({"updated", "modified", "lastbuilddate", "dc:date", "dcterms:modified", "atom:updated"})
_PEOPLE = frozenset({"author", "dc:creator", "dc:author", "itunes:author", "atom:author"})
_TERMS = frozenset({"category", "dc:subject", "keywords", "atom:category", "media:category"})
_TERM_LISTS = frozenset({"itunes:keywords", "media:keywords", "news:keywords"})
_TYPES = {"": "", "text": "text/plain", "plain": "text/plain", "html": "text/html", "xhtml": "application/xhtml+xml"}
_EMAIL = re.compile(r"[\w.+-]+@(?:[A-Za-z0-9-]+\.)+(?:[A-Za-z]{2,24}|\d{1,3})(?:\?subject=\S+)?")


def parse_wellformed(text: str, *, url: str, now: datetime) -> ParsedFeed:
    """Read a feed document that has been decoded; see ``parse_feed``.

    Raises:
        UnusualError: It needs feedparser.
        expat.ExpatError: It is not well-formed.
    """
    found = read_elements(text)
    if found.kind == "sitemap":
        return _sitemap(found, url=url, now=now)
    if found.kind == "sitemap-index":
        return _sitemap_index(found, url=url, now=now)
    return _feed(found, url=url, now=now)


def _feed(found: Document, *, url: str, now: datetime) -> ParsedFeed:
    base = urljoin(url, found.root.get("xml:base", ""))
    said = {child.name: child.text for child in reversed(found.channel.children) if child.text}
    hours = tuple(child.text for child in found.channel.children if child.name == "hour")
    days = tuple(child.text for child in found.channel.children if child.name == "day")
    return ParsedFeed(
        version=_version(found),
        title=line(said.get("title") or said.get("dc:title")),
        language=line(said.get("language") or said.get("dc:language") or found.channel.language),
        rights=line(said.get("rights") or said.get("copyright") or said.get("dc:rights")),
        hints=Hints(
            ttl=said.get("ttl"),
            update_period=said.get("sy:updateperiod"),
            update_frequency=said.get("sy:updatefrequency"),
            skip_hours=hours,
            skip_days=days,
        ),
        entries=tuple(_entry(item, base=base, now=now) for item in found.items),
        problem=found.problem,
    )


def _version(found: Document) -> str:
    names = " ".join(found.names).lower()
    if found.kind == "atom":
        version = found.root.get("version", "")
        return f"atom{version.replace('.', '')}" if version in {"0.1", "0.2", "0.3"} else "atom10"
    if found.kind == "rdf":
        return "rss090" if "netscape.com/rdf/simple/0.9/" in names else "rss10"
    version = found.root.get("version", "")
    return "rss20" if version.startswith("2") else _RSS_VERSIONS.get(version, "rss")


def _entry(item: Item, *, base: str, now: datetime) -> Entry:
    found = _Children(item)
    titles = [child for child in item.children if child.name in _TITLES]
    title = next((child for child in titles if child.text), None)
    summaries = found.texts(*_SUMMARIES)
    contents = [child.text for child in found.all(*_CONTENTS) if child.text and _type(child) in TEXT_TYPES]
    summary, body = texts(next(iter(summaries), None), (*summaries, *contents))
    when = dates(
        (found.last(*_PUBLISHED), found.last(*_CREATED)),
        found.last(*_UPDATED),
        now=now,
    )
    language = title.attributes.get("xml:lang", item.language) if title else None
    people = (_person(child) for child in item.children if child.name in _PEOPLE)
    return Entry(
        title=title.text if title else "",
        link=_link(found, item, base),
        guid=line(next(iter(found.texts("guid", "id", "atom:id")), item.about)),
        summary=summary,
        body=body,
        published=when.published,
        published_source=when.source,
        published_raw=when.raw,
        updated=when.updated,
        authors=lines(people),
        categories=lines(_terms(item)),
        enclosures=tuple(_enclosures(found, base)),
        language=line(language.replace("_", "-")) if language else None,
    )


class _Children:
    """An item's children by name."""

    def __init__(self, item: Item) -> None:
        self._named: dict[str, list[Element]] = {}
        for child in item.children:
            self._named.setdefault(child.name, []).append(child)

    def all(self, *names: str) -> list[Element]:
        return [child for name in names if name in self._named for child in self._named[name]]

    def texts(self, *names: str) -> list[str]:
        return [child.text for child in self.all(*names) if child.text]

    def last(self, *names: str) -> str | None:
        return next((child.text for child in reversed(self.all(*names)) if child.text), None)


def _link(found: _Children, item: Item, base: str) -> str | None:
    """Return the entry's own link. In RSS ``atom:link`` may be a related story's: it counts where there is no other."""
    own = [_href(child) or child.text.replace("&amp;", "&") for child in found.all("link") if _is_alternate(child)]
    guest = [_href(child) for child in found.all("atom:link") if _is_alternate(child)]
    link = first_link((*found.texts("feedburner:origlink"), *own), base) or first_link(guest, base)
    if link is None:
        permalinks = (c.text for c in found.all("guid") if c.attributes.get("ispermalink", "true").lower() == "true")
        link = first_link(filter(may_be_link, [*permalinks, *found.texts("id"), item.about]), base)
    return link


def _is_alternate(link: Element) -> bool:
    return link.attributes.get("rel", "alternate").lower() == "alternate"


def _href(element: Element) -> str:
    named = element.attributes
    return named.get("url") or named.get("uri") or named.get("href") or ""


def _type(content: Element) -> str:
    """Return the media type of a content element."""
    if content.name in {"content:encoded", "fullitem"}:
        return "text/html"
    written = content.attributes.get("type", "").lower()
    return _TYPES.get(written, written)


def _person(element: Element) -> str | None:
    """Return a person's name, or the address where there is no name."""
    if name := element.attributes.get("name") or element.attributes.get("email"):
        return name
    found = _EMAIL.search(element.text)
    if found is None:
        return element.text
    rest = element.text.replace(found[0], "").replace("()", "").replace("<>", "").replace("&lt;&gt;", "").strip()
    return rest.removeprefix("(").removesuffix(")").strip() or found[0]


def _terms(item: Item) -> Iterable[str | None]:
    for child in item.children:
        if child.name in _TERMS:
            yield child.attributes.get("term")
            yield child.text
        elif child.name == "itunes:category":
            yield child.attributes.get("text")
        elif child.name in _TERM_LISTS:
            yield from child.text.split(",")


def _enclosures(found: _Children, base: str) -> Iterable[Enclosure]:
    links = [c for c in found.all("link", "atom:link") if c.attributes.get("rel", "").lower() == "enclosure"]
    for child in (*found.all("enclosure"), *links):
        url = _href(child) if child.name == "enclosure" else absolute(_href(child), base)
        if file := enclosure(url, child.attributes.get("type", "").lower(), child.attributes.get("length")):
            yield file


def _sitemap(found: Document, *, url: str, now: datetime) -> ParsedFeed:
    """Read a news sitemap. Addresses without news of their own are pages of the site, not items."""
    stories = [item for item in found.items if any(c.name == "news:title" and c.text for c in item.children)]
    if found.items and not stories:
        return ParsedFeed(version="", problem="a sitemap of pages, not of news: none of its addresses has a news:title")
    return ParsedFeed(
        version="news-sitemap",
        entries=tuple(_story(story, url=url, now=now) for story in stories),
        problem=found.problem,
    )


def _story(item: Item, *, url: str, now: datetime) -> Entry:
    found = _Children(item)
    when = dates(found.texts("news:publication_date"), found.last("lastmod"), now=now)
    return Entry(
        title=next(iter(found.texts("news:title"))),
        link=first_link(found.texts("loc"), url),
        published=when.published,
        published_source=when.source,
        published_raw=when.raw,
        updated=when.updated,
        categories=lines(_terms(item)),
        language=line(found.last("news:language")),
    )


def _sitemap_index(found: Document, *, url: str, now: datetime) -> ParsedFeed:
    """Read an index of sitemaps: which it names, the latest modified first."""
    dated = []
    for place, item in enumerate(found.items):
        children = _Children(item)
        if link := first_link(children.texts("loc"), url):
            modified = dates((), children.last("lastmod"), now=now).updated
            dated.append((modified or "", -place, link))
    named = tuple(link for _, _, link in sorted(dated, reverse=True))
    return ParsedFeed(
        version="",
        sitemaps=named,
        problem=f"an index of {len(named)} sitemaps; take one of those for news: {', '.join(named[:3])}"[:300],
    )
