"""Well-formed XML → the elements of a feed that matter, in one pass of expat: many times as fast as feedparser.

Nothing is kept but the children of the channel and of each item. Names are those that feeds use everywhere, ``dc:date``
or ``media:title``, whatever prefix the document binds to the vocabulary. What needs more thought than this (a document
type that may define entities, markup that stands in a text unescaped, items in items, base64) is left to feedparser.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Final, Literal
from xml.parsers import expat

Kind = Literal["rss", "rdf", "atom", "sitemap", "sitemap-index"]

_PREFIXES: Final = {
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/rss/1.0/modules/rss091#": "",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns#": "atom",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/xml/1998/namespace": "xml",
    "http://www.sitemaps.org/schemas/sitemap/0.9": "",
    "http://www.google.com/schemas/sitemap/0.9": "",
    "http://www.google.com/schemas/sitemap/0.84": "",
    "http://www.google.com/schemas/sitemap-news/0.9": "news",
}
"""Namespaces, in lower case since publishers do not agree on it."""

_ROOTS: Final[dict[str, Kind]] = {
    "rss": "rss",
    "rdf:rdf": "rdf",
    "feed": "atom",
    "urlset": "sitemap",
    "sitemapindex": "sitemap-index",
}
_ITEMS: Final[dict[str, tuple[Kind, ...]]] = {
    "item": ("rss", "rdf"),
    "entry": ("atom",),
    "url": ("sitemap",),
    "sitemap": ("sitemap-index",),
}
_THROUGH = frozenset({"channel", "media:group", "news:news", "news:publication", "skiphours", "skipdays"})
"""Elements of which the children count as if they stood in their place."""
_PEOPLE = frozenset({"author", "atom:author"})
_KEPT = frozenset(
    (
        "title link guid id description summary abstract content pubdate published issued updated modified created "
        "author category keywords enclosure language copyright rights ttl hour day fullitem lastbuilddate "
        "dc:title dc:description dc:date dc:creator dc:author dc:subject dc:language dc:rights dcterms:created "
        "dcterms:issued dcterms:modified content:encoded sy:updateperiod sy:updatefrequency itunes:author "
        "itunes:summary itunes:keywords itunes:category media:category media:keywords feedburner:origlink "
        "atom:link atom:summary atom:content atom:published atom:updated atom:author atom:category atom:id "
        "loc lastmod news:title news:publication_date news:keywords news:language"
    ).split()
)
_ITEM_START = re.compile(r"<(?:[\w-]{1,20}:)?(?:item|entry)[\s/>]")
_DEPTH = 256
_BEYOND_LATIN_1 = re.compile(r"[^\x00-\xff]")
_C1 = re.compile(r"[\x80-\x9f]")
_WINDOWS = {byte: char for byte in range(0x80, 0xA0) if (char := bytes([byte]).decode("cp1252", "ignore"))}


class UnusualError(Exception):
    """Something in the document is for feedparser to read."""


class Element:
    """A child of the channel or of an item."""

    __slots__ = ("attributes", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], text: str) -> None:
        self.name = name
        self.attributes = attributes
        self.text = text


class Item:
    """An item, entry or url, and the language in force where it stands."""

    __slots__ = ("about", "children", "language")

    def __init__(self, language: str | None, about: str | None) -> None:
        self.language = language
        self.about = about
        self.children: list[Element] = []


class Document:
    """What a document holds.

    Attributes:
        kind: What its root says it is.
        root: Attributes of its root.
        names: Element names as the document has them, with namespaces: these tell versions apart.
        channel: Its own title, language and so on.
        items: Its items.
        problem: Why reading ended behind the last item and not at the end of the document.
    """

    def __init__(self) -> None:
        self.kind: Kind | None = None
        self.root: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.channel = Item(None, None)
        self.items: list[Item] = []
        self.problem: str | None = None


def read_elements(text: str) -> Document:
    """Read a document.

    Raises:
        UnusualError: It needs feedparser.
        expat.ExpatError: It is not well-formed.
    """
    return _Reader().read(text)


def count_items(text: str) -> int:
    """Return how many items of RSS or entries of Atom a document seems to have, going by where they start."""
    return len(_ITEM_START.findall(text))


class _Reader:
    """Handlers for expat, and where in the document they are."""

    def __init__(self) -> None:
        self._found = Document()
        self._depth = 0
        self._skipped = 0
        """Depth of the element that is skipped with all that is in it; 0: none."""
        self._item: Item | None = None
        self._item_depth = 0
        self._child: Element | None = None
        self._child_depth = 0
        self._pieces: list[str] = []
        self._detail = ""
        """What of a person is being read: name or email."""

    def read(self, text: str) -> Document:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = _doctype
        try:
            parser.Parse(text, True)  # noqa: FBT003 - as expat has it
        except expat.ExpatError as error:
            # A root that ends early, with items behind it, was closed by mistake.
            if self._found.kind is None or self._depth > 0 or count_items(text) > len(self._found.items):
                raise
            self._found.problem = f"behind the end of the feed: {error}"
        except UnicodeEncodeError as error:
            raise UnusualError("half a surrogate pair") from error
        if count_items(text) > len(self._found.items):
            raise UnusualError("items where none are expected")
        return self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._skipped:
            return
        short = self._found.names.get(name) or self._name(name)
        if self._child is not None:
            self._inside(short)
            return
        if attributes:
            attributes = _attributes(attributes)
        if self._found.kind is None:
            self._root(short, attributes)
        elif self._found.kind in _ITEMS.get(short, ()):
            self._begin(attributes)
        elif short in _KEPT:
            self._open(short, attributes)
        elif short not in _THROUGH:
            self._skipped = self._depth

    def _end(self, _: str) -> None:
        depth = self._depth
        self._depth -= 1
        if self._skipped:
            if self._skipped == depth:
                self._skipped = 0
        elif self._child is not None:
            if depth == self._child_depth:
                self._close(self._child)
            else:
                self._child.attributes[self._detail] = "".join(self._pieces).strip()
                self._pieces = []
        elif self._item is not None and depth == self._item_depth:
            self._found.items.append(self._item)
            self._item = None

    def _data(self, data: str) -> None:
        if self._child is not None and not self._skipped:
            self._pieces.append(data)

    def _root(self, short: str, attributes: dict[str, str]) -> None:
        kind = _ROOTS.get(short)
        if kind is None:
            raise UnusualError("not the root of a feed")
        self._found.kind = kind
        self._found.root = attributes
        self._found.channel.language = attributes.get("xml:lang") or attributes.get("lang")
        if kind != "atom":
            self._found.names.clear()  # Atom's names are a guest's here, not the document's own

    def _begin(self, attributes: dict[str, str]) -> None:
        if self._item is not None:
            raise UnusualError("an item inside an item")
        if "xml:base" in attributes:
            raise UnusualError("an item with a base of its own")
        language = attributes.get("xml:lang", self._found.channel.language)
        self._item = Item(language, attributes.get("rdf:about"))
        self._item_depth = self._depth

    def _open(self, short: str, attributes: dict[str, str]) -> None:
        if (kind := attributes.get("type")) and not _is_text(kind) and not short.endswith(("link", "enclosure")):
            raise UnusualError("a text that is encoded")
        if attributes.get("mode", "").lower() == "base64" or (short == "link" and "xml:base" in attributes):
            raise UnusualError("what feeds had twenty years ago")
        self._child = Element(short, attributes, "")
        self._child_depth = self._depth
        self._pieces = []
        if self._depth > _DEPTH:
            raise UnusualError("nested deeply")

    def _inside(self, short: str) -> None:
        """Take note of an element inside a child: what a person consists of, or markup that was not escaped."""
        child = self._child
        if child is None or child.name not in _PEOPLE or self._depth != self._child_depth + 1:
            raise UnusualError("markup that stands in a text unescaped")
        self._detail = short.removeprefix("atom:")
        self._pieces = []

    def _close(self, child: Element) -> None:
        child.text = _text("".join(self._pieces).strip())
        (self._item or self._found.channel).children.append(child)
        self._child = None

    def _name(self, name: str) -> str:
        """Return the short form of a name as expat gives it: namespace, local name, prefix."""
        parts = name.split(" ")
        if len(parts) == 1:
            short = name.lower()
        else:
            namespace = parts[0].lower()
            prefix = _PREFIXES.get(namespace)
            if prefix is None:
                # A vocabulary nobody knows, or one that is misspelt: go by the prefix as the publisher does.
                prefix = parts[2].lower() if len(parts) > 2 else ""  # noqa: PLR2004
            if prefix == "atom" and self._found.kind in {None, "atom"}:
                prefix = ""
            short = f"{prefix}:{parts[1].lower()}" if prefix else parts[1].lower()
        self._found.names[name] = short
        return short


def _text(text: str) -> str:
    """Return a text with two faults mended that XML cannot show: UTF-8 taken for Latin-1, Windows-1252's own signs."""
    if text.isascii():
        return text
    if not _BEYOND_LATIN_1.search(text):
        with contextlib.suppress(UnicodeDecodeError):
            text = text.encode("latin-1").decode("utf-8")
    return text.translate(_WINDOWS) if _C1.search(text) else text


def _is_text(kind: str) -> bool:
    """Whether a text of this type stands in the document as it is; all others are base64 in Atom."""
    return (
        kind.lower() in {"text", "html", "xhtml", "plain"} or kind.lower().startswith("text/") or kind.endswith("xml")
    )


def _attributes(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes under short names."""
    found = {}
    for name, value in attributes.items():
        parts = name.split(" ")
        local = parts[min(1, len(parts) - 1)].lower()
        prefix = _PREFIXES.get(parts[0].lower(), "") if len(parts) > 1 else ""
        found[f"{prefix}:{local}" if prefix else local] = value
    return found


def _doctype(*_: Any) -> None:
    raise UnusualError("a document type")
