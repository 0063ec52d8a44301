"""The names of one language as an automaton: which of them stand where in a text, words and endings checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import ahocorasick_rs
from msgspec import Struct

from agents.classify.gazetteer.forms import STRONG, Form, patterns, without_marks
from agents.classify.gazetteer.languages import WORD, Grammar, grammar
from agents.classify.gazetteer.tables import COMMON, Row, Tables

_LETTER = re.compile(WORD)
_CYRILLIC_CITIES = frozenset({"ru", "uk", "be", "sr"})


class Meaning(Struct, frozen=True):
    """What a name can stand for.

    Attributes:
        kind: As in the tables.
        id: Country codes, or the id of an actor or place.
        strength: How much the form says on its own.
        places: For cities, ``FR:2138 US:25``.
    """

    kind: str
    id: str
    strength: int = STRONG
    places: str = ""


class Hit(Struct, frozen=True):
    """A name that stands in a text.

    Attributes:
        start: First code point.
        end: Behind the last one.
        meanings: What it can stand for.
    """

    start: int
    end: int
    meanings: tuple[Meaning, ...]


_Key = tuple[re.Pattern[str] | None, tuple[Meaning, ...]]
"""What must follow the literal (None: the language's endings), and what it can stand for."""


class Lexicon:
    """Names to be found in one pass."""

    def __init__(self, entries: dict[str, list[_Key]]) -> None:
        """Build the automaton.

        Args:
            entries: The literal beginnings of names, with what must follow each.
        """
        self._keys = list(entries.values())
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(entries), implementation=ahocorasick_rs.Implementation.ContiguousNFA, store_patterns=False
        )

    def find(self, text: str, rules: Grammar) -> Iterator[Hit]:
        """Yield every name that stands in a text as a word of its own, overlapping ones included.

        Args:
            text: Any text.
            rules: How the language of the text bounds and inflects words.
        """
        bounded, keys, is_letter = rules.bounded, self._keys, _LETTER.match
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if bounded and start and is_letter(text, start - 1) and not _prefixed(text, start, rules):
                continue
            for rest, meanings in keys[index]:
                ending = (rest or rules.inflected).match(text, end)
                if ending is not None:
                    yield Hit(start, ending.end(), meanings)


def _prefixed(text: str, start: int, rules: Grammar) -> bool:
    """Say whether only clitics of the language stand between the beginning of the word and the name."""
    if rules.prefix is None:
        return False
    begin = start
    while begin and start - begin <= 6 and _LETTER.match(text, begin - 1):  # noqa: PLR2004 - the longest clitics
        begin -= 1
    return rules.prefix.fullmatch(text, begin, start) is not None


def common_lexicon(tables: Tables) -> Lexicon:
    """Build the lexicon of what is written alike in all languages: cities, leaders, acronyms."""
    rows = tables.names.get(COMMON, ())
    dropped = {form.text for row in rows if row.kind == "drop" for form in row.forms}
    entries: dict[str, list[_Key]] = {
        name: [(None, (Meaning("city", "", places=places),))]
        for name, places in tables.cities.items()
        if name not in dropped
    }
    # Endings are those of the text's language: "Macronin", "Trumpova".
    _enter(entries, rows, grammar(COMMON, None), literal=None)
    return Lexicon(entries)


def language_lexicon(tables: Tables, rules: Grammar) -> Lexicon:
    """Build the lexicon of one language."""
    entries: dict[str, list[_Key]] = {}
    rows = tables.names.get(rules.code, ())
    generated = [
        Row("name", code, (*(Form(text) for text in forms.split("|")),))
        for code, forms in tables.countries.get(rules.code, ())
    ]
    removed = {(row.id, form.text) for row in rows for form in row.forms if form.removed}
    kept = [
        Row(row.kind, row.id, tuple(form for form in row.forms if (row.id, form.text) not in removed))
        for row in (*rows, *generated)
    ]
    _enter(entries, kept, rules)
    if rules.strip:
        _enter(entries, _own_cities(tables, rules), rules)
    return Lexicon(entries)


def _own_cities(tables: Tables, rules: Grammar) -> Iterator[Row]:
    """Yield the cities whose names change their ending in the language: its country's, or those in its script."""
    home = f"{rules.home}:" if rules.home else None
    for name, places in tables.cities.items():
        if (home and home in places) or (rules.code in _CYRILLIC_CITIES and "\u0400" <= name[0] <= "\u04ff"):
            yield Row("city", places, (Form(name),))


def _enter(entries: dict[str, list[_Key]], rows: Iterable[Row], rules: Grammar, *, literal: object = ...) -> None:
    """Add the forms of rows; names with the same literal and the same continuation share their meanings."""
    for row in rows:
        if row.kind in {"drop", "given"}:
            continue
        for form in row.forms:
            if form.removed:
                continue
            meaning = _meaning(row, form)
            for pattern in patterns(form, rules):
                rest = None if literal is None and pattern.rest is rules.exact and not form.exact else pattern.rest
                _merge(entries.setdefault(pattern.key, []), rest, meaning)


def _meaning(row: Row, form: Form) -> Meaning:
    if row.kind == "city" and ":" in row.id:
        return Meaning("city", "", form.strength, row.id)
    return Meaning(row.kind, row.id, form.strength)


def _merge(keys: list[_Key], rest: re.Pattern[str] | None, meaning: Meaning) -> None:
    for number, (other, meanings) in enumerate(keys):
        if other is rest or (other is not None and rest is not None and other.pattern == rest.pattern):
            if meaning not in meanings:
                keys[number] = (rest, (*meanings, meaning))
            return
    keys.append((rest, (meaning,)))


def plain(text: str) -> str:
    """Return a name as written without marks."""
    return without_marks(text)
