"""What languages call capitals and large cities, from CLDR's example cities of time zones (through Babel)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from babel import Locale
from babel.core import get_global

from gazetteer.territories import LANGUAGES, clean, locales

_CAPITALS = frozenset(
    "Africa/Accra Africa/Addis_Ababa Africa/Algiers Africa/Asmera Africa/Bamako Africa/Bangui Africa/Banjul Africa/Bissau "
    "Africa/Brazzaville Africa/Bujumbura Africa/Cairo Africa/Conakry Africa/Dakar Africa/Freetown Africa/Gaborone "
    "Africa/Harare Africa/Juba Africa/Kampala Africa/Khartoum Africa/Kigali Africa/Kinshasa Africa/Libreville Africa/Luanda "
    "Africa/Lusaka Africa/Malabo Africa/Maputo Africa/Mogadishu Africa/Monrovia Africa/Nairobi Africa/Ndjamena Africa/Niamey "
    "Africa/Nouakchott Africa/Ouagadougou Africa/Tripoli Africa/Tunis Africa/Windhoek Africa/Abidjan America/Buenos_Aires "
    "America/Asuncion America/Bogota America/Caracas America/Havana America/La_Paz America/Managua America/Mexico_City "
    "America/Montevideo America/Paramaribo America/Port-au-Prince America/Santo_Domingo America/Tegucigalpa Asia/Amman "
    "Asia/Ashgabat Asia/Baghdad Asia/Baku Asia/Bangkok Asia/Beirut Asia/Bishkek Asia/Colombo Asia/Damascus Asia/Dhaka "
    "Asia/Dushanbe Asia/Jakarta Asia/Jerusalem Asia/Kabul Asia/Katmandu Asia/Kuala_Lumpur Asia/Manila Asia/Muscat "
    "Asia/Nicosia Asia/Phnom_Penh Asia/Pyongyang Asia/Riyadh Asia/Seoul Asia/Taipei Asia/Tashkent Asia/Tbilisi Asia/Tehran "
    "Asia/Thimphu Asia/Tokyo Asia/Ulaanbaatar Asia/Vientiane Asia/Yerevan Asia/Rangoon Asia/Gaza Asia/Dubai "
    "Atlantic/Reykjavik Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels "
    "Europe/Bucharest Europe/Budapest Europe/Chisinau Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul "
    "Europe/Kiev Europe/Lisbon Europe/Ljubljana Europe/London Europe/Madrid Europe/Minsk Europe/Moscow Europe/Oslo "
    "Europe/Paris Europe/Podgorica Europe/Prague Europe/Riga Europe/Rome Europe/Sarajevo Europe/Skopje Europe/Stockholm "
    "Europe/Tallinn Europe/Tirane Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zagreb Indian/Antananarivo".split()
)
_WEAK_CAPITALS = frozenset(
    "America/Lima America/Santiago Europe/Sofia Africa/Lome Pacific/Apia Asia/Dili Asia/Qatar Africa/Djibouti".split()
)
"""Capitals whose names are first names, words or other things in many languages: they count beside their country."""
_NO_CITIES = frozenset("Asia/Qatar Africa/Djibouti".split())
_WEAK_UP_TO = 3
_LATIN_BEFORE = "\u0370"
_LARGE = 250


def exonyms(sizes: Mapping[tuple[str, str], int]) -> Iterator[tuple[str, str, str, str]]:
    """Yield language, kind (``capital`` or ``city``), id and form.

    Args:
        sizes: Thousands of inhabitants of a city, by English name and country.
    """
    territories = {zone: code for zone, code in get_global("zone_territories").items() if len(code) == 2}
    aliases = get_global("zone_aliases")
    legacy = {new: old for old, new in aliases.items()}
    for language in LANGUAGES:
        tables = [locale.time_zones for locale in locales(language)]
        english = Locale("en").time_zones
        found = []
        for zone in sorted({*(z for table in tables for z in table)}):
            code = (
                territories.get(zone)
                or territories.get(aliases.get(zone, zone))
                or territories.get(legacy.get(zone, ""))
            )
            names = dict.fromkeys(table[zone]["city"] for table in tables if "city" in table.get(zone, {}))
            if not code or zone in _NO_CITIES:
                continue
            plain = english.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
            for name in names:
                shown = clean(name)
                if zone in _CAPITALS or zone in _WEAK_CAPITALS:
                    weak = zone in _WEAK_CAPITALS or (len(shown) <= _WEAK_UP_TO and shown[0] < _LATIN_BEFORE)
                    found.append((language, "capital", code, "?" * weak + shown))
                elif (size := sizes.get((plain, code), 0)) >= _LARGE and shown != plain:
                    found.append((language, "city", f"{code}:{size}", shown))
        yield from sorted(found)
