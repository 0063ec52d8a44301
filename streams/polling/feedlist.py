"""The feed list: YAML with what is known of each feed, OPML, or one address a line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import yaml
from msgspec import Struct

from agents.identity.urls import is_web_address
from schemas.errors import ConfigError
from schemas.feed import Feed

SHIPPED = "feeds.yaml"
NO_LIST = "none"
"""In place of a path: only what commands added is polled."""


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
        text = resources.files("streams.polling").joinpath(SHIPPED).read_text("utf-8")
        return parse(text, shown="the shipped feed list")
    try:
        return parse(path.expanduser().read_text("utf-8-sig"), shown=str(path))
    except OSError as error:
        raise ConfigError(f"feed list {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"feed list {path} is not UTF-8 text: {error.reason} at byte {error.start}") from error


def parse(text: str, *, shown: str) -> list[Feed]:
    """Read a feed list in any of the three forms; see ``load``."""
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


def dump(feeds: Sequence[Feed]) -> str:
    """Return a feed list as YAML, as ``load`` reads it."""
    return yaml.safe_dump({"feeds": [msgspec.to_builtins(feed) for feed in feeds]}, sort_keys=False, allow_unicode=True)


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
        raise ConfigError(f"{shown}: {error}") from error


def _opml(text: str, shown: str) -> list[Feed]:
    try:
        root = ET.fromstring(text)  # noqa: S314 - expat limits entity expansion; the operator gave the file
    except ET.ParseError as error:
        raise ConfigError(f"{shown} is not well-formed OPML: {error}") from error
    feeds = []
    for outline in root.iter("outline"):
        url = outline.get("xmlUrl") or outline.get("xmlurl")
        if url:
            title = (outline.get("title") or outline.get("text") or "").strip() or None
            feeds.append(Feed(url=url.strip(), title=title, language=outline.get("language")))
    return feeds


def _lines(text: str, shown: str) -> list[Feed]:
    feeds = []
    for number, line in enumerate(text.splitlines(), 1):
        url = line.partition(" #")[0].strip()
        if not url or url.startswith("#"):
            continue
        if not is_web_address(url):
            raise ConfigError(f"{shown}, line {number}: not an http(s) address: {url[:100]!r}")
        feeds.append(Feed(url=url))
    return feeds


def _distinct(feeds: list[Feed], shown: str) -> list[Feed]:
    by_url: dict[str, Feed] = {}
    for feed in feeds:
        if not is_web_address(feed.url):
            raise ConfigError(f"{shown}: not an http(s) address: {feed.url[:100]!r}")
        named = feed if feed.id else msgspec.structs.replace(feed, id=feed_id(feed.url))
        by_url.setdefault(named.url, named)
    seen: dict[str, str] = {}
    for feed in by_url.values():
        if feed.id in seen:
            raise ConfigError(f"{shown}: the id {feed.id!r} stands twice, for {seen[feed.id]} and {feed.url}")
        seen[feed.id] = feed.url
    return list(by_url.values())
