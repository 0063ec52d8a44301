"""What a headline looks like, and what a sentence: the cues that need no lexicon."""

from __future__ import annotations

import re

from agents.strip.signs import BRACKETS_CLOSING, FULL_STOPS, NEVER_LAST, QUOTES_CLOSING, QUOTES_OPENING, SENTENCE_ENDS

_CLOSERS = QUOTES_CLOSING + BRACKETS_CLOSING + " \t"
_SHORTEST, _LONGEST = 10, 230
_SHORTEST_DENSE = 6
"""Scripts without blanks say in six characters what others say in twenty."""

# A stop inside: a sentence has ended there, unless what stands before is an abbreviation or an initial.
_INNER_STOP = re.compile(
    rf"([^\s.]+)[{FULL_STOPS}][{re.escape(QUOTES_CLOSING)})]*\s+(?=[^\W_a-z]|[{re.escape(QUOTES_OPENING)}])"
    r"|。[”’」』]*(?=\S)"
)
_ABBREVIATION = 4
_ABBREVIATED = ("..", "U.S.", "U.K.", "U.N.", "Jr.", "Sr.", "Inc.", "Co.", "Ltd.", "Corp.")
_SHORT_WORDS = frozenset(
    {"vs", "v", "mr", "mrs", "ms", "dr", "st", "prof", "gen", "sen", "rep", "gov", "no", "nr", "ca"}
)
_WORD = re.compile(r"\w+")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff]")
_STOPLESS = re.compile(r"[\u0e00-\u0eff\u1780-\u17d2]")
_LONGEST_STOPLESS = 110
_SENTENCE_WORDS = 4
_TITLE_WORDS = 5
_MOSTLY = 0.75


def is_headline(text: str) -> bool:
    """Say whether a line or part of a line could be a headline: one phrase that no full stop closes."""
    text = text.strip()
    if len(text) > _LONGEST:
        return False
    dense = _DENSE.search(text) is not None
    if not (_SHORTEST_DENSE if dense else _SHORTEST) <= len(text) <= _LONGEST:
        return False
    if ends_sentence(text) or inner_stop(text) is not None or (len(text) > _LONGEST_STOPLESS and is_stopless(text)):
        return False
    return dense or len(_WORD.findall(text)) > 1


def is_stopless(text: str) -> bool:
    """Say whether a text is in a script that closes no sentence with a sign: Thai, Lao, Khmer."""
    return _STOPLESS.search(text) is not None


def opens_like_headline(text: str) -> bool:
    """Say whether the first letter could open a headline: a capital, a digit, a script without case, iPhone."""
    first = next((position for position, character in enumerate(text) if character.isalnum()), None)
    return first is not None and (not text[first].islower() or text[first + 1 : first + 2].isupper())


def ends_sentence(text: str) -> bool:
    """Say whether the text ends with a full stop, or another sign that no headline ends with."""
    core = text.rstrip(_CLOSERS)
    return core != "" and core[-1] in NEVER_LAST and not core.endswith(_ABBREVIATED)


def inner_stop(text: str) -> int | None:
    """Return where the first sentence inside ends, or None where there is but one."""
    for stop in _INNER_STOP.finditer(text):
        word = stop[1]
        if word is None or not (word in _SHORT_WORDS or (len(word) <= _ABBREVIATION and word[:1].isupper())):
            return stop.end()
    return None


def is_sentence(text: str) -> bool:
    """Say whether this is running text: four words or more, closed by a sentence's sign."""
    core = text.strip().rstrip(_CLOSERS)
    if not core or core[-1] not in SENTENCE_ENDS:
        return False
    return _DENSE.search(core) is not None or len(_WORD.findall(core)) >= _SENTENCE_WORDS


def is_closed_title(text: str) -> bool:
    """Say whether a text is in title case, one phrase closed by a full stop."""
    core = text.strip().rstrip(FULL_STOPS + "–—- ")
    words = [word for word in core.split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return len(words) >= _TITLE_WORDS and capitals >= _MOSTLY * len(words) and is_headline(core)
