"""What happens to a feed that an operator should know of: the value on feed-status."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Timestamp

FeedEvent = Literal["possible-loss", "moved", "gone", "stale", "blocked", "recovered"]
"""``possible-loss``: the newest items seen last time are gone from the page, what came between was not seen.
``moved``: permanent redirects said often enough where the feed is now; it is polled there.
``gone``: its publisher said twice that it is gone for good (HTTP 410); it is not polled any more.
``stale``: it answers, but has brought nothing new for long.
``blocked``: it is refused to us: a challenge for browsers, a login page, HTTP 401 or 403.
``recovered``: what one of the last three said is over."""

Standing = Literal["gone", "stale", "blocked"]
"""What holds until something ends it."""


class FeedStatus(Struct, frozen=True, kw_only=True):
    """One event.

    It is sent before the state of the feed is written, so that none is lost; sent again it has the same id.
    """

    id: Annotated[str, Meta(description="UUIDv5 of feed, event and the poll before; also ce_id")]
    event: FeedEvent
    feed_id: str
    url: Annotated[str, Meta(description="its address in the feed list")]
    at: Annotated[Timestamp, Meta(description="the poll that found it")]
    message: Annotated[str, Meta(description="one line for people")]
    publisher: str | None = None
    since: Annotated[
        Timestamp | None,
        Meta(description="possible-loss: the poll before, after which items may be missing; stale: its last news"),
    ] = None
    address: Annotated[str | None, Meta(description="moved: where it is polled now")] = None
    was: Annotated[Standing | None, Meta(description="recovered: what is over")] = None
