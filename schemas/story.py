"""The story: which items are copies of one report, on news.stories."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from schemas.fields import ItemId, Timestamp


class Member(Struct, frozen=True, kw_only=True):
    """An item of a story."""

    item_id: ItemId
    fetched: Annotated[Timestamp, Meta(description="when the item was fetched first")]


class Story(Struct, frozen=True, kw_only=True):
    """Items that are copies of one report; the newest record of a key counts.

    A story is named after its canonical item, the one that was fetched first. Where another item turns out to be that,
    the story goes on under the other name, and the record of the old one says so in ``merged_into``. No record (or one
    without a value) means that there is no such story any more.
    """

    story: Annotated[ItemId, Meta(description="the canonical item: of those fetched first the one with the least id")]
    merged_into: Annotated[
        ItemId | None, Meta(description="the story goes on under this name; such a record has no members")
    ] = None
    members: Annotated[
        tuple[Member, ...],
        Meta(description="by time of the first fetch, the canonical item first; of a very long story the newest ones"),
    ] = ()
    size: Annotated[int, Meta(ge=0, description="how many items it has, listed or not")] = 0
    first: Annotated[Timestamp | None, Meta(description="when the first of them was fetched")] = None
    last: Annotated[Timestamp | None, Meta(description="when the last of them was fetched")] = None
