"""The terms of a language, compiled into one automaton; a language is read when its first text comes."""

from __future__ import annotations

from collections.abc import Iterator

import ahocorasick_rs

from agents.classify.topics.termfile import LEVELS, Pattern, TermFile, Writing, read_term_file, terms_of
from agents.knowledge import KnowledgeFile, mistake

STRONG, TERMS, SUPPORT = range(3)
"""Levels of a term of a topic."""
STATE, NOISE, DOMESTIC = "state", "noise", "domestic"
"""What is no topic: words of statecraft, genres that speak against, and domestic matters."""
GENRES = (STATE, NOISE, DOMESTIC)
VETO = -1

Senses = tuple[tuple[int, int], ...]
"""What a term speaks for: slots (topics, then genres) with levels."""


class Lexicon:
    """The terms of one language.

    Attributes:
        coverage: Whether its figures are proven.
        writing: How its texts are folded.
        lead: Letters from the start that count as the lead.
        letters: Letters that make a word.
        size: How many terms there are, as written.
        slots: How many there are.
        literals: The patterns.
        terms: By pattern, the number of its term; ``VETO`` where it says nothing.
        senses: By pattern, what it speaks for.
        find: Returns the patterns in a folded text from left to right, the longest first where they overlap:
            (pattern, start, end).
        ends: By pattern, whether it must end with a word.
        shorter: By pattern, the one that is its beginning, and how much shorter that is; for where a word goes on.
    """

    def __init__(self, files: list[TermFile], topics: list[str]) -> None:
        """Compile.

        Args:
            files: The shipped one, then the operator's.
            topics: The catalogue's topics; slots go by their order.

        Raises:
            ValueError: A term is not well formed.
        """
        first = files[0]
        self.coverage = first.coverage
        self.writing = Writing(first)
        self.letters = first.letters_per_word
        self.lead = int(_LEAD_WORDS * first.letters_per_word)
        slots = {name: number for number, name in enumerate((*topics, *GENRES))}
        self.slots = len(slots)
        patterns: dict[Pattern, tuple[int, dict[int, int]]] = {}
        written = _senses(files, slots)
        self.size = len(written)
        for number, (term, senses) in enumerate(written.items()):
            for pattern in self.writing.patterns(term):
                _, known = patterns.setdefault(pattern, (number, {}))
                for slot, level in senses.items():
                    known[slot] = min(level, known.get(slot, level))
        chosen = _one_each(patterns)
        self.terms = [VETO if VETO in senses else number for _, (number, senses) in chosen]
        self.senses: list[Senses] = [tuple(senses.items()) for _, (_, senses) in chosen]
        self.ends = [not pattern.open for pattern, _ in chosen]
        self.literals = [pattern.literal for pattern, _ in chosen]
        self.shorter = _shorter(self.literals)
        self.find = ahocorasick_rs.AhoCorasick(
            self.literals,
            matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
            implementation=ahocorasick_rs.Implementation.ContiguousNFA,
            store_patterns=False,
        ).find_matches_as_indexes

    def word(self, text: str, start: int, end: int, pattern: int) -> tuple[int, int]:
        """Return where a pattern stands in the text itself, up to the end of its word.

        Args:
            text: The text, not folded.
            start: As found in the folded text.
            end: The same.
            pattern: Which.
        """
        if not self.writing.bounded:
            return start, end
        begin = start if self.literals[pattern].startswith(" ") else start - 1
        stop = end - 1
        if not self.ends[pattern]:
            while stop < len(text) and text[stop].isalnum():
                stop += 1
        return begin, stop


_LEAD_WORDS = 50


def _senses(files: list[TermFile], slots: dict[str, int]) -> dict[str, dict[int, int]]:
    """Return by term, as written, the slots it speaks for with the level; later files add and take away."""
    senses: dict[str, dict[int, int]] = {}
    for file in files:
        for term, slot, level in _written(file, slots):
            known = senses.setdefault(term, {})
            known[slot] = min(level, known.get(slot, level))
        for topic, levels in file.topics.items():
            for term in terms_of(levels.without):
                senses.get(term, {}).pop(slots[topic], None)
    return {term: found for term, found in senses.items() if found}


def _written(file: TermFile, slots: dict[str, int]) -> Iterator[tuple[str, int, int]]:
    for topic, levels in file.topics.items():
        for level, name in enumerate(LEVELS):
            for term in terms_of(getattr(levels, name)):
                yield term, slots[topic], level
    for term in terms_of(file.vetoes):
        yield term, VETO, STRONG
    for genre, lists in ((STATE, {"": file.state}), (NOISE, file.noise), (DOMESTIC, file.domestic)):
        for written in lists.values():
            for term in terms_of(written):
                yield term, slots[genre], STRONG


Compiled = list[tuple[Pattern, tuple[int, dict[int, int]]]]


def _one_each(patterns: dict[Pattern, tuple[int, dict[int, int]]]) -> Compiled:
    """Return the patterns, each literal once: where it stands for whole words and for beginnings, it is open."""
    best: dict[str, tuple[Pattern, tuple[int, dict[int, int]]]] = {}
    for pattern, (number, senses) in patterns.items():
        known = best.get(pattern.literal)
        if known is None:
            best[pattern.literal] = (pattern, (number, senses))
        else:
            merged = dict(senses)
            for slot, level in known[1][1].items():
                merged[slot] = min(level, merged.get(slot, level))
            best[pattern.literal] = (Pattern(pattern.literal, pattern.open or known[0].open), (known[1][0], merged))
    return list(best.values())


def _shorter(literals: list[str]) -> list[tuple[int, int] | None]:
    """Return for each literal the longest other one that it begins with: number, and letters less."""
    order = sorted(range(len(literals)), key=literals.__getitem__)
    found: list[tuple[int, int] | None] = [None] * len(literals)
    open_: list[int] = []
    for number in order:
        while open_ and not literals[number].startswith(literals[open_[-1]]):
            open_.pop()
        if open_:
            found[number] = (open_[-1], len(literals[number]) - len(literals[open_[-1]]))
        open_.append(number)
    return found


class Languages:
    """The term files of all languages; each is compiled when its first text comes."""

    def __init__(self, files: list[KnowledgeFile], topics: list[str]) -> None:
        """Take the files; the operator's are checked now, as the shipped are by our tests.

        Raises:
            ConfigError: A file of the operator is not of the form, or names a topic that is not in the catalogue.
        """
        self._topics = topics
        self._files: dict[str, list[KnowledgeFile]] = {}
        self._compiled: dict[str, Lexicon | None] = {}
        for file in files:
            self._files.setdefault(file.stem, []).append(file)
        for language in sorted({file.stem for file in files if file.overlay}):
            self.get(language)

    @property
    def codes(self) -> list[str]:
        """The languages there are files for."""
        return sorted(self._files)

    def get(self, language: str) -> Lexicon | None:
        """Return the terms of a language, None without a file for it.

        Raises:
            ConfigError: Its file is not of the form; says the fault.
        """
        code = _ALIASES.get(language, language)
        if code not in self._compiled:
            files = self._files.get(code)
            self._compiled[code] = self._compile(files) if files else None
        return self._compiled[code]

    def _compile(self, files: list[KnowledgeFile]) -> Lexicon:
        contents = [read_term_file(file) for file in files]
        for file, content in zip(files, contents, strict=True):
            for unknown in sorted(content.topics.keys() - set(self._topics)):
                raise mistake(file, f"no topic {unknown!r}; the catalogue has {', '.join(self._topics)}")
        try:
            return Lexicon(contents, self._topics)
        except ValueError as error:
            raise mistake(files[-1], str(error)) from error


_ALIASES = {"no": "nb", "nn": "nb", "bs": "hr", "sh": "hr", "me": "hr", "tl": "fil", "iw": "he", "in": "id"}
"""Other codes that texts of a language come under."""
