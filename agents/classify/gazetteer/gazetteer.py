"""Which countries, places and actors an item names, and which countries it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agents.classify.document import Document
from agents.classify.gazetteer.forms import STRONG, SUPPORTED
from agents.classify.gazetteer.languages import Grammar, LanguageRules, grammar, read_languages
from agents.classify.gazetteer.lexicon import Hit, Lexicon, Meaning, common_lexicon, language_lexicon
from agents.classify.gazetteer.roles import Weights, read_weights, roles
from agents.classify.gazetteer.tables import ActorInfo, Tables, read_tables
from agents.knowledge import KnowledgeFile, read_files
from schemas.enriched import Actor, Country, Evidence, Place

Field = Literal["title", "text"]

_ROOM = "classify/gazetteer"
_EVIDENCE_MAX = 5
# "PARIS, March 3 (Agency) -": where the reporter sits is not what the item is about.
_DATELINE = re.compile(
    r"\s*[^\W\d_a-zà-ÿ][^\n]{0,60}?(?:\([^)\n]{2,40}\)\s*(?:[-–—:]{1,2}|(?=[A-Z]))|\s[-–—]{1,2}\s)",
)
_UPPER_LETTERS_LEAST = 12
_UPPER_SHARE = 0.8
_DAY = 10


class Mention(Struct, frozen=True):
    """A name that was accepted.

    Attributes:
        field: Where it stands.
        start: First code point.
        end: Behind the last one.
        codes: Countries it names; none for an organisation of many countries, or a sea.
        kind: As in the tables: name, people, capital, seat, city, actor, place, …
        id: Of the actor or place, otherwise empty.
    """

    field: Field
    start: int
    end: int
    codes: tuple[str, ...]
    kind: str
    id: str = ""


class Found(Struct, frozen=True):
    """What an item names."""

    countries: tuple[Country, ...]
    places: tuple[Place, ...]
    actors: tuple[Actor, ...]
    mentions: tuple[Mention, ...]


class Gazetteer:
    """The compiled tables; the lexicon of a language is built when the first text in it comes."""

    def __init__(self, tables: Tables, rules: dict[str, LanguageRules], weights: Weights) -> None:
        """Compile what all languages share.

        Args:
            tables: Names, places, actors.
            rules: How names stand in running text, by language.
            weights: What makes a country one that the item is about.
        """
        self.tables = tables
        self.weights = weights
        self.common = common_lexicon(tables)
        self._rules = rules
        self._languages: dict[str, tuple[Grammar, Lexicon]] = {}

    def language(self, code: str) -> tuple[Grammar, Lexicon]:
        """Return grammar and lexicon of a language; English stands in for an unknown one."""
        known = code if code in self.tables.names or code in self.tables.countries else "en"
        if known not in self._languages:
            rules = grammar(known, self._rules.get(known))
            self._languages[known] = (rules, language_lexicon(self.tables, rules))
        return self._languages[known]


def load_gazetteer(overlay: Path | None = None) -> tuple[Gazetteer, list[KnowledgeFile]]:
    """Read and compile the tables, the operator's laid over the shipped ones.

    Raises:
        ConfigError: A file is not of its form; says file, line and fault.
    """
    world = read_files(f"{_ROOM}/world", overlay=overlay)
    names = read_files(f"{_ROOM}/names", overlay=overlay)
    rules = read_files(f"{_ROOM}/rules", overlay=overlay)
    gazetteer = Gazetteer(read_tables(world, names), read_languages(rules), read_weights(rules))
    return gazetteer, [*world, *names, *rules]


def find(document: Document, gazetteer: Gazetteer) -> Found:
    """Find what an item names, and decide which countries it is about."""
    language = document.language.partition("-")[0]
    hits = [(field, hit) for field, text in _fields(document) for hit in _hits(field, text, language, gazetteer)]
    mentions = _accepted(hits, document, gazetteer.tables)
    return Found(
        countries=_countries(document, mentions, gazetteer.weights),
        places=_places(document, mentions, gazetteer.tables),
        actors=_actors(document, mentions, gazetteer.tables),
        mentions=mentions,
    )


def _fields(document: Document) -> tuple[tuple[Field, str], ...]:
    return (("title", document.title), ("text", document.text))


def _hits(field: Field, text: str, language: str, gazetteer: Gazetteer) -> list[Hit]:
    """Return names from left to right, the longest first where they overlap."""
    rules, lexicon = gazetteer.language(language)
    found = [*gazetteer.common.find(text, rules), *lexicon.find(text, rules)]
    if _shouted(text):
        lowered = _as_written(text)
        found += [*gazetteer.common.find(lowered, rules), *lexicon.find(lowered, rules)]
    found.sort(key=lambda hit: (hit.start, -hit.end))
    skipped = _DATELINE.match(text, 0, 120) if field == "text" else None
    kept: list[Hit] = []
    end = 0
    for hit in found:
        if kept and hit.start == kept[-1].start and hit.end == kept[-1].end:
            kept[-1] = Hit(hit.start, hit.end, (*kept[-1].meanings, *hit.meanings))
        elif hit.start >= end:
            kept.append(hit)
            end = hit.end
    if skipped is not None:
        kept = [hit for hit in kept if hit.end > skipped.end()]
    return [hit for hit in kept if not any(meaning.kind == "block" for meaning in hit.meanings)]


def _shouted(text: str) -> bool:
    """Say whether a text is in capitals, as old agency copy is, or some headlines."""
    letters = [c for c in text[:400] if c.isalpha()]
    upper = sum(c.isupper() for c in letters)
    return len(letters) >= _UPPER_LETTERS_LEAST and upper >= _UPPER_SHARE * len(letters)


_WORDS = re.compile(r"[^\W\d_]+")


def _as_written(text: str) -> str:
    """Return a text in capitals with only the first letter of each word as one, of the same length."""
    return _WORDS.sub(lambda word: word[0][0] + _lower(word[0][1:]), text)


def _lower(letters: str) -> str:
    lowered = letters.lower()
    return lowered if len(lowered) == len(letters) else letters


def _accepted(hits: Sequence[tuple[Field, Hit]], document: Document, tables: Tables) -> tuple[Mention, ...]:
    """Accept strong names; then weak ones and cities as far as the strong ones support them."""
    publisher = (document.publisher or "").casefold()
    strong: set[str] = set()
    read: list[tuple[Field, Hit, Mention, int]] = []
    for field, hit in hits:
        meaning, codes, strength = _read(hit, document, tables)
        name = (document.title if field == "title" else document.text)[hit.start : hit.end]
        if publisher and name.casefold() in publisher and document.text.casefold().startswith(publisher):
            continue
        identity = meaning.id if meaning.kind in {"actor", "place"} else ""
        read.append((field, hit, Mention(field, hit.start, hit.end, codes, meaning.kind, identity), strength))
        if strength == STRONG and meaning.kind != "city":
            strong.update(codes)
    kept = []
    for _, hit, mention, strength in read:
        accepted = mention
        if mention.kind == "city":
            city = _city(hit, strong)
            if city is None:
                continue
            accepted = Mention(mention.field, mention.start, mention.end, (city,), "city")
        elif strength != STRONG and not strong.intersection(mention.codes) and (strength == SUPPORTED or strong):
            continue
        kept.append(accepted)
    return tuple(kept)


_ORDER = {"name": 0, "people": 1, "capital": 2, "seat": 3, "body": 3, "region": 4, "person": 5, "money": 6, "firm": 6}


def _read(hit: Hit, document: Document, tables: Tables) -> tuple[Meaning, tuple[str, ...], int]:
    """Return what a name means, the countries it names, and how much it says on its own.

    A name that is both an actor's and a seat of government's is the actor, with that country.
    """
    actor = next((m for m in hit.meanings if m.kind == "actor"), None)
    if actor is not None:
        info = tables.actors[actor.id]
        strength = actor.strength
        if strength != STRONG and info.terms and not _in_office(info, document.published):
            strength = SUPPORTED
        return actor, info.codes, strength
    place = next((m for m in hit.meanings if m.kind == "place"), None)
    if place is not None:
        implied = tables.places[place.id].codes
        named = tuple(code for m in hit.meanings if m.kind in _ORDER for code in m.id.split())
        return place, tuple(dict.fromkeys((*implied, *named))), place.strength
    meaning = min(hit.meanings, key=lambda m: (_ORDER.get(m.kind, 9), m.strength))
    return meaning, tuple(meaning.id.split()) if meaning.kind != "city" else (), meaning.strength


def _in_office(info: ActorInfo, published: str | None) -> bool:
    day = (published or "")[:_DAY]
    return not day or any(since <= day and (not until or day <= until) for since, until in info.terms)


_CITY_ALONE = 700
_CITY_SUPPORTED = 30
_DOMINANT = 6


def _city(hit: Hit, named: set[str]) -> str | None:
    """Return the country of a city: a large one that has no rival, or one in a country that is named otherwise."""
    places = [
        (int(size), code)
        for meaning in hit.meanings
        if meaning.kind == "city"
        for code, size in (place.split(":") for place in meaning.places.split())
    ]
    supported = [(size, code) for size, code in places if code in named and size >= _CITY_SUPPORTED]
    if supported:
        return max(supported)[1]
    places.sort(reverse=True)
    size, code = places[0]
    rival = max((other for other, land in places if land != code), default=0)
    return code if size >= _CITY_ALONE and size >= _DOMINANT * rival else None


def _countries(document: Document, mentions: Sequence[Mention], weights: Weights) -> tuple[Country, ...]:
    named: dict[str, list[Mention]] = {}
    for mention in mentions:
        for code in mention.codes:
            named.setdefault(code, []).append(mention)
    about = roles({code: [(m.field, m.start) for m in found] for code, found in named.items()}, weights)
    countries = [
        Country(
            code=code,
            role="about" if code in about else "mentioned",
            mentions=len(found),
            score=None,
            evidence=_evidence(document, found),
        )
        for code, found in named.items()
    ]
    return tuple(sorted(countries, key=lambda c: (c.role != "about", -c.mentions, c.code)))


def _places(document: Document, mentions: Sequence[Mention], tables: Tables) -> tuple[Place, ...]:
    return tuple(
        Place(id=id_, name=tables.places[id_].name, mentions=len(found), evidence=_evidence(document, found))
        for id_, found in _by_id(mentions, "place")
    )


def _actors(document: Document, mentions: Sequence[Mention], tables: Tables) -> tuple[Actor, ...]:
    actors = []
    for id_, found in _by_id(mentions, "actor"):
        info = tables.actors[id_]
        actors.append(
            Actor(
                id=id_,
                name=info.name,
                kind="person" if info.kind == "person" else "organisation",
                country=info.codes[0] if info.codes else None,
                mentions=len(found),
                evidence=_evidence(document, found),
            )
        )
    return tuple(actors)


def _by_id(mentions: Iterable[Mention], kind: str) -> list[tuple[str, list[Mention]]]:
    found: dict[str, list[Mention]] = {}
    for mention in mentions:
        if mention.kind == kind:
            found.setdefault(mention.id, []).append(mention)
    return sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0]))


def _evidence(document: Document, mentions: Sequence[Mention]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            field=mention.field,
            start=mention.start,
            end=mention.end,
            text=(document.title if mention.field == "title" else document.text)[mention.start : mention.end],
            rule=f"gazetteer.{mention.kind}",
        )
        for mention in mentions[:_EVIDENCE_MAX]
    )
