"""Which of the names that stand in an item are names of countries there, and which are a person's or nobody's."""

from __future__ import annotations

from collections.abc import Sequence

from agents.classify.document import Document
from agents.classify.gazetteer.cities import alone, supported
from agents.classify.gazetteer.forms import STRONG, WEAK
from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.lexicon import Hit
from agents.classify.gazetteer.mentions import Field, Mention
from agents.classify.gazetteer.personal import followed
from agents.classify.gazetteer.reading import Read, read
from agents.classify.gazetteer.tables import Tables

_NEAR = 60
"""Characters between a name that can be something else and that of a country for it to be one, too."""


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
    names, people = read(found, document, tables, rules)
    if not names:
        return ()
    strong, reported, introduced, weak_ones = _told(names)
    strong = strong or reported
    cities = [r for r in names if r.meaning.kind == "city"]
    standing = {code for r in cities if r.text not in people and (code := _standing(r, document, tables, rules))}
    listed = _listed(names, document, rules) if weak_ones else set()
    weak = weak_ones if not strong and not standing else set()
    mentions = []
    named = strong, standing, weak
    for number, r in enumerate(names):
        if r.strength == STRONG and r.meaning.kind != "city":
            mentions.append(_mention(r, r.codes))
            continue
        if r.strength != STRONG and r.text in people:
            continue
        if number in listed or (r.meaning.kind == "actor" and r.meaning.id in introduced):
            mentions.append(_mention(r, r.codes))
            continue
        codes = _codes(r, named, document, tables, rules)
        if codes is not None and (r.meaning.kind != "city" or r.text not in people):
            mentions.append(_mention(r, codes))
    return tuple(mentions)


def _told(names: Sequence[Read]) -> tuple[set[str], set[str], set[str], set[str]]:
    """Return the countries of strong names, of strong names in a dateline, strong actors, countries of weak names."""
    strong: set[str] = set()
    reported: set[str] = set()
    introduced: set[str] = set()
    weak: set[str] = set()
    for r in names:
        if r.meaning.kind == "city":
            continue
        if r.strength == STRONG:
            (reported if r.passing else strong).update(r.codes)
            if r.meaning.kind == "actor":
                introduced.add(r.meaning.id)
        elif r.strength == WEAK:
            weak.update(r.codes)
    return strong, reported, introduced, weak


def _standing(r: Read, document: Document, tables: Tables, rules: Grammar) -> str | None:
    """Return the country of a city that needs no support."""
    if r.text in tables.given:
        return None
    if rules.latin and not rules.capital_nouns and " " not in r.text:
        text = document.title if r.field == "title" else document.text
        if r.field == "text" and followed(text, r.hit.end):
            return None
    return alone(r.meaning.places, tables.codes, rules)


def _codes(
    r: Read, named: tuple[set[str], set[str], set[str]], document: Document, tables: Tables, rules: Grammar
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


def _listed(names: Sequence[Read], document: Document, rules: Grammar) -> set[int]:
    """Return the weak names that stand near a country's: "Niger, Chad and Nigeria", "Chad left talks with Sudan"."""
    listed: set[int] = set()
    for one, other in [(n, n - 1) for n in range(1, len(names))] + [(n, n + 1) for n in range(len(names) - 2, -1, -1)]:
        r, beside = names[one], names[other]
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


def _start(r: Read) -> int:
    return r.hit.start


def _mention(r: Read, codes: tuple[str, ...]) -> Mention:
    kind = r.meaning.kind
    identity = r.meaning.id if kind in {"actor", "place"} else ""
    return Mention(r.field, r.hit.start, r.hit.end, codes, kind, identity, r.passing or kind == "money")
