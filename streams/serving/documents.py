"""Feeds out: Atom (RFC 4287) and JSON Feed 1.1 of some events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import orjson

from streams.serving.newest import Entry

_ATOM = "http://www.w3.org/2005/Atom"
_NEVER = "1970-01-01T00:00:00.000Z"
# What XML 1.0 cannot say at all.
_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def title_of(address: str) -> str:
    """Return the title of a feed by its address."""
    return "geowire: " + ", ".join(word.replace("_", " ") for word in address.split("/"))


def atom(entries: Sequence[Entry], *, address: str, url: str) -> bytes:
    """Return an Atom document.

    Args:
        entries: The events, the newest first.
        address: What the feed is of, as in its path without the ending.
        url: Its own address.
    """
    feed = ET.Element("feed", {"xmlns": _ATOM})
    _add(feed, "id", f"urn:geowire:feed:{quote(address, safe='/-')}")
    _add(feed, "title", title_of(address))
    _add(feed, "updated", max((entry.version[0] for entry in entries), default=_NEVER))
    _add(feed, "link", rel="self", type="application/atom+xml", href=url)
    _add(feed, "generator", "geowire")
    _add(_add(feed, "author"), "name", "geowire")
    for entry in entries:
        _entry(_add(feed, "entry"), entry)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _entry(node: ET.Element, entry: Entry) -> None:
    if entry.language != "und":
        node.set("{http://www.w3.org/XML/1998/namespace}lang", entry.language)
    _add(node, "id", _urn(entry))
    _add(node, "title", entry.title)
    _add(node, "updated", entry.version[0])
    if entry.published:
        _add(node, "published", entry.published)
    if entry.url:
        _add(node, "link", rel="alternate", type="text/html", hreflang=entry.language, href=entry.url)
    for author in entry.authors or (entry.source,):
        _add(_add(node, "author"), "name", author)
    for term, scheme in (*_terms(entry.topics, "topic"), *_terms(entry.countries, "country")):
        _add(node, "category", term=term, scheme=scheme)
    # Without a link there has to be content, and an excerpt is all there is.
    _add(node, "summary" if entry.url else "content", entry.excerpt)
    if entry.rights:
        _add(node, "rights", entry.rights)
    source = _add(node, "source")
    _add(source, "id", f"urn:geowire:source:{quote(entry.source, safe='')}")
    _add(source, "title", entry.source)
    _add(source, "updated", entry.version[0])


def json_feed(entries: Sequence[Entry], *, address: str, url: str) -> bytes:
    """Return a JSON Feed document; arguments as for ``atom``."""
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": title_of(address),
            "feed_url": url,
            "authors": [{"name": "geowire"}],
            "items": [_item(entry) for entry in entries],
        }
    )


def _item(entry: Entry) -> dict[str, Any]:
    item = {
        "id": _urn(entry),
        "url": entry.url,
        "title": entry.title,
        "content_text": entry.excerpt,
        "date_published": entry.published,
        "date_modified": entry.version[0],
        "authors": [{"name": author} for author in entry.authors or (entry.source,)],
        "tags": [*entry.topics, *entry.countries],
        "language": None if entry.language == "und" else entry.language,
        "_geowire": {
            "item_id": entry.item_id,
            "event": entry.id,
            "source": entry.source,
            "topics": entry.topics,
            "countries": entry.countries,
            "pairs": ["-".join(pair) for pair in entry.pairs],
            "rights": entry.rights,
        },
    }
    return {name: value for name, value in item.items() if value is not None}


def _urn(entry: Entry) -> str:
    return f"urn:geowire:{quote(entry.item_id, safe='')}"


def _terms(words: Iterable[str], kind: str) -> Iterable[tuple[str, str]]:
    return ((word, f"urn:geowire:{kind}") for word in words)


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    said = {key: _UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", value) for key, value in attributes.items()}
    element = ET.SubElement(parent, name, said)
    if text:
        element.text = _UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return element
