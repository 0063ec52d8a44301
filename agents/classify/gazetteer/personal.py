"""Names of people that are names of places, too: Michael Jordan, Senator Lincoln, Austin Powers."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

_BEFORE = re.compile(r"([A-ZÀ-Þ][\w’'-]*)(\.)? $")
_AFTER = re.compile(r" [A-ZÀ-Þ][a-zà-ÿ]")
_LOOK_BACK = 16
_SHORTEST = 2
_OPENING = frozenset(
    "In At From Near The To And But On For By With Of As When While After Before Since Until Across Around "
    "Outside Inside Between Beyond Over Under Through Throughout Toward Towards Is Was If This That These Those "
    "Both Like Unlike Despite Why How What Where Who Even Only Also Meanwhile Today Now Downtown Greater Central "
    "North South East West Northern Southern Eastern Western New Old Inner Outer Upper Lower Fort Port Lake Mount "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August "
    "September October November December Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Former Ex Post Pre Mid "
    "Visit Leave Reach En El La Los Las De Del Desde Hasta Para Por Con Le Les À Au Aux Dans Du Des Sur Il Lo Gli "
    "Da Dal Di Em No Na Do Ao W We Z Ze V Ve Od".split()
)
"""Words that stand before a place with a capital letter, at the beginning of a sentence or in a headline."""


def is_surname(text: str, start: int, given: AbstractSet[str], *, any_name: bool) -> bool:
    """Say whether a given name or an initial stands before a name: it is a person's.

    Args:
        text: The text.
        start: Where the name stands.
        given: Names that people are given.
        any_name: Whether any word with a capital is taken for a given name.
    """
    if start < _SHORTEST or text[start - 1] != " ":
        return False
    # Most names stand behind a word with a small letter: that is seen faster than matched.
    first = text[text.rfind(" ", 0, start - 1) + 1]
    if first.isalnum() and not first.isupper():
        return False
    before = _BEFORE.search(text, max(0, start - _LOOK_BACK), start)
    if before is None:
        return False
    word = before[1]
    if before[2]:
        return len(word) == 1
    return word in given or (any_name and len(word) > 1 and word not in _OPENING and not word.isupper())


def followed(text: str, end: int) -> bool:
    """Say whether another word with a capital follows: a given name, or part of a longer name."""
    return _AFTER.match(text, end) is not None
