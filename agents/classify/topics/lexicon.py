"""The terms of a language, compiled into one automaton; a language is read when its first text comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import ahocorasick_rs

from agents.classify.topics.termfile import LEVELS, Pattern, TermFile, Writing, read_term_file, terms_of
from agents.knowledge import KnowledgeFile, mistake

STRONG, TERMS, SUPPORT = range(3)
"""Levels of a term of a topic."""
STATE, NOISE, DOMESTIC = "state", "noise", "domestic"
"""What is no topic: words of statecraft, genres that speak against, and domestic matters."""
GENRES = (STATE, NOISE, DOMESTIC)
VETO = -1
OPEN, CLOSED, SHORTER, PHRASE = range(4)
"""How a pattern ends: anywhere; with a word; with a word, or a shorter one stands there; as ``settle`` says."""

LEVEL_WEIGHTS = (2.0, 0.75, 0.4)
"""What a term of each level counts."""

Senses = tuple[tuple[int, int], ...]
"""What a term speaks for: slots (topics, then genres) with levels."""


class Spoken(NamedTuple):
    """The same, as it is added up.

    Attributes:
        weights: Slots with weights; a slot of terms that count beside others only is counted behind all slots.
        strong: Slots of topics that it says by itself.
        told: Whether it speaks for any topic.
    """

    weights: tuple[tuple[int, float], ...]
    strong: tuple[int, ...]
    told: bool


Entry = tuple[int, int, tuple[tuple[int, float], ...], tuple[int, ...], bool]
"""How a pattern ends, the number of its term (``VETO`` where it says nothing), and what that speaks for."""


def spoken(senses: Senses, slots: int) -> Spoken:
    """Return what a term speaks for as it is added up."""
    topics = slots - len(GENRES)
    return Spoken(
        weights=tuple((slot + slots if level == SUPPORT else slot, LEVEL_WEIGHTS[level]) for slot, level in senses),
        strong=tuple(slot for slot, level in senses if level == STRONG and slot < topics),
        told=any(slot < topics for slot, _ in senses),
    )


class Lexicon:
    """The terms of one language.

    Attributes:
        coverage: Whether its figures are proven.
        writing: How its texts are folded.
        lead: Letters from the start that count as the lead.
        head: Letters from the start that stand for a title where there is none.
        letters: Letters that make a word.
        size: How many terms there are, as written.
        slots: How many there are.
        literals: The patterns.
        senses: By pattern, what it speaks for.
        entries: The patterns as they are read, in one flat tuple each, as the reading has no time for more.
        phrases: By pattern, what may follow it, and the number of that entry; those are behind the patterns.
        find: Returns the patterns in a folded text from left to right, the longest first where they overlap:
            (pattern, start, end).
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
        self.head = int(_HEAD_WORDS * first.letters_per_word)
        slots = {name: number for number, name in enumerate((*topics, *GENRES))}
        self.slots = len(slots)
        written = _senses(files, slots)
        self.size = len(written)
        meanings: dict[Pattern, Meaning] = {}
        for number, (term, senses) in enumerate(written.items()):
            for pattern in self.writing.patterns(term):
                meanings.setdefault(pattern, Meaning(number, {})).add(senses)
        words, phrases = _by_literal(meanings)
        self.literals = list(dict.fromkeys((*words, *phrases)))
        self.phrases: dict[int, list[tuple[re.Pattern[str], int]]] = {}
        self.senses: list[Senses] = []
        self.entries: list[Entry] = []
        # Thousands of patterns share a few hundred meanings.
        self._known: dict[Senses, tuple[Senses, Spoken]] = {}
        self._shorter = _shorter(self.literals)
        for literal, less in zip(self.literals, self._shorter, strict=True):
            open_, meaning = words.get(literal, (False, None))
            ends = PHRASE if literal in phrases else OPEN if open_ else SHORTER if less else CLOSED
            self._add(ends, meaning)
        self._own = [words[literal][0] if literal in words else None for literal in self.literals]
        for number, literal in enumerate(self.literals):
            self.phrases[number] = [
                (re.compile("[^ ]*" + tail), self._add(OPEN, meaning)) for tail, meaning in phrases.get(literal, ())
            ]
        self.find = ahocorasick_rs.AhoCorasick(
            self.literals,
            matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
            implementation=ahocorasick_rs.Implementation.ContiguousNFA,
            store_patterns=False,
        ).find_matches_as_indexes

    def _add(self, ends: int, meaning: Meaning | None) -> int:
        """Add an entry, and return its number."""
        number, senses = (VETO, {}) if meaning is None else meaning
        said = tuple(senses.items())
        said, spoken_ = self._known.setdefault(said, (said, spoken(said, self.slots)))
        self.senses.append(said)
        self.entries.append((ends, VETO if VETO in senses else number, *spoken_))
        return len(self.entries) - 1

    def settle(self, folded: str, pattern: int, end: int) -> tuple[int, int] | None:
        """Return what stands where a pattern was found, and its end: the longest phrase, the word, a shorter one.

        Args:
            folded: The folded text.
            pattern: Which was found; the word may go on behind it.
            end: Where it ends.
        """
        while True:
            found = [
                (match.end(), number) for tail, number in self.phrases[pattern] if (match := tail.match(folded, end))
            ]
            if found:
                end, pattern = max(found)
                return pattern, end
            own = self._own[pattern]
            if own or (own is False and folded[end] == " "):
                return pattern, end
            less = self._shorter[pattern]
            if less is None:
                return None
            pattern, end = less[0], end - less[1]

    def literal(self, pattern: int) -> str:
        """Return how a pattern begins, as it stands in the file."""
        if pattern >= len(self.literals):
            pattern = next(n for n, tails in self.phrases.items() if any(entry == pattern for _, entry in tails))
        return self.literals[pattern].strip()

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
        phrase = pattern >= len(self.literals)
        begin = start if phrase or self.literals[pattern].startswith(" ") else start - 1
        stop = end - 1
        if not phrase:
            while stop < len(text) and text[stop].isalnum():
                stop += 1
        return begin, stop


_LEAD_WORDS = 50
_HEAD_WORDS = 20


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


class Meaning(NamedTuple):
    """The number of a term, and the slots it speaks for with the level."""

    number: int
    senses: dict[int, int]

    def add(self, senses: dict[int, int]) -> None:
        """Take over what another term of the same writing speaks for, the stronger level where both do."""
        for slot, level in senses.items():
            self.senses[slot] = min(level, self.senses.get(slot, level))


Words = dict[str, tuple[bool, Meaning]]
Phrases = dict[str, list[tuple[str, Meaning]]]


def _by_literal(meanings: dict[Pattern, Meaning]) -> tuple[Words, Phrases]:
    """Return patterns by what they begin with: single ones, open where any is; and tails of those that go on."""
    words: Words = {}
    phrases: Phrases = {}
    for pattern, meaning in meanings.items():
        if pattern.tail:
            phrases.setdefault(pattern.literal, []).append((pattern.tail, meaning))
        elif pattern.literal in words:
            open_, known = words[pattern.literal]
            known.add(meaning.senses)
            words[pattern.literal] = (open_ or pattern.open, known)
        else:
            words[pattern.literal] = (pattern.open, meaning)
    return words, phrases


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
