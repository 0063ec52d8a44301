"""Which of the names that stand in an item are names of countries there, and which are a person's or nobody's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.cities import alone, supported
from agents.classify.gazetteer.forms import STRONG, SUPPORTED, WEAK
from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.lexicon import Hit, Meaning
from agents.classify.gazetteer.mentions import Field, Mention
from agents.classify.gazetteer.personal import followed, is_surname
from agents.classify.gazetteer.tables import ActorInfo, Tables

_ORDER = {"name": 0, "people": 1, "capital": 2, "seat": 3, "body": 3, "region": 4, "person": 5, "money": 6, "firm": 6}
_DAY = 10
_UNDATED = "1970-01-01"
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
_NEAR = 60
"""Characters between a name that can be something else and that of a country for it to be one, too."""
_KNOWN_BEFORE = 4
"""Years before the first office from which a name alone means its holder."""
_TOWN = Meaning("region", "")


class _Read(Struct, frozen=True, gc=False):
    """A name, what it means, and how it stands there."""

    field: Field
    text: str
    hit: Hit
    meaning: Meaning
    codes: tuple[str, ...]
    strength: int
    passing: bool


def accepted(
    found: Sequence[tuple[Field, list[Hit]]], document: Document, tables: Tables, rules: Grammar
) -> tuple[Mention, ...]:
    """Accept strong names; then cities and weak names as far as others support them.

    Args:
        found: The names that stand in title and text.
        document: The item.
        tables: What the names mean.
        rules: The item's language.
    """
    read, people = _read(found, document, tables, rules)
    if not read:
        return ()
    strong = {
        code for r in read if r.strength == STRONG and not r.passing and r.meaning.kind != "city" for code in r.codes
    }
    if not strong:
        strong = {code for r in read if r.strength == STRONG and r.meaning.kind != "city" for code in r.codes}
    cities = [r for r in read if r.meaning.kind == "city"]
    standing = {code for r in cities if r.text not in people and (code := _standing(r, document, tables, rules))}
    listed = _listed(read, document, rules)
    weak = set() if strong or standing else {code for r in read if r.strength == WEAK for code in r.codes}
    mentions = []
    named = strong, standing, weak
    for number, r in enumerate(read):
        if r.strength == STRONG and r.meaning.kind != "city":
            mentions.append(_mention(r, r.codes))
            continue
        if r.strength != STRONG and r.text in people:
            continue
        codes = r.codes if number in listed else _codes(r, named, document, tables, rules)
        if codes is not None and (r.meaning.kind != "city" or r.text not in people):
            mentions.append(_mention(r, codes))
    return tuple(mentions)


def _read(
    found: Sequence[tuple[Field, list[Hit]]], document: Document, tables: Tables, rules: Grammar
) -> tuple[list[_Read], set[str]]:
    """Return what the names mean, and those that are a person's anywhere in the item."""
    read: list[_Read] = []
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
            meaning, codes, strength = _meaning(hit, document, tables)
            name = text[hit.start : hit.end]
            if rules.latin and meaning.kind in _PERSONAL and (hit.start - end > 1 or read[-1].text in tables.given):
                loose = meaning.kind == "city" or strength != STRONG
                if is_surname(text, hit.start, tables.given, any_name=loose and not rules.capital_nouns):
                    people.add(name)
                    continue
            end = hit.end
            if (land := _in_region(text, read, hit, codes, meaning)) is not None:
                read[-1] = land
            read.append(_Read(field, name, hit, meaning, codes, strength, hit.end <= passing))
    return read, people


def _in_region(text: str, read: list[_Read], hit: Hit, codes: tuple[str, ...], meaning: Meaning) -> _Read | None:
    """Return the name before a region's as one of its country: "Paris, Texas", "Lebanon, Pa."."""
    if not read or text[hit.start - 2 : hit.start] != ", ":
        return None
    before = read[-1]
    if before.meaning.kind not in _PERSONAL or before.codes == codes or before.hit.end != hit.start - 2:
        return None
    if meaning.kind != "region":
        # "Athens, Georgia": there is an Athens where there is a Georgia that is no country.
        lands = {code for m in hit.meanings for code, _ in m.places}
        codes = tuple({code for m in before.hit.meanings for code, _ in m.places if code in lands})
    if len(codes) != 1:
        return None
    return _Read(before.field, before.text, before.hit, _TOWN, codes, STRONG, before.passing)


def _standing(r: _Read, document: Document, tables: Tables, rules: Grammar) -> str | None:
    """Return the country of a city that needs no support."""
    if r.text in tables.given:
        return None
    if rules.latin and not rules.capital_nouns and " " not in r.text:
        text = document.title if r.field == "title" else document.text
        if r.field == "text" and followed(text, r.hit.end):
            return None
    return alone(r.meaning.places, tables.codes, rules)


def _codes(
    r: _Read, named: tuple[set[str], set[str], set[str]], document: Document, tables: Tables, rules: Grammar
) -> tuple[str, ...] | None:
    """Return the countries that a name names here, or None where it names none."""
    strong, standing, weak = named
    if r.meaning.kind == "city":
        code = supported(r.meaning.places, strong | standing) or _standing(r, document, tables, rules)
        return None if code is None else (code,)
    if r.strength == STRONG or strong.intersection(r.codes):
        return r.codes
    # "Georgia" beside Atlanta is a state of the US.
    for other in r.hit.meanings:
        if other.places and (code := supported(other.places, strong | standing)):
            return (code,)
    return r.codes if r.strength == WEAK and weak.intersection(r.codes) else None


def _listed(read: Sequence[_Read], document: Document, rules: Grammar) -> set[int]:
    """Return the weak names that stand near a country's: "Niger, Chad and Nigeria", "Chad left talks with Sudan"."""
    if all(r.strength != WEAK for r in read):
        return set()
    listed: set[int] = set()
    for one, other in [(n, n - 1) for n in range(1, len(read))] + [(n, n + 1) for n in range(len(read) - 2, -1, -1)]:
        r, beside = read[one], read[other]
        if (
            r.strength == WEAK
            and r.meaning.kind == "name"
            and r.field == beside.field
            and beside.meaning.kind == "name"
        ):
            text = document.title if r.field == "title" else document.text
            between = min(r, beside, key=_start).hit.end, max(r, beside, key=_start).hit.start
            near = (
                between[1] - between[0] <= _NEAR and not followed(text, r.hit.end) and ". " not in text[slice(*between)]
            )
            if (beside.strength == STRONG or other in listed) and (near or rules.joined.fullmatch(text, *between)):
                listed.add(one)
    return listed


def _start(r: _Read) -> int:
    return r.hit.start


def _mention(r: _Read, codes: tuple[str, ...]) -> Mention:
    kind = r.meaning.kind
    identity = r.meaning.id if kind in {"actor", "place"} else ""
    return Mention(r.field, r.hit.start, r.hit.end, codes, kind, identity, r.passing or kind == "money")


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


def _meaning(hit: Hit, document: Document, tables: Tables) -> tuple[Meaning, tuple[str, ...], int]:
    """Return what a name means, the countries it names, and how much it says on its own.

    A name that is both an actor's and a seat of government's is the actor, with that country.
    """
    meaning = hit.meanings[0] if len(hit.meanings) == 1 else _foremost(hit.meanings)
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


def _foremost(meanings: Sequence[Meaning]) -> Meaning:
    return min(meanings, key=lambda m: (_FIRST.get(m.kind, 0), _ORDER.get(m.kind, 9), m.strength))


_FIRST = dict.fromkeys((*_ORDER, "city", "club"), 3) | {"actor": 1, "place": 2}


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
