"""What was asked to be forgotten, and must not come again."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Timestamp


class Suppressed(Struct, frozen=True, kw_only=True):
    """An item, or all items of a feed: the value on ``news.suppressed``, keyed by ``item/<id>`` or ``source/<id>``."""

    kind: Literal["item", "source"]
    id: Annotated[str, Meta(description="item id, or feed id")]
    since: Annotated[Timestamp, Meta(description="when it was asked for; the withdrawals' fetch time")]
    by: Annotated[str, Meta(description="user and host")]
    note: Annotated[str | None, Meta(description="why, in the operator's words; not the item's text")] = None
