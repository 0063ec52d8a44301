"""First-level divisions of countries by their English names, from CLDR (npm package cldr-subdivisions-full)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "cldr-subdivisions-full@48.2.0"

# Countries whose divisions the news goes by. Of small countries CLDR lists municipalities and parishes.
_COUNTRIES = frozenset(
    "AE AF AL AM AO AR AT AU BA BD BE BF BG BJ BO BR BY CA CD CF CG CH CI CL CM CN CO CR CU DE DK DZ EC EG ER ES ET FI FR "
    "GB GE GH GN GR GT HN HR HT HU ID IE IN IQ IR IT JO JP KE KG KH KP KR KW KZ LB LK LR LY MA MD MG ML MM MN MR MW MX MY "
    "MZ NA NE NG NI NL NO NP NZ OM PA PE PG PH PK PL PS PT PY RO RS RU RW SA SD SE SL SN SO SS SV SY TD TH TJ TM TN TR TZ "
    "UA UG US UY UZ VE VN YE ZA ZM ZW".split()
)
_ORDINARY = frozenset(
    "Capital Center Central Centre Coast Down East Eastern Federal Highland Highlands Island Islands Lakes Littoral Lot "
    "Nord North Northern Peter Plateau Plateaux Rivers South Southern Sud Upper West Western".split()
)
_FURNITURE = re.compile(
    r"(?i)\s*(?:\(.*?\)|²|\b(?:province|region|governorate|state|oblast|prefecture|county|department|district|krai|raion|"
    r"voivodeship|republic|autonomous (?:community|region|okrug)|chartered community|municipality|capital city)\b)\s*"
)
_NOT_ONE_PLACE = re.compile(
    r" and |,|\d|/|-$|^(?:north|south|east|west|central|upper|lower|mid)[a-z]*(?: (?:north|south|east|west))?$",
    re.IGNORECASE,
)
_WEIGHT = 90
"""Divisions weigh as towns of 90,000: known at home and in English, elsewhere only beside their country."""
_SHORTEST = 4


def regions(package: Path) -> Iterator[tuple[str, str, int]]:
    """Yield name, country code and weight (thousands of inhabitants, as for cities).

    Args:
        package: The unpacked npm package.
    """
    content = json.loads((package / "subdivisions/en/en.json").read_bytes())
    divisions: dict[str, str] = content["subdivisions"]["localeDisplayNames"]["subdivisions"]
    for division, written in sorted(divisions.items()):
        code = division[:2].upper()
        if code not in _COUNTRIES or _NOT_ONE_PLACE.search(written):
            continue
        name = _FURNITURE.sub(" ", written).strip().replace("’", "'")
        if len(name) >= _SHORTEST and name not in _ORDINARY:
            yield name, code, _WEIGHT
