"""The feed list: YAML with what is known of each feed, OPML, or one address a line."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import msgspec
import yaml
from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

from agents.identity.urls import is_web_address
from schemas.errors import ConfigError
from schemas.feed import Feed
from streams.polling.formats.decode import decode, repair

log = logging.getLogger(__name__)

SHIPPED = "feeds.yaml"
NO_LIST = "none"
"""In place of a path: only what commands added is polled."""

_MEANT = {
    "country": "a country is two capital letters (ISO 3166-1), as in GB",
    "id": "an id is made of small letters, digits, dots, dashes and underscores, 120 at most",
}


class _Row(Feed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feed in a YAML file: a misspelt name of a field is a mistake there."""


class _FeedFile(Struct, frozen=True, forbid_unknown_fields=True):
    feeds: list[_Row]


def in_force(path: Path | None) -> list[Feed]:
    """Read the feed list that is to be in force: ``none``: an empty one; None: the shipped one.

    Raises:
        ConfigError: See ``load``.
    """
    return [] if path is not None and str(path) == NO_LIST else load(path)


def load(path: Path | None) -> list[Feed]:
    """Read a feed list; None: the shipped one.

    Raises:
        ConfigError: The file cannot be read, or is in none of the three forms; says where.
    """
    if path is None:
        text = resources.files("streams.polling").joinpath(SHIPPED).read_bytes()
        return parse(text, shown="the shipped feed list")
    try:
        return parse(path.expanduser().read_bytes(), shown=str(path))
    except OSError as error:
        raise ConfigError(f"feed list {path} cannot be read: {error.strerror}") from error


def parse(content: bytes, *, shown: str) -> list[Feed]:
    """Read a feed list in any of the three forms; see ``load``."""
    try:
        # OPML says itself what it is written in, and often what is not true.
        text = decode(content)[0] if content.lstrip()[:1] == b"<" else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"feed list {shown} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    start = text.lstrip()[:200]
    if start.startswith("<"):
        feeds = _opml(text, shown)
    elif re.search(r"^feeds\s*:", text, re.MULTILINE):
        feeds = _yaml(text, shown)
    else:
        feeds = _lines(text, shown)
    if not feeds:
        raise ConfigError(f"{shown} names no feeds")
    return _distinct(feeds, shown)


def feed(url: str, **said: str) -> Feed:
    """Return a feed of which somebody says something.

    Raises:
        ConfigError: The address or what is said is not of its kind.
    """
    try:
        named = msgspec.convert({"url": url.strip(), **said}, Feed)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{url}: {_in_words(error)}") from error
    return _distinct([named], "the command")[0]


def opml(feeds: Sequence[Feed]) -> str:
    """Return a feed list as OPML 2.0, grouped by country."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "geowire feeds"
    body = ET.SubElement(root, "body")
    groups: dict[str, ET.Element] = {}
    for listed in feeds:
        parent = body
        if listed.country is not None:
            if listed.country not in groups:
                groups[listed.country] = ET.SubElement(body, "outline", text=listed.country)
            parent = groups[listed.country]
        name = listed.title or listed.publisher or listed.id
        facts = {"type": "rss", "text": name, "title": name, "xmlUrl": listed.url, "language": listed.language}
        ET.SubElement(parent, "outline", {key: value for key, value in facts.items() if value is not None})
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"


def lines(feeds: Sequence[Feed]) -> str:
    """Return a feed list as one address a line."""
    return "".join(f"{listed.url}\n" for listed in feeds)


def dump(feeds: Sequence[Feed]) -> str:
    """Return a feed list as YAML, as ``load`` reads it."""
    rows = [{key: value for key, value in msgspec.to_builtins(row).items() if value is not None} for row in feeds]
    return yaml.safe_dump({"feeds": rows}, sort_keys=False, allow_unicode=True)


def feed_id(url: str) -> str:
    """Return the id of a feed that has no name of its own: readable, stable, distinct."""
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"^https?://(www\.)?", "", url.lower())).strip("-")[:60]
    return f"{slug}-{hashlib.blake2b(url.encode(), digest_size=3).hexdigest()}"


def _yaml(text: str, shown: str) -> list[Feed]:
    try:
        rows = msgspec.convert(yaml.safe_load(text), _FeedFile).feeds
        return [Feed(**msgspec.structs.asdict(row)) for row in rows]
    except yaml.YAMLError as error:
        raise ConfigError(f"{shown} is not valid YAML: {' '.join(str(error).split())}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{shown}: {_in_words(error)}") from error


def _in_words(error: msgspec.ValidationError) -> str:
    """Say what a field has to be, where msgspec names a pattern."""
    where = str(error).rpartition(" - at ")[2]
    meant = _MEANT.get(where.strip("`").rpartition(".")[2])
    return f"{meant} - at {where}" if meant and "regex" in str(error) else str(error)


def _opml(text: str, shown: str) -> list[Feed]:
    feeds = []
    left_out = 0
    for named in _outlines(text, shown):
        if not (url := named.get("xmlurl")):
            continue  # a folder
        url = re.sub(r"^feed:", "", re.sub(r"^feed://(?!https?:)", "http://", url)).removeprefix("//")
        if not _can_be_fetched(url):
            left_out += 1
            continue
        title = named.get("title") or named.get("text") or None
        feeds.append(Feed(url=url, title=title, language=named.get("language") or None))
    if left_out:
        log.warning("%s: left out for want of a usable http(s) address: %d", shown, left_out)
    return feeds


def _outlines(text: str, shown: str) -> list[dict[str, str]]:
    """Return the attributes of all outlines, however deep, their names in lower case."""
    try:
        root = ET.fromstring(repair(text))  # noqa: S314 - expat limits entity expansion; the operator gave the file
        found = [dict(outline.items()) for outline in root.iter("outline")]
    except ET.ParseError as error:
        # Readers export what XML is not; an HTML parser takes it all the same.
        found = [{k: v or "" for k, v in node.attributes.items()} for node in LexborHTMLParser(text).css("outline")]
        if not any("xmlurl" in named for named in found):
            raise ConfigError(f"{shown} is not well-formed OPML: {error}") from error
    return [{key.lower(): value.strip() for key, value in named.items()} for named in found]


def _lines(text: str, shown: str) -> list[Feed]:
    feeds = []
    for number, line in enumerate(text.splitlines(), 1):
        url = line.partition(" #")[0].strip()
        if not url or url.startswith("#"):
            continue
        if not _can_be_fetched(url):
            raise ConfigError(f"{shown}, line {number}: not an http(s) address: {url[:100]!r}")
        feeds.append(Feed(url=url))
    return feeds


def _can_be_fetched(url: str) -> bool:
    """Whether an address can be asked for: an http(s) address whose port can be one."""
    try:
        return is_web_address(url) and urlsplit(url).port != 0
    except ValueError:
        return False


def _distinct(feeds: list[Feed], shown: str) -> list[Feed]:
    by_url: dict[str, Feed] = {}
    for feed in feeds:
        if not _can_be_fetched(feed.url):
            raise ConfigError(f"{shown}: not an http(s) address: {feed.url[:100]!r}")
        named = feed if feed.id else msgspec.structs.replace(feed, id=feed_id(feed.url))
        by_url.setdefault(named.url, named)
    seen: dict[str, str] = {}
    for feed in by_url.values():
        if feed.id in seen:
            raise ConfigError(f"{shown}: the id {feed.id!r} stands twice, for {seen[feed.id]} and {feed.url}")
        seen[feed.id] = feed.url
    return list(by_url.values())
