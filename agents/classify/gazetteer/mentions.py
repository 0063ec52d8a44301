"""What the rooms' modules hand each other: a name that was accepted, and what an item names."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from schemas.enriched import Actor, Country, Place

Field = Literal["title", "text"]


class Mention(Struct, frozen=True, gc=False):
    """A name that was accepted.

    Attributes:
        field: Where it stands.
        start: First code point.
        end: Behind the last one.
        codes: Countries it names; none for an organisation of many countries, or a sea.
        kind: As in the tables: name, people, capital, seat, city, actor, place, …
        id: Of the actor or place, otherwise empty.
        passing: Whether it only says where the reporter sits, or in what money a sum is.
    """

    field: Field
    start: int
    end: int
    codes: tuple[str, ...]
    kind: str
    id: str = ""
    passing: bool = False


class Found(Struct, frozen=True):
    """What an item names."""

    countries: tuple[Country, ...]
    places: tuple[Place, ...]
    actors: tuple[Actor, ...]
    mentions: tuple[Mention, ...]
