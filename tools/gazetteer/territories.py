"""Territories and their names in many languages, from CLDR (through Babel)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel import Locale
from babel.languages import get_official_languages

# CLDR's exceptional codes, and territories nobody lives in.
_LEFT_OUT = frozenset("AC CP CQ DG EA EZ IC QO TA UN XA XB ZZ BV HM UM".split())
# The languages whose names are shipped: every language that news is published in and CLDR knows well.
LANGUAGES = (
    "af am ar as az be bg bn bo bs ca ckb cs cy da de el en es et eu fa fi fil fo fr fy ga gl gu ha he hi hr hu hy id ig is "
    "it ja ka kk km kn ko ku ky lb lo lt lv mg mk ml mn mr ms mt my nb ne nl nn om or pa pl ps pt ro ru sd si sk sl so sq sr "
    "sv sw ta te tg th ti tk tr ug uk ur uz vi wo xh yi yo yue zh zu"
).split()
_EXTRA_LOCALES = {
    "sr": ("sr", "sr_Latn"),
    "zh": ("zh", "zh_Hant"),
    "pt": ("pt", "pt_PT"),
    "es": ("es", "es_MX"),
    "yue": ("yue", "yue_Hans"),
}
_BRACKETS = re.compile(r"\s*[(（\[].*?[)）\]]")
# What CLDR has to name with a form nobody writes; names/*.tsv have these.
_UNWRITTEN = frozenset({"HK", "MO", "PS", "CD", "CG"})
_ARTICLE = re.compile(r"^(?:an |na |i-|il-|ir-|it-|is-|iż-|id-|in-|l-|de )")


def codes() -> list[str]:
    """Return the codes of all territories, EU and XK among them."""
    names = Locale("en").territories
    return sorted(code for code in names if len(code) == 2 and code.isalpha() and code not in _LEFT_OUT)


def territories() -> Iterator[tuple[str, str, str]]:
    """Yield code, English name and official languages (space-separated) of every territory."""
    names = Locale("en").territories
    for code in codes():
        official = get_official_languages(code, regional=True, de_facto=True)
        languages = dict.fromkeys(language.partition("_")[0] for language in official)
        yield code, clean(names[code]), " ".join(languages)


def locales(language: str) -> list[Locale]:
    """Return the locales that a language's names are taken from: scripts and countries that write them differently."""
    return [Locale.parse(locale) for locale in _EXTRA_LOCALES.get(language, (language,))]


def names() -> Iterator[tuple[str, str, str]]:
    """Yield language, code and name(s), several of them separated by ``|``."""
    for language in LANGUAGES:
        tables = [locale.territories for locale in locales(language)]
        english = Locale("en").territories
        for code in codes():
            if code in _UNWRITTEN and language != "en":
                continue
            forms = dict.fromkeys(clean(table[code]) for table in tables if table.get(code))
            forms.pop("", None)
            # What CLDR did not translate stands there in English.
            if language != "en" and code not in _SAME_EVERYWHERE:
                forms = {form: None for form in forms if form != english[code] or language in _LATIN}
            if forms:
                yield language, code, "|".join(forms)


_SAME_EVERYWHERE = frozenset({"XK"})
_LATIN = frozenset(
    "af az bs ca cs cy da de es et eu fi fil fo fr fy ga gl ha hr hu id ig is it ku lb lt lv mg ms mt nb nl nn om pl pt ro sk sl "
    "so sq sr sv sw tk tr uz vi wo xh yo zu".split()
)


def clean(name: str) -> str:
    """Return a name as it is written in running text."""
    name = _ARTICLE.sub("", _BRACKETS.sub("", name))
    return name.replace("\u2019", "'").replace("\u02bc", "'").strip()
