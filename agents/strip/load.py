"""Reading the knowledge files of forms, the operator's laid over the shipped ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import structs

from agents.knowledge import KnowledgeFile, mistake, parse_yaml, read_files
from agents.strip.fold import spellings
from agents.strip.forms import EVERYWHERE, Form, FormEntry, FormFile, Forms, line_key
from agents.strip.signs import LABEL_ENDS
from agents.strip.templates import TemplateError, anchors, literals, to_pattern, word_sets

ROOM = "strip/forms"
_SHORTEST_NETWORK = 5
_DECORATED = 20


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
    files = read_files(ROOM, overlay=overlay)
    parsed = [(file, _parse(file)) for file in files]
    entries: dict[str, tuple[KnowledgeFile, str, FormEntry]] = {}
    for file, content in parsed:
        for id_ in content.off:
            rule = f"{content.language}.{id_}"
            if entries.pop(rule, None) is None:
                raise mistake(file, f"off: there is no form {rule!r} of this language", at=rule.partition(".")[2])
        for entry in content.forms:
            entries[f"{content.language}.{entry.id}"] = (file, content.language, entry)
    builder = _Builder(word_sets(content.sets for _, content in parsed))
    for rule, (file, language, entry) in entries.items():
        builder.add(file, rule, language, entry)
    for file, content in parsed:
        builder.keep(file, content)
    return builder.build([content for _, content in parsed]), files


def _parse(file: KnowledgeFile) -> FormFile:
    content = parse_yaml(file, FormFile)
    if content.language != file.stem:
        raise mistake(file, f"language is {content.language!r}, the file's name says {file.stem!r}", at="language:")
    seen: set[str] = set()
    for entry in content.forms:
        if entry.id in seen:
            raise mistake(file, f"two forms with the id {entry.id!r}", at=f"id: {entry.id}")
        if not _lines(entry.texts):
            raise mistake(file, f"form {entry.id!r} has no texts", at=f"id: {entry.id}")
        seen.add(entry.id)
    return content


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.splitlines() if line.strip())


class _Builder:
    """Collects anchors and lines while the files are read; thrown away afterwards."""

    def __init__(self, sets: dict[str, tuple[str, ...]]) -> None:
        self._sets = sets
        self._anchors: dict[str, dict[str, list[Form]]] = {}
        self._lines: dict[str, list[Form]] = {}

    def add(self, file: KnowledgeFile, rule: str, language: str, entry: FormEntry) -> None:
        inside = entry.shape == "fragment" or (entry.shape == "label" and entry.strength == "sure")
        own = Form(rule, entry.kind, entry.shape, entry.strength, language, None, closes=entry.closes, inside=inside)
        foreign = structs.replace(own, foreign=True)
        # Folded as a whole, not word by word: that is most of the time a start takes.
        written, *plain = map(_lines, spellings(entry.texts))
        for number, template in enumerate(written):
            wordings = () if "\\" in template else literals(template)  # a line's brackets are no decoration then
            if not wordings:
                self._add_pattern(file, template, foreign if _is_unmistakable(template) else own)
            elif plain and plain[0][number] != template:
                wordings += literals(plain[0][number])
            for wording in wordings:
                if not line_key(wording):
                    raise mistake(file, f"{rule}: {template!r} has no words", at=template)
                self._add_literal(wording, entry, foreign if _is_unmistakable(wording) else own)

    def _add_literal(self, wording: str, entry: FormEntry, form: Form) -> None:
        if entry.shape != "line":
            for anchor in _searched(entry, wording):
                _put(self._anchors.setdefault(form.language, {}), anchor, form)
        if entry.shape in {"line", "label"}:  # a label that has a line to itself needs no separator
            _put(self._lines, line_key(wording), form)

    def keep(self, file: KnowledgeFile, content: FormFile) -> None:
        form = Form(f"{content.language}.keep", "interjection", "keep", "sure", content.language, None)
        for template in _lines(spellings(content.keep)[0]):
            self._add_pattern(file, template, form)

    def _add_pattern(self, file: KnowledgeFile, template: str, form: Form) -> None:
        try:
            if file.overlay:  # the shipped ones are tested, and compiled when they are needed
                to_pattern(template, self._sets)
            found, opens = anchors(template, self._sets)
        except TemplateError as error:
            raise mistake(file, f"{form.rule}: {error}", at=template) from error
        pattern = structs.replace(form, pattern=template, opens=opens, inside=form.inside or not opens)
        for anchor in found:
            _put(self._anchors.setdefault(form.language, {}), anchor, pattern)

    def build(self, contents: Iterable[FormFile]) -> Forms:
        bar = Form("any.share-bar", "share", "bar", "sure", EVERYWHERE, None, inside=True)
        for network in self._sets.get("network", ()):
            if len(network) >= _SHORTEST_NETWORK:
                _put(self._anchors.setdefault(EVERYWHERE, {}), network, bar)
        coverage: dict[str, Literal["proven", "experimental"]] = {}
        relatives: dict[str, frozenset[str]] = {}
        openers: dict[str, frozenset[str]] = {}
        for content in contents:
            language = content.language
            coverage[language] = content.coverage or coverage.get(language, "experimental")
            own = {language, EVERYWHERE, *content.relatives}
            relatives[language] = relatives.get(language, frozenset()) | own
            openers[language] = openers.get(language, frozenset()) | frozenset(content.openers.split())
        return Forms(
            anchors=self._anchors,
            lines={line: tuple(forms) for line, forms in self._lines.items()},
            longest_line=max(map(len, self._lines), default=0) + _DECORATED,
            coverage=coverage,
            relatives=relatives,
            openers=openers,
            bar=_bar(self._sets),
            sets=self._sets,
            patterns={},
            matchers={},
        )


def _is_unmistakable(template: str) -> bool:
    return " " in template.strip() or not template.isascii()


def _bar(sets: dict[str, tuple[str, ...]]) -> re.Pattern[str]:
    groups = []
    for name in ("network", "share", "beside"):
        alternatives = "|".join(map(re.escape, sorted(sets.get(name, ()), key=len, reverse=True)))
        groups.append(f"(?P<{name}>{alternatives or '(?!)'})")
    return re.compile("|".join(groups))


def _searched(entry: FormEntry, wording: str) -> Iterable[str]:
    """Return what a label is searched as: one that is a word of every day, with the sign behind it."""
    if entry.shape == "label" and (entry.strength in {"weak", "faint"} or (" " not in wording and wording.isascii())):
        return [wording + end for end in LABEL_ENDS]
    return [wording]


def _put(forms: dict[str, list[Form]], key: str, form: Form) -> None:
    known = forms.setdefault(key, [])
    if not known or known[-1] is not form:
        known.append(form)
