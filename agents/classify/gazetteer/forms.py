"""The mini-syntax of name forms, and the spellings a form stands for.

======== ===========================================================================================================
``Form``  matches as written, with the case endings of its language
``form``  starts with a small letter: matches with a capital, too (adjectives of most languages)
``stem*`` may be followed by any letters of the word; inside a form of several words, too (``Ормузск* пролив*``)
``=Form`` never inflected
``stem~`` may be followed by the endings that adjectives have in the language
``?Form`` weak: counts where its country is named otherwise, or where no other country is
``??Form`` counts only where its country is named otherwise
``-Form`` takes the form away, whoever brought it in
======== ===========================================================================================================
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from msgspec import Struct

from agents.classify.gazetteer.languages import WORD, Grammar

STRONG, WEAK, SUPPORTED = 0, 1, 2
"""How much a form says on its own."""

_ACRONYM = 4
"""Acronyms of this many letters are also written like words (Nato, Unicef)."""


class Form(Struct, frozen=True):
    """A form as written in a table."""

    text: str
    strength: int = STRONG
    exact: bool = False
    removed: bool = False


def parse(written: str) -> tuple[Form, ...]:
    """Read the forms of one cell."""
    return tuple(_parse(form.strip()) for form in written.split("|") if form.strip(" ?=-"))


def _parse(form: str) -> Form:
    if form.startswith("-"):
        return Form(form[1:], removed=True)
    strength = STRONG
    if form.startswith("??"):
        strength, form = SUPPORTED, form[2:]
    elif form.startswith("?"):
        strength, form = WEAK, form[1:]
    return Form(form.removeprefix("="), strength, exact=form.startswith("="))


class Pattern(Struct, frozen=True):
    """What to search for, and what must follow.

    Attributes:
        key: The literal beginning.
        rest: What must match from the end of ``key`` to the end of the last word; a source is compiled when the key is
            first found, as most names of several words never are.
    """

    key: str
    rest: re.Pattern[str] | str


_INNER = re.compile(r"\*(?=.)")
_NOTHING = re.compile("")
"""What follows a form that ends in a sign: "US$" stands before figures."""
_WILD = rf"(?:{WORD})*"


def patterns(form: Form, grammar: Grammar) -> Iterator[Pattern]:
    """Yield the patterns that find a form in a language's texts."""
    for text in spellings(form.text, grammar.code):
        if _INNER.search(text):
            head, _, tail = text.partition("*")
            words = (re.escape(part) for part in tail.rstrip("*").split("*"))
            end = grammar.open if text.endswith("*") else grammar.exact
            yield Pattern(head, _WILD + _WILD.join(words) + end.pattern)
        elif text.endswith("~"):
            yield Pattern(text[:-1], grammar.adjective)
        elif text.endswith("*"):
            yield Pattern(text[:-1], grammar.open)
        elif not text[-1].isalnum() and text[-1] != ".":
            yield Pattern(text, _NOTHING)
        elif form.exact or not grammar.inflects:
            yield Pattern(text, grammar.exact)
        else:
            yield _inflected(text, grammar)


def _inflected(text: str, grammar: Grammar) -> Pattern:
    stems = [grammar.stem(word) if word[0].isupper() or " " in text else word for word in text.split(" ")]
    if len(stems) == 1:
        return Pattern(stems[0], grammar.inflected)
    # Each word of a name can change: "Саудовская Аравия", "Саудовской Аравии". Short words between do not.
    tails = [grammar.ending if len(stem) >= 3 else "" for stem in stems]  # noqa: PLR2004
    middle = "".join(f"{tails[i]} {re.escape(stems[i + 1])}" for i in range(len(stems) - 1))
    return Pattern(stems[0], middle + tails[-1] + grammar.exact.pattern)


# Letters that are written in more than one way. A form is searched for as written and with all of them replaced.
_EQUIVALENT: dict[str, tuple[Mapping[int, str | int | None], ...]] = {
    "ar": (str.maketrans("أإآ", "ااا"), str.maketrans("أإآةى", "اااهي")),
    "fa": (str.maketrans("یک", "يك"), {0x200C: " "}, {0x200C: None}),
    "ur": (str.maketrans("یکہ", "يكه"),),
    "ru": (str.maketrans("ё", "е"),),
    "uk": (str.maketrans("'", "’"),),
    "ro": (str.maketrans("șțȘȚ", "şţŞŢ"),),
    "de": ({0xDF: "ss"},),
    "tr": (str.maketrans("âîû", "aiu"),),
}
_WITHOUT_MARKS = frozenset({"en", "mul", "el", "es", "pt", "fr", "it"})
"""Languages whose texts often leave marks out: foreign names, capitals, old agency copy."""


def spellings(text: str, language: str) -> list[str]:
    """Return a form and the other ways it is written: capitals, apostrophes, marks left out."""
    text = " ".join(text.split())
    found = [text]
    found += [text.translate(table) for table in _EQUIVALENT.get(language, ())]
    if language in _WITHOUT_MARKS and not text.isascii():
        found.append(without_marks(text))
    if "'" in text:
        found += [spelling.replace("'", "’") for spelling in found]
    if text[0].islower():
        found += [spelling[0].upper() + spelling[1:] for spelling in found]
    elif len(text) >= _ACRONYM and text.isupper():
        found.append(text.capitalize())
    return list(dict.fromkeys(found))


def without_marks(text: str) -> str:
    """Return a text with letters without their marks: "Perú" → "Peru"."""
    return unicodedata.normalize(
        "NFC", "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    )
