"""The names that stand in a text: the longest where they overlap, without those that are something else."""

from __future__ import annotations

import re

from agents.classify.gazetteer.languages import Grammar
from agents.classify.gazetteer.lexicon import Hit, Lexicon

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
    found = _found(text, rules, lexicon, common)
    if _shouted(text):
        found += _found(_as_written(text), rules, lexicon, common)
    found.sort(key=_place)
    kept: list[Hit] = []
    end = 0
    for hit in found:
        if kept and hit.start == kept[-1].start and hit.end == kept[-1].end:
            kept[-1] = Hit(hit.start, hit.end, (*kept[-1].meanings, *hit.meanings))
        elif hit.start >= end:
            kept.append(hit)
            end = hit.end
    return [hit for hit in kept if hit.meanings[0].kind != "block" and not _blocked(hit)]


def _found(text: str, rules: Grammar, lexicon: Lexicon, common: Lexicon) -> list[Hit]:
    found = common.find(text, rules)
    if lexicon.dropped:
        found = [hit for hit in found if text[hit.start : hit.end] not in lexicon.dropped]
    return found + lexicon.find(text, rules)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


def _blocked(hit: Hit) -> bool:
    return len(hit.meanings) > 1 and any(meaning.kind == "block" for meaning in hit.meanings)


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
