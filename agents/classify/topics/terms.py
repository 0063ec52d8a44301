"""The terms of the topics: read, checked, merged with the operator's, compiled into one automaton per language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import ahocorasick_rs
from msgspec import Struct

from agents.knowledge import KnowledgeFile, parse_yaml
from schemas.errors import ConfigError

Level = Literal["strong", "terms", "support", "veto", "noise"]
_LEVELS: tuple[Level, ...] = ("strong", "terms", "support")
_TOPIC = re.compile(r"[a-z][a-z_]*|x-[a-z0-9][a-z0-9-]*")
_LETTER = re.compile(r"[^\W_]")


class CatalogueEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One topic of ``catalogue.yaml``."""

    medtop: str | None = None
    plover: tuple[str, ...] = ()
    cameo: tuple[str, ...] = ()
    means: str = ""


class _Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    topics: dict[str, CatalogueEntry]


class _Levels(Struct, frozen=True, forbid_unknown_fields=True):
    strong: str = ""
    terms: str = ""
    support: str = ""
    without: str = ""
    """Shipped terms that the operator takes out."""


class _TermFile(Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    coverage: Literal["proven", "experimental"] = "experimental"
    boundary: Literal["word", "none"] = "word"
    plurals: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    topics: dict[str, _Levels] = {}
    vetoes: str = ""
    noise: dict[str, str] = {}


class Sense(Struct, frozen=True):
    """What a term speaks for: a topic at a level, a genre of noise, or nothing (a veto)."""

    level: Level
    topic: str
    term: str


class Hit(Struct, frozen=True):
    """A term that stands in a text."""

    start: int
    end: int
    senses: tuple[Sense, ...]


class Terms:
    """The terms of one language."""

    def __init__(self, senses: dict[str, tuple[Sense, ...]], file: _TermFile) -> None:
        """Compile.

        Args:
            senses: Term, as written in the file, to what it speaks for.
            file: The language's settings.
        """
        self.coverage = file.coverage
        self._bounded = file.boundary == "word"
        self._prefixes = tuple(prefix.casefold() for prefix in file.prefixes)
        endings = "|".join(sorted(map(re.escape, file.plurals), key=len, reverse=True))
        self._ending = re.compile(f"(?:{endings})?(?![^\\W_])" if endings else r"(?![^\W_])")
        entries: dict[str, list[tuple[bool, tuple[Sense, ...]]]] = {}
        for term, spoken in senses.items():
            literal = fold(term.rstrip("*").replace("_", " "))
            entries.setdefault(literal, []).append((term.endswith("*"), spoken))
        self._entries = list(entries.values())
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(entries), implementation=ahocorasick_rs.Implementation.ContiguousNFA, store_patterns=False
        )

    def find(self, folded: str) -> list[Hit]:
        """Return the terms in a folded text from left to right, the longest first where they overlap."""
        found = list(self._all(folded))
        found.sort(key=lambda hit: (hit.start, -hit.end))
        kept: list[Hit] = []
        end = 0
        for hit in found:
            if kept and (hit.start, hit.end) == (kept[-1].start, kept[-1].end):
                kept[-1] = Hit(hit.start, hit.end, (*kept[-1].senses, *hit.senses))
            elif hit.start >= end:
                kept.append(hit)
                end = hit.end
        return kept

    def _all(self, folded: str) -> Iterator[Hit]:
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if self._bounded and start and _LETTER.match(folded, start - 1) and not self._prefixed(folded, start):
                continue
            for open_ended, senses in self._entries[index]:
                if not self._bounded or open_ended:
                    yield Hit(start, end, senses)
                elif (ending := self._ending.match(folded, end)) is not None:
                    yield Hit(start, ending.end(), senses)

    def _prefixed(self, folded: str, start: int) -> bool:
        return any(
            folded.startswith(prefix, start - len(prefix))
            and (start == len(prefix) or not _LETTER.match(folded, start - len(prefix) - 1))
            for prefix in self._prefixes
        )


_MARKS = str.maketrans("’‘`´‐‑ـ", "''''--\u200b")


def fold(text: str) -> str:
    """Return a text in small letters, apostrophes and hyphens made one, of the same length."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.translate(_MARKS)


def read_catalogue(files: list[KnowledgeFile]) -> dict[str, CatalogueEntry]:
    """Read the topics, the operator's ``x-…`` ones behind the shipped.

    Raises:
        ConfigError: A file is not of the form, or an operator's topic lacks its ``x-``.
    """
    topics: dict[str, CatalogueEntry] = {}
    for file in files:
        if file.stem != "catalogue":
            continue
        for id_, entry in parse_yaml(file, _Catalogue).topics.items():
            if not _TOPIC.fullmatch(id_) or (file.overlay and id_ not in topics and not id_.startswith("x-")):
                raise ConfigError(f"{file.shown}: {id_!r} is no topic id; an operator's own is written x-name")
            topics[id_] = entry
    return topics


def read_terms(files: list[KnowledgeFile], topics: dict[str, CatalogueEntry]) -> dict[str, Terms]:
    """Read and compile the terms of every language.

    Raises:
        ConfigError: A file is not of the form, or names a topic that is not in the catalogue.
    """
    merged: dict[str, tuple[_TermFile, dict[str, dict[Sense, None]]]] = {}
    for file in files:
        content = parse_yaml(file, _TermFile)
        unknown = content.topics.keys() - topics.keys()
        if unknown:
            raise ConfigError(
                f"{file.shown}: no topic {', '.join(sorted(unknown))}; the catalogue has {', '.join(topics)}"
            )
        _, senses = merged.setdefault(content.language, (content, {}))
        for term, sense in _senses(content):
            senses.setdefault(term, {})[sense] = None
        for topic, levels in content.topics.items():
            for term in _split(levels.without):
                senses[term] = {sense: None for sense in senses.get(term, {}) if sense.topic != topic}
    return {
        language: Terms({term: tuple(found) for term, found in senses.items() if found}, first)
        for language, (first, senses) in merged.items()
    }


def _senses(file: _TermFile) -> Iterator[tuple[str, Sense]]:
    for topic, levels in file.topics.items():
        for level in _LEVELS:
            for term in _split(getattr(levels, level)):
                yield term, Sense(level, topic, term)
    for term in _split(file.vetoes):
        yield term, Sense("veto", "", term)
    for genre, terms in file.noise.items():
        for term in _split(terms):
            yield term, Sense("noise", genre, term)


def _split(written: str) -> list[str]:
    return [term for part in written.split(",") if (term := part.strip())]
