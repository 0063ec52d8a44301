"""One file of terms: its form, and how a term that is written in it becomes the patterns that are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Literal

from msgspec import Struct

from agents.classify.topics.fold import Pairs, fold
from agents.knowledge import KnowledgeFile, mistake, parse_yaml

Level = Literal["strong", "terms", "support"]
LEVELS: tuple[Level, ...] = ("strong", "terms", "support")
_CHOICE = re.compile(r"\(([^()]*)\)")
_PATTERNS_MAX = 400


class Levels(Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of one topic, each list in one string, separated by commas."""

    strong: str = ""
    """Says the topic by itself."""
    terms: str = ""
    """Says it beside others."""
    support: str = ""
    """Counts only where the topic has other terms."""
    without: str = ""
    """Shipped terms that the operator takes out."""


class TermFile(Struct, frozen=True, forbid_unknown_fields=True):
    """``terms/<language>.yaml``; docs/adding-a-topic.md explains it."""

    language: str
    coverage: Literal["proven", "experimental"] = "experimental"
    boundary: Literal["word", "none"] = "word"
    letters_per_word: float = 6.0
    """Letters, spaces included, that make a word: what lengths of texts are compared by."""
    plurals: tuple[str, ...] = ()
    """Endings that every term may take."""
    inner: tuple[str, ...] = ()
    """Endings in place of a ``+``."""
    prefixes: tuple[str, ...] = ()
    """What may be written together with a word, in front of it."""
    fold: str = ""
    """Pairs of letters: the first is read as the second."""
    topics: dict[str, Levels] = {}
    vetoes: str = ""
    """Phrases in which no term counts."""
    state: str = ""
    """Words of statecraft: who acts, not what about."""
    noise: dict[str, str] = {}
    """By genre, what speaks against the item being geopolitical."""
    domestic: dict[str, str] = {}
    """The same, for matters that are geopolitical only beside others: crime, accidents, business, weather."""


def read_term_file(file: KnowledgeFile) -> TermFile:
    """Read a file of terms.

    Raises:
        ConfigError: It is not of the form; says the fault.
    """
    content = parse_yaml(file, TermFile)
    if content.language != file.stem:
        fault = f"says language {content.language!r}; the file's name says {file.stem!r}"
        raise mistake(file, fault, at="language:")
    if any(len(pair) != 2 for pair in content.fold.split()):  # noqa: PLR2004 - one letter and another
        raise mistake(file, f"fold must be pairs of letters, as in 'ёе'; found {content.fold!r}", at="fold:")
    return content


def terms_of(written: str) -> list[str]:
    """Split a list of terms."""
    return [" ".join(term) for part in written.split(",") if (term := part.split())]


class Pattern(Struct, frozen=True):
    """What is looked for in folded text.

    Attributes:
        literal: How it begins.
        open: Whether the word may go on.
        tail: Regular expression of what must follow, if the word goes on and others come after it.
    """

    literal: str
    open: bool
    tail: str = ""


class Writing:
    """How the terms of a language stand in text."""

    def __init__(self, file: TermFile) -> None:
        """Take over what the file says of endings, prefixes and letters."""
        self.pairs: Pairs = [(pair[0], pair[1]) for pair in file.fold.split()]
        self.bounded = file.boundary == "word"
        self._plurals = ("", *file.plurals)
        self._inner = ("", *file.inner)
        self._prefixes = ("", *file.prefixes)

    def fold(self, text: str) -> str:
        """Return a text as patterns are compared to it; with a space on either side where words have ends."""
        folded = fold(text, self.pairs)
        return f" {folded} " if self.bounded else folded

    def patterns(self, term: str) -> Iterator[Pattern]:
        """Yield the patterns of a term.

        Raises:
            ValueError: It has no letters, or too many forms.
        """
        forms = list(self._forms(term))
        if len(forms) > _PATTERNS_MAX:
            raise ValueError(f"term {term!r} stands for {len(forms)} forms; at most {_PATTERNS_MAX} are allowed")
        for form in forms:
            words = form.split()
            first = next((number for number, word in enumerate(words) if word.endswith("*")), len(words) - 1)
            head, tail = " ".join(words[: first + 1]), self._tail(words[first + 1 :])
            literal = self._literal(head, term)
            if not self.bounded:
                if tail:
                    raise ValueError(f"term {term!r}: there are no words here that an asterisk could end")
                yield Pattern(literal, open=True)
                continue
            starts = ("",) if head.startswith("*") else tuple(f" {prefix}" for prefix in self._prefixes)
            endings = ("",) if head.endswith("*") else self._plurals
            for start, ending in product(starts, endings):
                yield Pattern(f"{start}{literal}{ending}", open=head.endswith("*"), tail=tail)

    def _literal(self, written: str, term: str) -> str:
        literal = fold(written.strip("*"), self.pairs).strip()
        if not literal or "*" in written.strip("*"):
            raise ValueError(f"term {term!r}: an asterisk stands at the end of a word, or before the first")
        return literal

    def _tail(self, words: list[str]) -> str:
        """Return the regular expression of words that follow one with an asterisk."""
        endings = "|".join(map(re.escape, self._plurals))
        expressions = [
            re.escape(self._literal(word, word)) + ("[^ ]*" if word.endswith("*") else f"(?:{endings})(?= )")
            for word in words
        ]
        return "".join(f" {expression}" for expression in expressions)

    def _forms(self, term: str) -> Iterator[str]:
        """Yield a term with every choice made: ``(a|b)`` is a or b, ``+`` any of the file's inner endings."""
        parts: list[tuple[str, ...]] = []
        end = 0
        for choice in _CHOICE.finditer(term):
            parts += [self._plain(term[end : choice.start()]), tuple(choice[1].split("|"))]
            end = choice.end()
        parts.append(self._plain(term[end:]))
        for chosen in product(*parts):
            yield "".join(chosen)

    def _plain(self, text: str) -> tuple[str, ...]:
        first, *rest = text.split("+")
        found = [first]
        for piece in rest:
            found = [f"{start}{ending}{piece}" for start in found for ending in self._inner]
        return tuple(found)
