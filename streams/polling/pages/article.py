"""A web page → its article as minimal HTML: paragraphs, headings, list items and links, nothing else.

Which part of the page is the article, Resiliparse decides. What is between the article's own paragraphs stays: whether
a line is an interjection, strip decides, and records it. For that it needs to see blocks and links, so both are handed
on. Pure, and run in the parser process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin

from msgspec import Struct
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from agents.identity.urls import is_web_address

_LONGEST = 4_000_000
_NEVER = ["figcaption", "nav", "form", "button", "dialog"]
"""Elements that hold no line of an article; captions are those of photos, which nobody sees here."""
_AROUND = [*_NEVER, "header", "footer", "aside"]
_LONG = 80
_BLOCKS = frozenset("p li h1 h2 h3 h4 h5 h6 pre".split())
_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>|([^<]+)")
_HREF = re.compile(r'\shref="([^"]*)"')
_SPACE = re.compile(r"\s+")


class Article(Struct, frozen=True):
    """What a page holds.

    Attributes:
        html: The article as minimal HTML; empty: there is none.
        text: Its text alone, for comparing.
        titles: What the page says it is called.
        meta: Its meta tags, names in lower case.
        language: Language the page states.
    """

    html: str
    text: str
    titles: tuple[str, ...]
    meta: tuple[tuple[str, str], ...]
    language: str | None


def read_article(html: str, url: str) -> Article:
    """Find the article of a page.

    Args:
        html: The page.
        url: Its address, for relative links.
    """
    tree = HTMLTree.parse(html[:_LONGEST])
    meta = tuple(_meta(tree))
    blocks = _Cutter(url).cut(_main_content(tree))
    while blocks and blocks[0].tag == "h1":
        del blocks[0]  # the headline, which the feed has
    return Article(
        html=_render(blocks),
        text="\n".join(block.text for block in blocks),
        titles=tuple(title for title in _titles(tree, meta) if title.strip()),
        meta=meta,
        language=_language(tree),
    )


class _Block:
    """A block of the article; ``html`` is escaped text and links."""

    __slots__ = ("html", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.html = ""

    @property
    def text(self) -> str:
        return _SPACE.sub(" ", unescape(re.sub(r"<[^>]*>", "", self.html))).strip()


def _main_content(tree: HTMLTree) -> str:
    """Return the article in Resiliparse's minimal HTML.

    Its rules go by the names of classes; where they take less than half of what the page has in long paragraphs, one of
    them is wrong about this page, and all that is not around an article is taken.
    """
    main = _extract(tree, main_content=True, skip=_NEVER)
    everything = _extract(tree, main_content=False, skip=_AROUND)
    paragraphs = sum(len(line) for line in everything.split("\n") if line.startswith("<p>") and len(line) > _LONG)
    return main if 2 * len(main) >= paragraphs else everything


def _extract(tree: HTMLTree, *, main_content: bool, skip: list[str]) -> str:
    return extract_plain_text(
        tree,
        preserve_formatting="minimal_html",
        main_content=main_content,
        links=True,
        alt_texts=False,
        skip_elements=skip,
    )


class _Cutter:
    """Cuts minimal HTML into blocks; a line that stands in none (a ``div`` of the page) is a paragraph."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._block: _Block | None = None
        self._loose = True
        self.blocks: list[_Block] = []

    def cut(self, minimal: str) -> list[_Block]:
        for closing, tag, attributes, text in _TOKEN.findall(minimal):
            if tag in _BLOCKS:
                self._end()
                self._loose = bool(closing)
                self._block = None if closing else _Block(tag)
            elif text and self._loose:
                first, *others = text.split("\n")
                self._add(first)
                for line in others:
                    self._end()
                    self._add(line)
            elif text:
                self._add(text)
            elif tag == "a":
                self._add("</a>" if closing else _link(attributes, self._url))
            elif tag == "br" and self._block is not None:
                self._add("<br>")
        self._end()
        return self.blocks

    def _add(self, html: str) -> None:
        if self._block is None and html.strip():
            self._block = _Block("p")
        if self._block is not None:
            self._block.html += html

    def _end(self) -> None:
        if self._block is not None and self._block.text:
            self.blocks.append(self._block)
        self._block = None


def _link(attributes: str, url: str) -> str:
    """Return the start of a link; where it leads is only handed on where that is on the web."""
    found = _HREF.search(attributes)
    try:
        href = urljoin(url, unescape(found[1])) if found else ""
    except ValueError:
        href = ""
    return f'<a href="{href.replace("&", "&amp;").replace(chr(34), "&quot;")}">' if is_web_address(href) else "<a>"


def _render(blocks: list[_Block]) -> str:
    parts = []
    listed = False
    for block in blocks:
        if (block.tag == "li") != listed:
            parts.append("</ul>" if listed else "<ul>")
            listed = not listed
        parts.append(f"<{block.tag}>{block.html.strip()}</{block.tag}>")
    if listed:
        parts.append("</ul>")
    return "\n".join(parts)


def _meta(tree: HTMLTree) -> Iterator[tuple[str, str]]:
    if tree.document is None:
        return
    for tag in tree.document.query_selector_all("meta"):
        if name := tag.getattr("name") or tag.getattr("property"):
            yield name.strip().lower(), tag.getattr("content") or ""
    if (terms := tree.document.query_selector('link[rel~="license"]')) is not None:
        yield "license", terms.getattr("href") or ""


def _titles(tree: HTMLTree, meta: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield tree.title or ""
    yield from (content for name, content in meta if name in {"og:title", "twitter:title"})
    if tree.document is not None and (heading := tree.document.query_selector("h1")) is not None:
        yield " ".join((heading.text or "").split())


def _language(tree: HTMLTree) -> str | None:
    root = tree.document.query_selector("html") if tree.document is not None else None
    return ((root.getattr("lang") if root is not None else None) or "").strip()[:35] or None
