"""The names of one language as an automaton: which of them stand where in a text, words and endings checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import ahocorasick_rs
from ahocorasick_rs import Implementation
from msgspec import Struct

from agents.classify.gazetteer.forms import STRONG, Form, parse, patterns
from agents.classify.gazetteer.languages import LATIN_BEFORE, WORD, Grammar, grammar
from agents.classify.gazetteer.tables import COMMON, Row, Tables

_MARK = re.compile(WORD)
_MARKS_FROM = "\u0300"
_CYRILLIC_CITIES = frozenset({"ru", "uk", "be", "sr", "bg", "mk"})
_LONGEST_PREFIX = 6
_FASTEST = frozenset({"es", "fr", "de"})
"""Languages whose names are read twice as fast, for some megabytes each."""


class Meaning(Struct, frozen=True, gc=False):
    """What a name can stand for.

    Attributes:
        kind: As in the tables.
        id: Country codes, or the id of an actor or place.
        strength: How much the form says on its own.
        places: For cities, greatest first: country and thousands of inhabitants.
    """

    kind: str
    id: str
    strength: int = STRONG
    places: tuple[tuple[str, int], ...] = ()


class Hit(Struct, frozen=True, gc=False):
    """A name that stands in a text.

    Attributes:
        start: First code point.
        end: Behind the last one.
        meanings: What it can stand for.
    """

    start: int
    end: int
    meanings: tuple[Meaning, ...]


_Key = tuple[re.Pattern[str] | str | None, tuple[Meaning, ...]]
"""What must follow the literal (None: the end of the word; "": the language's endings; else a source), and meanings."""

Span = tuple[int, int, int, tuple[Meaning, ...]]
"""A name in a text as it is sorted: its start, its end below zero (the longest first), a running number, meanings."""


class Lexicon:
    """Names to be found in one pass."""

    def __init__(
        self,
        entries: Mapping[str, list[_Key]],
        *,
        cities: Mapping[str, str] | None = None,
        dropped: frozenset[str] = frozenset(),
        fastest: bool = False,
    ) -> None:
        """Build the automaton.

        Args:
            entries: The literal beginnings of names, with what must follow each.
            cities: Names of cities with their places as in the table; read only when one is found.
            dropped: Names of all languages that are words of this one.
            fastest: Whether to spend memory on speed.
        """
        self.dropped = dropped
        cities = cities or {}
        self._places = list(cities.values())
        self._keys = list(entries.values())
        names = [*cities, *entries]
        self._automaton = ahocorasick_rs.AhoCorasick(
            names, implementation=Implementation.DFA if fastest else Implementation.ContiguousNFA, store_patterns=False
        )

    def find(self, text: str, rules: Grammar) -> list[Span]:
        """Return every name that stands in a text as a word of its own, overlapping ones included.

        Args:
            text: Any text.
            rules: How the language of the text bounds and inflects words.
        """
        bounded, keys, places, inflected = rules.bounded, self._keys, self._places, rules.inflected
        of_cities: str | None = "" if rules.inflects else None
        cities = len(places)
        spans: list[Span] = []
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if bounded and start:
                before = text[start - 1]
                inside = before.isalnum() or (before >= _MARKS_FROM and _in_word(before))
                if inside and not _prefixed(text, start, rules):
                    continue
            found = ((of_cities, _city(places[index])),) if index < cities else keys[index - cities]
            for rest, meanings in found:
                if rest is None:
                    after = text[end : end + 1]
                    if not bounded or not (after.isalnum() or (after >= _MARKS_FROM and _in_word(after))):
                        spans.append((start, -end, len(spans), meanings))
                    continue
                follows = inflected if rest == "" else _compiled(rest) if isinstance(rest, str) else rest
                ending = follows.match(text, end)
                if ending is not None:
                    spans.append((start, -ending.end(), len(spans), meanings))
        return spans


_compiled = lru_cache(4096)(re.compile)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or (letter >= _MARKS_FROM and _MARK.match(letter) is not None)


@lru_cache(4096)
def _city(places: str) -> tuple[Meaning, ...]:
    read = (place.split(":") for place in places.split())
    return (Meaning("city", "", places=tuple((code, int(size)) for code, size in read)),)


def _prefixed(text: str, start: int, rules: Grammar) -> bool:
    """Say whether only clitics of the language stand between the beginning of the word and the name."""
    if rules.prefix is None:
        return False
    begin = start
    while begin and start - begin <= _LONGEST_PREFIX and _in_word(text[begin - 1]):
        begin -= 1
    return rules.prefix.fullmatch(text, begin, start) is not None


def common_lexicon(tables: Tables) -> Lexicon:
    """Build the lexicon of what is written alike in all languages, in Latin letters: cities, leaders, acronyms."""
    entries: dict[str, list[_Key]] = {}
    # Endings are those of the text's language: "Macronin", "Trumpova".
    _enter(entries, tables.names.get(COMMON, ()), grammar(COMMON, None), exact="")
    return Lexicon(entries, cities=_cities(tables, latin=True))


def foreign_lexicon(tables: Tables) -> Lexicon:
    """Build the lexicon of the cities in other letters: texts in Latin letters are not searched for them."""
    return Lexicon({}, cities=_cities(tables, latin=False))


def _cities(tables: Tables, *, latin: bool) -> dict[str, str]:
    dropped = _dropped(tables.names.get(COMMON, ()))
    return {
        name: places
        for name, places in tables.cities.items()
        if (name[0] < LATIN_BEFORE) is latin and name not in dropped
    }


def language_lexicon(tables: Tables, rules: Grammar, *, whole: bool = False) -> Lexicon:
    """Build the lexicon of one language.

    Args:
        tables: All names.
        rules: How the language bounds and inflects words.
        whole: Put the names of all languages into it, so that a text is gone through once: megabytes for microseconds.
    """
    entries: dict[str, list[_Key]] = {}
    rows = tables.names.get(rules.code, ())
    written = {form.text for row in rows for form in row.forms}
    # What is written by hand says how much a name counts: "?Georgia".
    generated = [
        Row(kind, id_, (*(form for form in parse(forms) if form.text not in written),))
        for kind, id_, forms in (
            *(("name", code, forms) for code, forms in tables.countries.get(rules.code, ())),
            *tables.exonyms.get(rules.code, ()),
        )
    ]
    removed = frozenset(form.text for row in rows for form in row.forms if form.removed)
    kept = [
        Row(row.kind, row.id, tuple(form for form in row.forms if form.text not in removed))
        for row in (*rows, *generated)
    ]
    dropped = _dropped(rows) | removed
    _enter(entries, kept, rules)
    if rules.strip:
        inflected = _own_cities(tables, rules)
        _enter(entries, (row for row in inflected if row.forms[0].text not in dropped), rules)
    if not whole:
        return Lexicon(entries, dropped=dropped, fastest=rules.code in _FASTEST)
    common = (
        Row(row.kind, row.id, tuple(form for form in row.forms if form.text not in dropped))
        for row in tables.names.get(COMMON, ())
    )
    _enter(entries, common, grammar(COMMON, None), exact="" if rules.inflects else None)
    cities = {name: places for name, places in _cities(tables, latin=True).items() if name not in dropped}
    return Lexicon(entries, cities=cities)


def _dropped(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(form.text for row in rows if row.kind == "drop" for form in row.forms)


def _own_cities(tables: Tables, rules: Grammar) -> Iterator[Row]:
    """Yield the cities whose names change their ending in the language: its country's, or those in its script."""
    home = f"{rules.home}:" if rules.home else None
    for name, places in tables.cities.items():
        if (home and home in places) or (rules.code in _CYRILLIC_CITIES and "\u0400" <= name[0] <= "\u04ff"):
            yield Row("city", places, (Form(name),))


def _enter(entries: dict[str, list[_Key]], rows: Iterable[Row], rules: Grammar, *, exact: str | None = None) -> None:
    """Add the forms of rows; names with the same literal and the same continuation share their meanings."""
    for row in rows:
        if row.kind in {"drop", "given"}:
            continue
        for form in row.forms:
            if form.removed:
                continue
            meaning = _meaning(row, form)
            for pattern in patterns(form, rules):
                rest = (None if form.exact else exact) if pattern.rest is rules.exact else pattern.rest
                _merge(entries.setdefault(pattern.key, []), rest, meaning)


def _meaning(row: Row, form: Form) -> Meaning:
    if row.kind == "city" and ":" in row.id:
        (meaning,) = _city(row.id)
        return Meaning("city", "", form.strength, meaning.places)
    return Meaning(row.kind, row.id, form.strength)


def _merge(keys: list[_Key], rest: re.Pattern[str] | str | None, meaning: Meaning) -> None:
    for number, (other, meanings) in enumerate(keys):
        if other is rest or other == rest:
            if meaning not in meanings:
                keys[number] = (rest, (meaning, *meanings) if meaning.kind == "block" else (*meanings, meaning))
            return
    keys.append((rest, (meaning,)))
