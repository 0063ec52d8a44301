"""Folding for comparison: a text in which spelling variants of one label look alike, offset by offset."""

from __future__ import annotations

import re
import unicodedata

# One code point for one code point, so that offsets into the folded text are offsets into the text. A chain of
# str.replace costs 1 µs a replacement; str.translate on a text that is not ASCII costs 100 µs for 2 kB. Most English
# texts are ASCII afterwards: what works on them then is twice as fast.
_SIGNS = (
    ("\u2019", "'"),
    ("\u201c", '"'),
    ("\u201d", '"'),
    ("\u2018", "'"),
    ("\u2013", "-"),
    ("\u2014", "-"),
    ("\u2026", "."),
    ("\u00a0", " "),
    ("\u202f", " "),
    ("\u2009", " "),
    ("\u2011", "-"),
    ("\u02bc", "'"),
    ("\u00b4", "'"),
    ("\uff1a", ":"),
    ("\uff5c", "|"),
    ("\u00a6", "|"),
    *((arrow, "\u00bb") for arrow in "\u203a\u2192\u25b6\u25ba\u27a1\u27a4"),
)
_GAP, _GAP_MARK = "\u2026", "\ue000"
# Whether a letter is replaced must not hang on what else the text holds: parts of it are compared.
_LETTERS = (
    ("\u0131", "i"),
    ("\u03c2", "\u03c3"),
    ("\u0451", "\u0435"),
    ("\u0623", "\u0627"),
    ("\u0625", "\u0627"),
    ("\u0622", "\u0627"),
    ("\u0649", "\u06cc"),
    ("\u064a", "\u06cc"),
    ("\u0643", "\u06a9"),
    ("\u200c", " "),
)

# Letters of Latin and Greek with a sign that capitals often go without.
_ACCENTED = re.compile(r"[\u00e0-\u024f\u0386-\u03ce]")


def fold(text: str) -> str:
    """Return the text in lower case, quotation marks, blanks, separators and spellings made one, of the same length."""
    if not text.isascii():
        text = _replaced(text, _SIGNS)
    folded = text.lower()
    if len(folded) != len(text):  # İ is the one letter whose lower case is longer
        folded = text.replace("\u0130", "i").lower()
    if folded.isascii():
        return folded
    return _replaced(folded, _LETTERS)


def spellings(literal: str) -> tuple[str, ...]:
    """Return the folded spellings of a template: as it is, and without accents where capitals usually go without."""
    literal = unicodedata.normalize("NFC", literal).replace(_GAP, _GAP_MARK)  # in templates it is no sign
    folded = fold(literal).replace(_GAP_MARK, _GAP)
    if not _ACCENTED.search(folded):
        return (folded,)
    plain = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return (folded,) if plain == folded else (folded, plain)


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        if old in text:
            text = text.replace(old, new)
    return text
