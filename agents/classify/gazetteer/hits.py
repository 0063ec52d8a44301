"""The names that stand in a text: the longest where they overlap, without those that are something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.lexicon import Hit, Lexicon, Meaning, Span

_PLACE = itemgetter(0, 1)
_WORDS = re.compile(r"[^\W\d_]+")
_HEAD = 400
_GLANCE = 60
_UPPER_LETTERS_LEAST = 12
_UPPER_SHARE = 0.8
_SMALL = re.compile(r"[a-zà-ÿα-ωа-яё]{4}")


def hits(text: str, rules: Grammar, lexicons: Sequence[Lexicon]) -> list[Hit]:
    """Return names from left to right, the longest first where they overlap.

    Args:
        text: Title or text of an item.
        rules: How its language bounds and inflects words.
        lexicons: The names of its language, then those of all languages.
    """
    # Names stand across the line breaks of hard-wrapped copy, too.
    text = text.replace("\n", " ")
    found = _found(text, rules, lexicons)
    if _shouted(text):
        found += _found(_as_written(text), rules, lexicons)
    if not found:
        return []
    found.sort(key=_PLACE)
    kept: list[tuple[int, int, tuple[Meaning, ...]]] = []
    start = end = 0
    for begin, minus_end, _, meanings in found:
        if begin >= end:
            start, end = begin, -minus_end
            kept.append((start, end, meanings))
        elif begin == start and -minus_end == end:
            kept[-1] = (start, end, _together(kept[-1][2], meanings))
    return [Hit(start, end, meanings) for start, end, meanings in kept if meanings[0].kind != "block"]


def _together(one: tuple[Meaning, ...], other: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
    return other + one if other[0].kind == "block" else one + other


def _found(text: str, rules: Grammar, lexicons: Sequence[Lexicon]) -> list[Span]:
    own, *common = lexicons
    found = own.find(text, rules)
    dropped = own.dropped
    for lexicon in common:
        spans = lexicon.find(text, rules)
        found += [span for span in spans if text[span[0] : -span[1]] not in dropped] if dropped else spans
    return found


def _shouted(text: str) -> bool:
    """Say whether a text is in capitals, as old agency copy is, or some headlines."""
    if _SMALL.search(text, 0, _GLANCE) is not None:
        return False
    letters = [c for c in text[:_HEAD] if c.isalpha()]
    upper = sum(c.isupper() for c in letters)
    return len(letters) >= _UPPER_LETTERS_LEAST and upper >= _UPPER_SHARE * len(letters)


def _as_written(text: str) -> str:
    """Return a text in capitals with only the first letter of each word as one, of the same length."""
    return _WORDS.sub(lambda word: word[0][0] + _lower(word[0][1:]), text)


def _lower(letters: str) -> str:
    lowered = letters.lower()
    return lowered if len(lowered) == len(letters) else letters
