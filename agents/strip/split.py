"""Where a headline ends that the next sentence follows without a break."""

from __future__ import annotations

import re

from agents.strip.headline import is_headline, is_sentence
from agents.strip.signs import QUOTES_CLOSING, QUOTES_OPENING

_SHORTEST = 20
_TITLE_WORDS = 4
_MOSTLY = 0.75
_LOWER_RUN = 3
_BOUNDARY = re.compile(rf"(?<=[\w?!%){re.escape(QUOTES_CLOSING)}])\s+(?=[{re.escape(QUOTES_OPENING)}]?[^\W\d_])")
_WORDS = re.compile(r"\S+")


def split_headline(text: str, openers: frozenset[str]) -> int | None:
    """Return the offset behind the headline, or None where nothing tells it from the sentence that follows.

    What tells: a capitalised word that opens sentences only (``openers``, folded), a word said twice, a quotation's
    or question's end in a headline that is not in title case, the end of a run of capitalised words.
    """
    if not is_sentence(text):
        return None
    for boundary in _BOUNDARY.finditer(text, _SHORTEST):
        before = text[: boundary.start()]
        last = before.rsplit(None, 1)[-1]
        following = text[boundary.end() :].split(None, 1)[0].strip(QUOTES_OPENING + ",")
        if not following[:1].isupper():
            continue
        opens = following.casefold() in openers or last.strip(QUOTES_CLOSING + ",") == following
        closes = last[-1] in QUOTES_CLOSING + "?!" and not _is_title_case(before)
        if (opens or closes) and is_headline(before):
            return boundary.start()
    return _end_of_title_case(text)


def _is_title_case(text: str) -> bool:
    words = [word for word in text.split() if word[0].isalpha()]
    return sum(word[0].isupper() for word in words) > len(words) / 2


def _end_of_title_case(text: str) -> int | None:
    """Return where a run of capitalised words ends, before the capitalised word that opens the sentence."""
    words = list(_WORDS.finditer(text))
    lower = [word[0][:1].islower() for word in words]
    for number in range(_TITLE_WORDS + 1, len(words) - _LOWER_RUN + 1):
        if not all(lower[number : number + _LOWER_RUN]):
            continue
        head = number - 1
        end = words[head - 1].end()
        capitals = head - sum(lower[:head])
        return end if capitals >= _MOSTLY * head and is_headline(text[:end]) else None
    return None
