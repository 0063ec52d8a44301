"""A feed: what a feed list says of it, and what the operator wants done with it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Timestamp
from schemas.raw import FeedRef


class Feed(Struct, frozen=True, kw_only=True, gc=False):
    """One feed of a feed list."""

    url: str
    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,119}$")] = ""
    title: str | None = None
    publisher: str | None = None
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] | None = None
    language: str | None = None
    content: Annotated[
        Literal["feed", "page"], Meta(description="page: the text of an item is fetched from the article's own page")
    ] = "feed"
    source: str | None = None
    last_seen: str | None = None
    last_verified: str | None = None

    @property
    def ref(self) -> FeedRef:
        """What items say of their feed."""
        return FeedRef(id=self.id, url=self.url, title=self.title, language=self.language, publisher=self.publisher)


class Subscription(Struct, frozen=True, kw_only=True, gc=False):
    """A feed that is to be polled, or is known not to be: the value on ``feeds``, keyed by feed id.

    Its partition is that of the registrable domain it is fetched from (``streams.polling.domains``).
    """

    feed: Feed
    listed: Annotated[bool, Meta(description="the feed list in force names it")] = False
    added: Annotated[bool, Meta(description="a command added it: it stays whatever the list says")] = False
    removed: Annotated[bool, Meta(description="a command removed it: not polled though the list names it")] = False
    paused: Annotated[Timestamp | None, Meta(description="since when it is not polled; null: it is")] = None
    resumed: Annotated[
        Timestamp | None, Meta(description="when polling was last asked for again: the poll after it is at once")
    ] = None
    address: Annotated[str | None, Meta(description="where the publisher moved it for good; null: feed.url")] = None

    leaving: Annotated[
        bool, Meta(description="it is being moved to another partition; whoever takes this one over finishes that")
    ] = False

    @property
    def url(self) -> str:
        """The address that is fetched."""
        return self.address or self.feed.url

    @property
    def active(self) -> bool:
        """Whether it is polled."""
        return self.paused is None and not self.removed and not self.leaving
