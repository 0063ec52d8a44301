"""The duplicate notice: a raw record that was not passed on, on news.duplicates."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import ContentHash, ItemId, Origin, Timestamp
from schemas.raw import FeedRef


class Duplicate(Struct, frozen=True, kw_only=True):
    """One raw record that was not passed on, and the version it repeats."""

    id: Annotated[str, Meta(description="UUIDv5 of item_id, fetched and origin")]
    item_id: ItemId
    feed: FeedRef
    fetched: Timestamp
    content_hash: ContentHash
    origin: Origin
    of: Annotated[ItemId, Meta(description="the item that stands; equal to item_id in the stream")]
    of_origin: Annotated[Origin | None, Meta(description="the raw record of the version it repeats")] = None
    why: Annotated[
        Literal["same-content", "redelivered", "suppressed"],
        Meta(
            description="redelivered: an offset at or below the item's last accepted one came again; suppressed: the "
            "item was asked to be forgotten, and repeats nothing"
        ),
    ]
