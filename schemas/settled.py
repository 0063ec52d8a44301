"""What was done about a dead letter."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Origin, Timestamp


class Settled(Struct, frozen=True, kw_only=True):
    """An operator's word on one dead letter: the value on ``news.settled``, keyed by the letter's place."""

    letter: Annotated[Origin, Meta(description="partition:offset of the letter on news.dead-letter")]
    what: Annotated[
        Literal["retried", "dropped"],
        Meta(description="retried: its record stands in its stream once more; dropped: it is to rest"),
    ]
    at: Timestamp
    by: Annotated[str, Meta(description="user and host")]
