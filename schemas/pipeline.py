"""Generations: which knowledge and rules decided from which offsets on."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Timestamp


class Generation(Struct, frozen=True, kw_only=True):
    """One generation of the live pipe. Any change of knowledge or rules is one.

    A record of news.unique belongs to the newest generation whose ``valid_from`` it has reached; redeliveries and
    replays take the generation of their origin.
    """

    generation: Annotated[int, Meta(ge=1)]
    version: Annotated[str, Meta(description="version of geowire")]
    knowledge: Annotated[str, Meta(description="hash over all knowledge files")]
    text: Annotated[Literal["full", "excerpt", "none"], Meta(description="how much of the text events carry")] = "full"
    valid_from: Annotated[
        dict[str, int], Meta(description="offset of news.unique by partition; partitions not named: 0")
    ]
    started: Timestamp
    replay: Annotated[str | None, Meta(description="the replay that was promoted to it; null: a worker began it")] = (
        None
    )
