"""How names stand in running text, per language: case endings, clitics, word boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from agents.knowledge import KnowledgeFile, mistake, parse_yaml

OPEN = "open"
_LONGEST_ENDING = 7
_LEAST_STEM = 3
LATIN_BEFORE = "\u0370"
"""The first letter of another script than the Latin one."""

# What continues a word: letters, digits and the vowel signs of scripts that write them as marks. The danda and the
# digits of the Indic block are none, but no name is followed by one without a space.
WORD = (
    r"[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670\u0900-\u0963\u0966-\u109f\u135d-\u135f\u17b4-\u17d3"
    r"\u200c\u200d]"
)
_WORD_END = rf"(?!{WORD})"


class LanguageRules(Struct, frozen=True, forbid_unknown_fields=True):
    """One language of ``rules/languages.yaml``, which explains the fields."""

    endings: tuple[str, ...] | str = ()
    strip: tuple[str, ...] = ()
    adjective: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    boundary: str = "word"
    nouns: str = "proper"
    home: str = ""
    joined: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()


class Grammar(Struct, frozen=True):
    """A language's rules, ready to match with.

    Attributes:
        code: The language.
        bounded: Whether words are separated by spaces.
        exact: Matches at the end of a word.
        inflected: Matches an ending the language knows, or none, up to the end of the word.
        adjective: Matches an ending of adjectives, or none, up to the end of the word.
        open: Matches up to seven more letters, up to the end of the word.
        prefix: Matches what may stand before a name within its word; None where nothing may.
        ending: Source of ``inflected`` without the end of the word, for names of several words.
        strip: Endings of the dictionary form that give way to others.
        capital_nouns: Whether every noun has a capital.
        home: Country where nearly all news in the language is from.
        latin: Whether it is written in the Latin script.
        joined: Matches what stands between two names that make one party: "Britain and the", "France, ".
        quoted: Matches the beginning of who said it, at the end of a sentence: ", officials said".
    """

    code: str
    bounded: bool
    exact: re.Pattern[str]
    inflected: re.Pattern[str]
    adjective: re.Pattern[str]
    open: re.Pattern[str]
    prefix: re.Pattern[str] | None
    ending: str
    strip: tuple[str, ...]
    capital_nouns: bool
    home: str
    latin: bool
    joined: re.Pattern[str]
    quoted: re.Pattern[str] | None

    @property
    def inflects(self) -> bool:
        """Whether a name can change its ending."""
        return self.ending != "" or self.strip != ()

    def stem(self, word: str) -> str:
        """Return the part of a word that its case forms share."""
        for ending in self.strip:
            if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
                return word.removesuffix(ending)
        return word


def read_languages(files: list[KnowledgeFile]) -> dict[str, LanguageRules]:
    """Read the rules of all languages; the operator's file replaces whole languages.

    Raises:
        ConfigError: A file is not of the form, or names a kind of boundary or ending that does not exist.
    """
    rules: dict[str, LanguageRules] = {}
    for file in files:
        if file.stem != "languages":
            continue
        for code, rule in parse_yaml(file, dict[str, LanguageRules]).items():
            if isinstance(rule.endings, str) and rule.endings != OPEN:
                fault = f"{code}.endings must be a list or `{OPEN}`, found {rule.endings!r}"
                raise mistake(file, fault, at=f"{code}:")
            if rule.boundary not in {"word", "none"} or rule.nouns not in {"proper", "capital"}:
                fault = f"{code}: boundary is `none` or left out, nouns `capital` or left out"
                raise mistake(file, fault, at=f"{code}:")
            rules[code] = rule
    return rules


def grammar(code: str, rules: LanguageRules | None, sample: str = "") -> Grammar:
    """Compile a language's rules; languages without rules are matched by whole words.

    Args:
        code: The language.
        rules: Its rules.
        sample: A word of it, which shows its script.
    """
    rules = rules or LanguageRules()
    bounded = rules.boundary == "word"
    end = _WORD_END if bounded else ""
    letters = rf"(?:{WORD}){{0,{_LONGEST_ENDING}}}"
    ending = letters if rules.endings == OPEN else _one_of(rules.endings)
    return Grammar(
        code=code,
        bounded=bounded,
        exact=re.compile(end),
        inflected=re.compile(ending + end),
        adjective=re.compile(_one_of(rules.adjective) + end),
        open=re.compile(letters + end),
        prefix=re.compile("|".join(map(re.escape, sorted(rules.prefixes)))) if rules.prefixes else None,
        ending=ending,
        strip=rules.strip,
        capital_nouns=rules.nouns == "capital",
        home=rules.home,
        latin=sample[:1] < LATIN_BEFORE,
        joined=_joined(rules.joined),
        quoted=_quoted(rules.quoted),
    )


def _one_of(endings: Iterable[str]) -> str:
    """Return a pattern of one of the endings, the longest first, or none."""
    longest_first = sorted(set(endings), key=lambda e: (-len(e), e))
    return f"(?:{'|'.join(map(re.escape, longest_first))})?" if longest_first else ""


def _joined(words: tuple[str, ...]) -> re.Pattern[str]:
    """Match a comma, a dash or a word like "and", with at most two short words around: "… and the", "…'s and"."""
    written = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    word = rf"|\s*(?:['’]s\s)?(?:\w+\s){{0,2}}(?:{written})\s*" if written else ""
    return re.compile(rf"(?:\s*[,、،，/&–—-]{word})+\s*(?:\w{{1,3}}['’\s]\s*)?")


def _quoted(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Match the last clause of a sentence that has one of the words: ", the Peruvian embassy said on Tuesday"."""
    if not words:
        return None
    written = "|".join(map(re.escape, words))
    return re.compile(rf",\s[^,]*\b(?:{written})\b[^,]*$")
