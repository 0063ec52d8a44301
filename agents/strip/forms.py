"""The forms of interjections and page furniture: read from the knowledge files, compiled for searching.

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
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import ahocorasick_rs
from msgspec import Struct, structs

from agents.knowledge import KnowledgeFile, parse_yaml, read_files
from agents.strip.fold import spellings
from agents.strip.signs import DECORATION, LABEL_ENDS
from agents.strip.templates import TemplateError, anchors, is_literal, to_pattern
from schemas.errors import ConfigError

Kind = Literal[
    "interjection", "advertisement", "newsletter", "share", "widget", "furniture", "disclaimer", "attribution"
]
Shape = Literal["label", "line", "sentence", "fragment"]
Strength = Literal["sure", "likely", "weak", "faint"]

_ROOM = "strip/forms"
_COMPANY_OF_ALL = "en"
"""English forms stand in pages of every language."""
_SHORTEST_NETWORK = 5


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
        pattern: Regular expression that has to match; None for literals, which are their anchor.
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


class Forms(Struct, frozen=True):
    """All forms of all languages, compiled.

    Attributes:
        automaton: Finds the anchors in a folded text.
        by_anchor: For each anchor of the automaton the forms to try.
        lines: Forms for a folded line that is nothing but a literal.
        coverage: How well each language is known.
        relatives: For each language those whose forms hold, its own and English among them.
        openers: For each language the words that open sentences only.
        bar: Matches a word of a share bar; the group says whether it is a ``network``, ``share``, or ``beside`` them.
    """

    automaton: ahocorasick_rs.AhoCorasick
    by_anchor: tuple[tuple[Form, ...], ...]
    lines: dict[str, tuple[Form, ...]]
    coverage: dict[str, Literal["proven", "experimental"]]
    relatives: dict[str, frozenset[str]]
    openers: dict[str, frozenset[str]]
    bar: re.Pattern[str]

    def held(self, language: str) -> frozenset[str]:
        """Return the languages whose forms hold in a text; in one of unknown language, the English ones."""
        return self.relatives.get(language, _ENGLISH)


_ENGLISH = frozenset({_COMPANY_OF_ALL})


def load_forms(overlay: Path | None = None) -> tuple[Forms, list[KnowledgeFile]]:
    """Read and compile the shipped forms and the operator's.

    A form of the overlay with the id of a shipped one takes its place; ``off`` takes one away.

    Args:
        overlay: The operator's knowledge directory.

    Returns:
        The compiled forms, and the files read, for the knowledge hash.

    Raises:
        ConfigError: A file is not valid; says which, and what is wrong.
    """
    files = read_files(_ROOM, overlay=overlay)
    parsed = [(file, _parse(file)) for file in files]
    sets: dict[str, tuple[str, ...]] = {}
    for _, content in parsed:
        for name, words in content.sets.items():
            sets[name] = sets.get(name, ()) + _lines(words)
    entries: dict[str, tuple[KnowledgeFile, str, FormEntry]] = {}
    for file, content in parsed:
        for rule in content.off:
            if entries.pop(rule, None) is None:
                raise ConfigError(f"{file.shown}: off: there is no form {rule!r}")
        for entry in content.forms:
            entries[f"{content.language}.{entry.id}"] = (file, content.language, entry)
    builder = _Builder(sets)
    for rule, (file, language, entry) in entries.items():
        builder.add(file, rule, language, entry)
    for file, content in parsed:
        for template in _lines(content.keep):
            builder.keep(file, content.language, template)
    return builder.build([content for _, content in parsed]), files


def _parse(file: KnowledgeFile) -> FormFile:
    content = parse_yaml(file, FormFile)
    if content.language != file.stem:
        raise ConfigError(f"{file.shown}: language is {content.language!r}, the file's name says {file.stem!r}")
    seen: set[str] = set()
    for entry in content.forms:
        if entry.id in seen:
            raise ConfigError(f"{file.shown}: two forms with the id {entry.id!r}")
        if not _lines(entry.texts):
            raise ConfigError(f"{file.shown}: form {entry.id!r} has no texts")
        seen.add(entry.id)
    return content


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.splitlines() if line.strip())


class _Builder:
    """Collects anchors and lines while the files are read; thrown away afterwards."""

    def __init__(self, sets: dict[str, tuple[str, ...]]) -> None:
        self._sets = sets
        self._anchors: dict[str, dict[Form, None]] = {}
        self._lines: dict[str, dict[Form, None]] = {}

    def add(self, file: KnowledgeFile, rule: str, language: str, entry: FormEntry) -> None:
        inside = entry.shape == "fragment" or (entry.shape == "label" and entry.strength == "sure")
        own = Form(rule, entry.kind, entry.shape, entry.strength, language, None, closes=entry.closes, inside=inside)
        foreign = structs.replace(own, foreign=True)
        for template in _lines(entry.texts):
            form = foreign if _is_unmistakable(template) else own
            if not is_literal(template):
                self._add_pattern(file, template, form)
                continue
            if entry.shape != "line":
                for spelling in _searched(entry, template):
                    self._anchors.setdefault(spelling, {})[form] = None
            if entry.shape in {"line", "label"}:  # a label that has a line to itself needs no separator
                for spelling in spellings(template):
                    self._lines.setdefault(line_key(spelling), {})[form] = None

    def keep(self, file: KnowledgeFile, language: str, template: str) -> None:
        self._add_pattern(file, template, Form(f"{language}.keep", "interjection", "keep", "sure", language, None))

    def _add_pattern(self, file: KnowledgeFile, template: str, form: Form) -> None:
        try:
            pattern = to_pattern(template, self._sets)
            found, opens = anchors(template, self._sets)
        except TemplateError as error:
            raise ConfigError(f"{file.shown}: {form.rule}: {error}") from error
        compiled = structs.replace(form, pattern=pattern, opens=opens, inside=form.inside or not opens)
        for anchor in found:
            self._anchors.setdefault(anchor, {})[compiled] = None

    def build(self, contents: Iterable[FormFile]) -> Forms:
        bar = Form("any.share-bar", "share", "bar", "sure", _COMPANY_OF_ALL, None, inside=True)
        for network in self._sets.get("network", ()):
            for spelling in spellings(network):
                if len(spelling) >= _SHORTEST_NETWORK:
                    self._anchors.setdefault(spelling, {})[bar] = None
        coverage: dict[str, Literal["proven", "experimental"]] = {}
        relatives: dict[str, frozenset[str]] = {}
        openers: dict[str, frozenset[str]] = {}
        for content in contents:
            language = content.language
            coverage[language] = content.coverage or coverage.get(language, "experimental")
            own = {language, _COMPANY_OF_ALL, *content.relatives}
            relatives[language] = relatives.get(language, frozenset()) | own
            openers[language] = openers.get(language, frozenset()) | frozenset(content.openers.split())
        return Forms(
            automaton=ahocorasick_rs.AhoCorasick(list(self._anchors)),
            by_anchor=tuple(tuple(forms) for forms in self._anchors.values()),
            lines={line: tuple(forms) for line, forms in self._lines.items()},
            coverage=coverage,
            relatives=relatives,
            openers=openers,
            bar=_bar(self._sets),
        )


def line_key(folded: str) -> str:
    """Return what a folded line is looked up by: its words without decoration."""
    return folded.strip(DECORATION)


def uncounted(key: str) -> str:
    """Return a line's key without the number before or behind its words."""
    return key.strip(DECORATION + "0123456789,'k")


def _is_unmistakable(template: str) -> bool:
    return " " in template.strip() or not template.isascii()


def _bar(sets: dict[str, tuple[str, ...]]) -> re.Pattern[str]:
    groups = []
    for name in ("network", "share", "beside"):
        words = {spelling for word in sets.get(name, ()) for spelling in spellings(word)}
        alternatives = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        groups.append(f"(?P<{name}>{alternatives or '(?!)'})")
    return re.compile("|".join(groups))


def _searched(entry: FormEntry, template: str) -> Iterable[str]:
    for spelling in spellings(template):
        if entry.shape == "label" and (
            entry.strength in {"weak", "faint"} or (" " not in spelling and spelling.isascii())
        ):
            yield from (spelling + separator for separator in LABEL_ENDS)
        else:
            yield spelling
