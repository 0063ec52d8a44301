"""What a name means: of several meanings the foremost, the countries it names, and how much it says on its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from agents.classify.document import Document
from agents.classify.gazetteer.forms import STRONG, SUPPORTED, WEAK
from agents.classify.gazetteer.lexicon import Hit, Meaning
from agents.classify.gazetteer.tables import ActorInfo, Tables

_ORDER = {"name": 0, "people": 1, "capital": 2, "seat": 3, "body": 3, "region": 4, "person": 5, "money": 6, "firm": 6}
_FIRST = dict.fromkeys((*_ORDER, "city", "club"), 3) | {"actor": 1, "place": 2}
_DAY = 10
_UNDATED = "1970-01-01"
_KNOWN_BEFORE = 4
"""Years before the first office from which a name alone means its holder."""


def meaning_of(hit: Hit, document: Document, tables: Tables) -> tuple[Meaning, tuple[str, ...], int]:
    """Return what a name means, the countries it names, and how much it says on its own.

    A name that is both an actor's and a seat of government's is the actor, with that country.
    """
    meaning = hit.meanings[0] if len(hit.meanings) == 1 else _foremost(hit.meanings, document.published, tables)
    if meaning.kind == "actor":
        info = tables.actors[meaning.id]
        strength = meaning.strength
        if info.terms and strength != SUPPORTED and not _in_office(info, document.published, strong=strength == STRONG):
            strength = SUPPORTED
        return meaning, info.codes, strength
    if meaning.kind == "place":
        implied = tables.places[meaning.id].codes
        named = (code for m in hit.meanings if m.kind in _ORDER for code in _split(m.id))
        return meaning, tuple(dict.fromkeys((*implied, *named))), meaning.strength
    return meaning, _split(meaning.id), WEAK if meaning.kind == "firm" else meaning.strength


def _foremost(meanings: Sequence[Meaning], published: str | None, tables: Tables) -> Meaning:
    """Return the meaning that is meant: of two Clintons the one in office."""
    first = min(meanings, key=lambda m: (_FIRST.get(m.kind, 0), _ORDER.get(m.kind, 9), m.strength))
    if first.kind != "actor":
        return first
    others = (m for m in meanings if m.kind == "actor" and m.strength == first.strength)
    return next((m for m in others if _in_office(tables.actors[m.id], published, strong=False)), first)


@lru_cache(1024)
def _split(codes: str) -> tuple[str, ...]:
    return tuple(codes.split())


def _in_office(info: ActorInfo, published: str | None, *, strong: bool) -> bool:
    """Say whether somebody held office then; for a strong name, whether he or she was known already, or had been."""
    day = (published or "")[:_DAY]
    if day in {"", _UNDATED} or not day[:4].isdecimal():
        return True
    if strong:
        return int(day[:4]) >= int(info.terms[0][0][:4] or 0) - _KNOWN_BEFORE
    return any(since <= day and (not until or day <= until) for since, until in info.terms)
