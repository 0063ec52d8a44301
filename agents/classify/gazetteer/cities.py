"""Which country a city's name stands for: Paris, Texas, and a hundred San Josés."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agents.classify.gazetteer.languages import Grammar

Places = Sequence[tuple[str, int]]
"""Countries with a city of the name, and its inhabitants in thousands; the greatest first."""

_ALONE = 700
_ALONE_AT_HOME = 60
_SUPPORTED = 30
_DOMINANT = 6
_ENGLISH_HOMES = frozenset({"US", "GB", "CA", "AU", "NZ", "IE"})


def supported(places: Places, named: Collection[str]) -> str | None:
    """Return the first country with a city of some size that is named otherwise."""
    for code, size in places:
        if code in named and size >= _SUPPORTED:
            return code
    return None


def alone(places: Places, languages: Mapping[str, Sequence[str]], rules: Grammar) -> str | None:
    """Return the only country that has a large city of a name, or in whose language the item is: smaller will do.

    Args:
        places: Where there are cities of the name.
        languages: The official languages of countries.
        rules: The item's language.
    """
    if not rules.latin:
        return _dominant(places, places, _ALONE)
    home = [p for p in places if _at_home(p[0], languages, rules.code)]
    return _dominant(home, places, _ALONE_AT_HOME) or _dominant(places, places, _ALONE)


def _at_home(code: str, languages: Mapping[str, Sequence[str]], language: str) -> bool:
    return code in _ENGLISH_HOMES if language == "en" else language in languages.get(code, ())


def _dominant(candidates: Places, places: Places, least: int) -> str | None:
    if not candidates:
        return None
    code, size = candidates[0]
    rival = max((other for land, other in places if land != code), default=0)
    return code if size >= least and size >= _DOMINANT * rival else None
