"""The names that stand in a text: the longest where they overlap, without those that are something else."""

from __future__ import annotations

import re
from operator import attrgetter

from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.lexicon import Hit, Lexicon

_start, _end = attrgetter("start"), attrgetter("end")
_WORDS = re.compile(r"[^\W\d_]+")
_HEAD = 400
_GLANCE = 60
_UPPER_LETTERS_LEAST = 12
_UPPER_SHARE = 0.8
_FEW_SMALL = 6


def hits(text: str, rules: Grammar, lexicon: Lexicon, common: Lexicon) -> list[Hit]:
    """Return names from left to right, the longest first where they overlap.

    Args:
        text: Title or text of an item.
        rules: How its language bounds and inflects words.
        lexicon: The names of its language.
        common: The names of all languages.
    """
    # Names stand across the line breaks of hard-wrapped copy, too.
    text = text.replace("\n", " ")
    found = _found(text, rules, lexicon, common)
    if _shouted(text):
        found += _found(_as_written(text), rules, lexicon, common)
    if len(found) > 1:
        found.sort(key=_end, reverse=True)
        found.sort(key=_start)
    kept: list[Hit] = []
    start = end = 0
    for hit in found:
        if hit.start >= end:
            kept.append(hit)
            start, end = hit.start, hit.end
        elif hit.start == start and hit.end == end:
            kept[-1] = Hit(start, end, kept[-1].meanings + hit.meanings)
    return [hit for hit in kept if not any(meaning.kind == "block" for meaning in hit.meanings)]


def _found(text: str, rules: Grammar, lexicon: Lexicon, common: Lexicon) -> list[Hit]:
    found = common.find(text, rules)
    if lexicon.dropped:
        found = [hit for hit in found if text[hit.start : hit.end] not in lexicon.dropped]
    return found + lexicon.find(text, rules)


def _shouted(text: str) -> bool:
    """Say whether a text is in capitals, as old agency copy is, or some headlines."""
    glance = text[:_GLANCE]
    small = sum(map(str.islower, glance))
    if small > _FEW_SMALL or glance.lower() == glance:
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
