"""Which countries, places and actors an item names, and which countries it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from agents.classify.document import Document
from agents.classify.gazetteer.accept import accepted
from agents.classify.gazetteer.hits import hits
from agents.classify.gazetteer.languages import Grammar, LanguageRules, grammar, read_languages
from agents.classify.gazetteer.lexicon import Hit, Lexicon, common_lexicon, foreign_lexicon, language_lexicon
from agents.classify.gazetteer.mentions import Field, Found, Mention
from agents.classify.gazetteer.roles import Weights, read_weights, roles
from agents.classify.gazetteer.tables import COUNTRY_KINDS, Tables, read_tables
from agents.knowledge import KnowledgeFile, read_files
from schemas.enriched import Actor, Country, Evidence, Place

_ROOM = "classify/gazetteer"
_EVIDENCE_MAX = 5
_MOST_NEWS = "en"
"""The language that is worth a lexicon of its own with everything in it."""
_RULES = {kind: f"gazetteer.{kind}" for kind in (*COUNTRY_KINDS, "actor", "place")}


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
        self._rules = rules
        self._languages: dict[str, tuple[Grammar, tuple[Lexicon, ...]]] = {}

    def language(self, code: str) -> tuple[Grammar, tuple[Lexicon, ...]]:
        """Return grammar and lexicons of a language (BCP 47), its own first; English stands in for an unknown one."""
        found = self._languages.get(code)
        if found is None:
            found = self._languages[code] = self._compiled(code)
        return found

    def _compiled(self, code: str) -> tuple[Grammar, tuple[Lexicon, ...]]:
        primary = code.partition("-")[0]
        if code != primary:
            return self.language(primary)
        if code not in self.tables.names and code not in self.tables.countries:
            return self.language("en")
        rules = grammar(code, self._rules.get(code), self.tables.sample(code))
        whole = code == _MOST_NEWS
        own = language_lexicon(self.tables, rules, whole=whole)
        if whole:
            return rules, (own,)
        return rules, (own, self._common) if rules.latin else (own, self._common, self._foreign)

    @cached_property
    def _common(self) -> Lexicon:
        return common_lexicon(self.tables)

    @cached_property
    def _foreign(self) -> Lexicon:
        return foreign_lexicon(self.tables)


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
    rules, lexicons = gazetteer.language(document.language)
    tables = gazetteer.tables
    found: tuple[tuple[Field, list[Hit]], ...] = (
        ("title", hits(document.title, rules, lexicons)),
        ("text", hits(document.text, rules, lexicons)),
    )
    mentions = accepted(found, document, tables, rules)
    return Found(
        countries=_countries(document, mentions, gazetteer.weights),
        places=_places(document, mentions, tables),
        actors=_actors(document, mentions, tables),
        mentions=mentions,
    )


def _countries(document: Document, mentions: Sequence[Mention], weights: Weights) -> tuple[Country, ...]:
    named: dict[str, list[Mention]] = {}
    for mention in mentions:
        for code in mention.codes:
            named.setdefault(code, []).append(mention)
    decided = roles(named, document, weights)
    countries = [
        Country(
            code=code,
            role="about" if decided[code].about else "mentioned",
            mentions=len(found),
            score=decided[code].score,
            evidence=_evidence(document, found),
        )
        for code, found in named.items()
    ]
    countries.sort(key=lambda c: (c.role != "about", -c.mentions, c.code))
    return tuple(countries)


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
    fields = {"title": document.title, "text": document.text}
    shown = [
        Evidence(
            field=mention.field,
            start=mention.start,
            end=mention.end,
            text=fields[mention.field][mention.start : mention.end],
            rule=_RULES[mention.kind],
        )
        for mention in mentions[:_EVIDENCE_MAX]
    ]
    return tuple(shown)
