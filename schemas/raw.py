"""The raw item: what a feed said, as the poller (or another producer) puts it onto news.raw."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import ContentHash, Iso639, ItemId, Timestamp

PublishedSource = Literal["feed", "updated", "page", "ingest"]
"""Where ``published`` comes from; ``ingest`` means nobody said and ``published`` is null."""


class FeedRef(Struct, frozen=True, kw_only=True):
    """The feed an item was listed in."""

    id: Annotated[str, Meta(min_length=1, max_length=200, description="stable name of the feed in the feed list")]
    url: str | None = None
    title: str | None = None
    language: Iso639 | None = None
    publisher: str | None = None


class HttpResponse(Struct, frozen=True, kw_only=True):
    """The HTTP exchange that brought the item."""

    status: int
    url: Annotated[str, Meta(description="the address that answered, after redirects")]
    etag: str | None = None
    last_modified: str | None = None


class Enclosure(Struct, frozen=True, kw_only=True):
    """A media file attached to the item."""

    url: str
    type: str | None = None
    length: int | None = None


class Rights(Struct, frozen=True, kw_only=True):
    """What the publisher says about reuse."""

    basis: Annotated[
        Literal["feed", "page"], Meta(description="whether the statement stood in the feed or on the page")
    ] = "feed"
    statement: str | None = None
    tdm_reserved: Annotated[bool | None, Meta(description="text and data mining reserved; null: not looked up")] = None


class Page(Struct, frozen=True, kw_only=True):
    """How the article's own page was asked for, where the feed list says ``content: page``."""

    url: Annotated[str, Meta(description="the address that answered, after redirects")]
    status: Annotated[int | None, Meta(description="HTTP status; null: no answer, or not asked")] = None
    problem: Annotated[
        str | None, Meta(description="why the item's text is the feed's all the same; null: it is the page's")
    ] = None


class RawItem(Struct, frozen=True, kw_only=True):
    """One item of a feed, new or changed.

    Texts are as the feed gave them, markup included; control characters other than tab and newline are removed by
    the poller, and a record that holds U+0000 is refused.
    """

    item_id: ItemId
    feed: FeedRef
    title: Annotated[str, Meta(description="headline, may hold markup")]
    fetched: Annotated[Timestamp, Meta(description="when the poller fetched the item; also the record's time")]
    content_hash: ContentHash
    guid: str | None = None
    link: Annotated[str | None, Meta(description="address of the article as the feed gave it; http or https")] = None
    summary: Annotated[str | None, Meta(description="HTML or plain text")] = None
    body: Annotated[str | None, Meta(description="the longest text the feed has for the item, HTML or plain")] = None
    basis: Annotated[Literal["feed", "page"], Meta(description="whether body stood in the feed or on the page")] = (
        "feed"
    )
    published: Timestamp | None = None
    published_source: PublishedSource = "ingest"
    published_raw: Annotated[str | None, Meta(description="the date as the feed wrote it")] = None
    updated: Timestamp | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    siblings: Annotated[
        tuple[str, ...],
        Meta(description="headlines of other items of the same feed that this item's text quotes"),
    ] = ()
    http: HttpResponse | None = None
    language: Annotated[Iso639 | None, Meta(description="language stated for the item itself")] = None
    backfill: Annotated[bool, Meta(description="older than 48 h when its feed was polled for the first time")] = False
    rights: Rights = Rights()
    page: Annotated[Page | None, Meta(description="null: only the feed was asked")] = None
