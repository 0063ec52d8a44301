"""The sample newsroom's articles: read from ``outlets/*.yaml``, and which of them stand in a feed at a given time."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Literal

import msgspec
import yaml
from msgspec import Struct

_NEWEST = 30


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """A later version of an article; what it does not name stays."""

    after: float
    title: str | None = None
    body: str | None = None


class Article(Struct, frozen=True, forbid_unknown_fields=True):
    """One article.

    Attributes:
        slug: Last part of its address.
        title: Headline.
        body: Paragraphs, separated by blank lines.
        after: Seconds from the start at which it appears.
        edits: Later versions.
        same_as: ``outlet/slug`` of the story that this feed lists under the same address.
    """

    slug: str
    title: str = ""
    body: str = ""
    after: float = 0.0
    edits: tuple[Edit, ...] = ()
    same_as: str | None = None


class Outlet(Struct, frozen=True, forbid_unknown_fields=True):
    """One outlet: a feed and its articles.

    Attributes:
        id: Name of its file.
        failing_until: Seconds for which its server answers 503.
    """

    title: str
    language: str
    country: str
    format: Literal["rss", "atom", "rdf", "json"]
    articles: tuple[Article, ...]
    failing_until: float = 0.0
    id: str = ""


class Item(Struct, frozen=True):
    """An article as it stands in a feed."""

    path: str
    """``outlet/slug``; the end of its address, and its guid."""
    title: str
    body: str
    after: float
    """Seconds from the start at which this version appeared."""


def outlets() -> tuple[Outlet, ...]:
    """Read all outlets."""
    directory = resources.files("streams.sample").joinpath("outlets")
    files = sorted((file for file in directory.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(
        msgspec.structs.replace(
            msgspec.convert(yaml.safe_load(file.read_text("utf-8")), Outlet), id=file.name.removesuffix(".yaml")
        )
        for file in files
    )


def listed(outlet: Outlet, newsroom: tuple[Outlet, ...], elapsed: float) -> list[Item]:
    """Return what an outlet's feed lists, the newest first.

    Args:
        outlet: The outlet.
        newsroom: All of them, for stories that two outlets list.
        elapsed: Seconds since the start.
    """
    items = [_at(outlet.id, article, elapsed) for article in _own(outlet, newsroom) if article.after <= elapsed]
    return sorted(items, key=lambda item: -item.after)[:_NEWEST]


def _own(outlet: Outlet, newsroom: tuple[Outlet, ...]) -> Iterator[Article]:
    known = {f"{other.id}/{article.slug}": article for other in newsroom for article in other.articles}
    for article in outlet.articles:
        if article.same_as is None:
            yield article
        else:
            yield msgspec.structs.replace(
                known[article.same_as], same_as=article.same_as, after=article.after, edits=()
            )


def _at(outlet: str, article: Article, elapsed: float) -> Item:
    title, body, after = article.title, article.body, article.after
    for edit in article.edits:
        if edit.after <= elapsed:
            title, body, after = edit.title or title, edit.body or body, edit.after
    return Item(path=article.same_as or f"{outlet}/{article.slug}", title=title, body=body, after=after)
