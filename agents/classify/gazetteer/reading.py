"""The names that stand in an item, read: what each means, and which are a person's or the publisher's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from agents.classify.document import Document
from agents.classify.gazetteer.forms import STRONG, WEAK
from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.lexicon import Hit, Meaning
from agents.classify.gazetteer.meaning import meaning_of
from agents.classify.gazetteer.mentions import Field
from agents.classify.gazetteer.personal import followed, is_surname
from agents.classify.gazetteer.tables import Tables

_PERSONAL = frozenset({"name", "capital", "region", "city"})
"""Kinds of names that people have, too: Michael Jordan, Jack London."""

# "PARIS, March 3 (Agency) -", "BEIJING: ": where the reporter sits is not what the item is about.
_DATELINE = re.compile(
    r"\s*(?:[A-ZÀ-ÞА-Я][\w.'’-]*|\d{1,2})"
    r"(?:[ ,/]{1,2}(?:[A-ZÀ-ÞА-Я][\w.'’-]*|\d{1,4}\.?|de|del|do|la|le|el|al|of|and)){0,9}[ ,]{0,2}"
    r"(?:\([^)\n]{2,40}\)\s*(?:[-–—:]{1,2}|(?=[A-Z]))|\s?[-–—]{1,2}\s)"
    r"|\s*[A-ZÀ-ÞА-Я][A-ZÀ-ÞА-Я .'’-]{2,24}(?:/[A-Z ]{3,20})?:\s"
)
_DATELINE_ENDS = 120
_DATELINE_MARKS = (" -", " –", " —", "-- ", ": ", ")")
_TOWN = Meaning("region", "")


class Read(Struct, frozen=True, gc=False):
    """A name, what it means, and how it stands there."""

    field: Field
    text: str
    hit: Hit
    meaning: Meaning
    codes: tuple[str, ...]
    strength: int
    passing: bool


def read(
    found: Sequence[tuple[Field, list[Hit]]], document: Document, tables: Tables, rules: Grammar
) -> tuple[list[Read], set[str]]:
    """Return what the names mean, and those that are a person's anywhere in the item."""
    names: list[Read] = []
    people: set[str] = set()
    for field, hits in found:
        if not hits:
            continue
        text = document.title if field == "title" else document.text
        passing = _dateline(text) if field == "text" and hits[0].start < _DATELINE_ENDS else 0
        published = _published_by(text, document.publisher)
        end = -9
        for hit in hits:
            if published is not None and published[0] <= hit.start < published[1]:
                continue
            meaning, codes, strength = meaning_of(hit, document, tables)
            name = Read(field, text[hit.start : hit.end], hit, meaning, codes, strength, hit.end <= passing)
            if rules.latin and meaning.kind in _PERSONAL and (hit.start - end > 1 or names[-1].text in tables.given):
                loose = (meaning.kind == "city" or strength != STRONG) and not rules.capital_nouns
                if is_surname(text, hit.start, tables.given, any_name=loose):
                    people.add(name.text)
                    continue
            elif meaning.kind == "actor" and rules.latin and " " not in name.text:
                bearer = _bearer(name, text, tables)
                if bearer is None:
                    continue
                name = bearer
            end = hit.end
            if (town := _in_region(name, text, names)) is not None:
                names[-1] = town
            names.append(name)
    return names, people


def _bearer(name: Read, text: str, tables: Tables) -> Read | None:
    """Return a surname as that of an office holder; None where another given name stands before it.

    Naomi Harris is not the one of that name, who may be named elsewhere. A weak surname of somebody who is in office is
    strong, unless it is part of a longer name.
    """
    if is_surname(text, name.hit.start, tables.given, any_name=False):
        return None
    if name.strength == WEAK and not followed(text, name.hit.end):
        return replace(name, strength=STRONG)
    return name


def _in_region(name: Read, text: str, names: Sequence[Read]) -> Read | None:
    """Return the name before a region's as one of its country: "Paris, Texas", "Lebanon, Pa."."""
    start, codes = name.hit.start, name.codes
    if not names or text[start - 2 : start] != ", ":
        return None
    before = names[-1]
    if before.meaning.kind not in _PERSONAL or before.codes == codes or before.hit.end != start - 2:
        return None
    if name.meaning.kind != "region":
        # "Athens, Georgia": there is an Athens where there is a Georgia that is no country.
        lands = {code for m in name.hit.meanings for code, _ in m.places}
        codes = tuple({code for m in before.hit.meanings for code, _ in m.places if code in lands})
    return replace(before, meaning=_TOWN, codes=codes, strength=STRONG) if len(codes) == 1 else None


def _dateline(text: str) -> int:
    head = text[:_DATELINE_ENDS]
    if not any(mark in head for mark in _DATELINE_MARKS):
        return 0
    match = _DATELINE.match(text, 0, _DATELINE_ENDS)
    return match.end() if match is not None else 0


def _published_by(text: str, publisher: str | None) -> tuple[int, int] | None:
    """Return where the publisher names itself: "The Times of Ruritania" is not about Ruritania."""
    if not publisher or " " not in publisher:
        return None
    start = text.find(publisher)
    return (start, start + len(publisher)) if start >= 0 else None
