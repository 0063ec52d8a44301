"""How much attention topics, countries and pairs got in one hour: the value on news.stats."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

EVERY = "all"
"""Stands in the place of a topic for all of them: every item that is geopolitical, or of which that is not known."""


class Attention(Struct, frozen=True, kw_only=True):
    """Items of one hour and one topic; the newest record of a key counts, none means that there were none.

    It is counted anew from news.enriched whenever the hour changes, never added to. An item counts once in each hour in
    which a version of it was fetched, by the version that stands; a withdrawn one does not.
    """

    hour: Annotated[
        str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d$", description="UTC, of the fetch", examples=["2026-02-18T09"])
    ]
    topic: Annotated[str, Meta(description=f"a topic's id, or {EVERY}", examples=["diplomacy"])]
    items: Annotated[int, Meta(ge=1)]
    countries: Annotated[dict[str, int], Meta(description="items about each country")] = {}
    pairs: Annotated[dict[str, int], Meta(description="items with each pair, AA-BB in order of the alphabet")] = {}
