"""The forms of interjections and page furniture, as they stand in the knowledge files and compiled for searching.

One file a language (``forms/en.yaml``). A form says what it is (``kind``), how it stands in the text (``shape``) and
how sure it is (``strength``); its ``texts`` are templates (see ``agents.strip.templates``).

Shapes: a ``label`` announces a headline on its line or on the next lines; a ``line`` is a line of its own; a
``sentence`` opens a sentence, which goes to its end; a ``fragment`` goes wherever it stands.

Strengths: ``sure`` forms stand nowhere else; ``likely`` ones need a headline beside them or a line of their own;
``weak`` ones need more (a separator and a headline; another removed line as neighbour); ``faint`` ones need a headline
that is known as one (a link, another headline of the page).

The word sets ``network``, ``share`` and ``beside`` (words that stand among the two) are what share bars consist of.
"""

from __future__ import annotations

import re
from typing import Literal

import ahocorasick_rs
from msgspec import Struct

from agents.strip.signs import DECORATION
from agents.strip.templates import to_pattern

Kind = Literal[
    "interjection", "advertisement", "newsletter", "share", "widget", "furniture", "disclaimer", "attribution"
]
Shape = Literal["label", "line", "sentence", "fragment"]
Strength = Literal["sure", "likely", "weak", "faint"]

EVERYWHERE = "en"
"""English forms stand in pages of every language."""
_ENGLISH = frozenset({EVERYWHERE})
_CONTIGUOUS = ahocorasick_rs.Implementation.ContiguousNFA


class FormEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One form as it stands in a knowledge file.

    Attributes:
        id: Name of the rule within its language; the event says ``<language>.<id>``.
        kind: What the removed text is.
        shape: How it stands in the text.
        texts: Templates, one a line.
        strength: How sure it is.
        closes: Whether a label also stands behind a teaser, whose headline is before it: ``Read more``.
    """

    id: str
    kind: Kind
    shape: Shape
    texts: str
    strength: Strength = "sure"
    closes: bool = False


class FormFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of forms.

    Attributes:
        language: BCP 47 code, the file's name.
        coverage: Whether the figures for this language are measured; ``proven`` or ``experimental``.
        relatives: Languages whose weak forms hold here too: close relatives that language detection confuses.
        sets: Words by set name, one a line, for ``<name>`` in templates; a set is one over all files.
        openers: Words that open a sentence and stand in no headline with a capital: ``But``, ``According``.
        forms: The forms.
        keep: Templates, one a line, of lines and sentences that look like forms and are genuine.
        off: Ids of forms of this language that do not hold (for an operator's file).
    """

    language: str
    coverage: Literal["proven", "experimental"] | None = None
    relatives: tuple[str, ...] = ()
    sets: dict[str, str] = {}
    openers: str = ""
    forms: tuple[FormEntry, ...] = ()
    keep: str = ""
    off: tuple[str, ...] = ()


class Form(Struct, frozen=True):
    """A compiled form: what to do where one of its anchors was found.

    Attributes:
        language: Language of the file.
        pattern: Template that has to match; None for literals, which are their anchor.
        opens: Whether the pattern starts with the anchor; else it is searched for in the anchor's line.
        closes: As in the file.
        inside: Whether it can stand behind a word of the same sentence.
        foreign: Whether no word of another language looks like it, so that it holds in texts of any.
    """

    rule: str
    kind: Kind
    shape: Shape | Literal["keep", "bar"]
    strength: Strength
    language: str
    pattern: str | None
    opens: bool = True
    closes: bool = False
    inside: bool = False
    foreign: bool = False


class Matcher(Struct, frozen=True):
    """The forms that are looked for in texts of one language.

    Attributes:
        automaton: Finds their anchors in a folded text.
        by_anchor: For each anchor of the automaton the forms to try.
    """

    automaton: ahocorasick_rs.AhoCorasick
    by_anchor: tuple[tuple[Form, ...], ...]


class Forms(Struct, frozen=True):
    """All forms of all languages.

    Attributes:
        anchors: By language and the text that is searched for, the forms to try where it stands.
        lines: Forms for a folded line that is nothing but a literal.
        longest_line: Letters of the longest line among them, decoration allowed for.
        coverage: How well each language is known.
        relatives: For each language those whose forms hold, its own and English among them.
        openers: For each language the words that open sentences only.
        bar: Matches a word of a share bar; the group says whether it is a ``network``, ``share``, or ``beside`` them.
        sets: Words by set name, folded.
        patterns: Templates that were needed so far, compiled: all of them together would take half a second.
        matchers: By language, those that were needed so far: small ones stay in the processor's cache.
    """

    anchors: dict[str, dict[str, list[Form]]]
    lines: dict[str, tuple[Form, ...]]
    longest_line: int
    coverage: dict[str, Literal["proven", "experimental"]]
    relatives: dict[str, frozenset[str]]
    openers: dict[str, frozenset[str]]
    bar: re.Pattern[str]
    sets: dict[str, tuple[str, ...]]
    patterns: dict[str, re.Pattern[str]]
    matchers: dict[str, Matcher]

    def matcher(self, language: str) -> Matcher:
        """Return what to look for in texts of a language.

        In one that we have no file for, that is English, and what is unmistakable in any language.
        """
        known = language if language in self.relatives else ""
        found = self.matchers.get(known)
        if found is None:
            chosen: dict[str, list[Form]] = {}
            for language_, anchors in self.anchors.items():
                if language_ in self.held(known):
                    for anchor, forms in anchors.items():
                        chosen.setdefault(anchor, []).extend(forms)
                elif not known:
                    for anchor, forms in anchors.items():
                        if valid := [form for form in forms if form.foreign and form.strength == "sure"]:
                            chosen.setdefault(anchor, []).extend(valid)
            # A DFA is twice as fast alone, and no faster among other steps: it does not fit the processor's cache.
            automaton = ahocorasick_rs.AhoCorasick(list(chosen), implementation=_CONTIGUOUS, store_patterns=False)
            found = Matcher(automaton, tuple(map(tuple, chosen.values())))
            self.matchers[known] = found
        return found

    def held(self, language: str) -> frozenset[str]:
        """Return the languages whose forms hold in a text; in one of unknown language, the English ones."""
        return self.relatives.get(language, _ENGLISH)

    def pattern(self, template: str) -> re.Pattern[str]:
        """Return a form's template as a regular expression over folded text."""
        compiled = self.patterns.get(template)
        if compiled is None:
            compiled = self.patterns[template] = re.compile(to_pattern(template, self.sets))
        return compiled


def line_key(folded: str) -> str:
    """Return what a folded line is looked up by: its words without decoration."""
    return folded.strip(DECORATION)


def uncounted(key: str) -> str:
    """Return a line's key without the number before or behind its words."""
    return key.strip(DECORATION + "0123456789,'k")
