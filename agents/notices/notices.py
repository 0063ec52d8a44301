"""A publisher's notice in an article: that it was corrected, or that it is taken back (killed).

Agencies say it in the headline (``CORRECTED-``, ``KILL:``), papers in a line of its own above or below the text. A kill
makes the event a withdrawal, so its forms are strict: the headline's label in capitals, or an article that is hardly
more than the sentence that says so. A correction only says why the event came; whatever stands in the text is kept.

The forms are data, one file a language (``forms/en.yaml``), in the templates of ``agents.strip.templates``; English
ones count in every language, agencies use them everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agents.knowledge import KnowledgeFile, mistake, parse_yaml, read_files
from agents.strip.fold import fold
from agents.strip.signs import SENTENCE_ENDS
from agents.strip.templates import TemplateError, to_pattern, word_sets
from schemas.enriched import Notice

_ROOM = "notices/forms"
_COMPANY_OF_ALL = "en"
_KILLED_LONGEST = 700
"""Code points of a text that can be a kill notice and nothing else."""
_LEAD = r"[\s*_(\[{【（«»\"'“”‘’„#>·•–-]*"
_BEHIND = r"\s*(?:[:：|–)\]】(（]|$|-\s)"
_BEHIND_LOUD = r"\s*(?:[:：|–)\]】(（-]|$)"
_BEHIND_LABEL = r"(?:\s*[:：|–(（)\]】]|\s+-\s|[^\n:]{0,40}\d[^\n:]{0,20}[:：])"

Kind = Literal["kill", "correction"]


class _Kill(Struct, frozen=True, forbid_unknown_fields=True):
    """How a story is taken back.

    Attributes:
        titles: Labels that open a headline, one a line; one in capitals has to stand in capitals.
        texts: Templates, one a line, that open the text.
        goes_on: How such a sentence goes on, if it does not end there; what else follows means something else.
    """

    titles: str = ""
    texts: str = ""
    goes_on: str = ""


class _Correction(Struct, frozen=True, forbid_unknown_fields=True):
    """How a correction is announced.

    Attributes:
        titles: Labels that open a headline or stand in brackets at its end; one in capitals has to stand in capitals.
        labels: Labels that open a paragraph, with a colon, a dash or a bracket behind them.
        texts: Templates, one a line, that open a paragraph.
    """

    titles: str = ""
    labels: str = ""
    texts: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of forms. ``sets``: words by set name, one a line, for ``<name>`` in templates."""

    language: str
    sets: dict[str, str] = {}
    kill: _Kill = _Kill()
    correction: _Correction = _Correction()


class _Forms(Struct, frozen=True):
    """The forms of one language, compiled; None where it has none of a kind."""

    language: str
    titles: dict[Kind, tuple[re.Pattern[str], ...]]
    ends: re.Pattern[str] | None
    killed: re.Pattern[str] | None
    corrected: re.Pattern[str] | None


Notices = dict[str, tuple[_Forms, ...]]
"""For each language the forms that count in it."""


def load_notices(overlay: Path | None = None) -> tuple[Notices, list[KnowledgeFile]]:
    """Read and compile the shipped forms and the operator's, which are added to them.

    Args:
        overlay: The operator's knowledge directory.

    Returns:
        The compiled forms, and the files read, for the knowledge hash.

    Raises:
        ConfigError: A file is not valid.
    """
    files = read_files(_ROOM, overlay=overlay)
    found: dict[str, list[_Forms]] = {}
    for file in files:
        read = parse_yaml(file, _File)
        try:
            found.setdefault(read.language, []).append(_compiled(read))
        except TemplateError as error:
            raise mistake(file, str(error)) from error
    common = tuple(found.get(_COMPANY_OF_ALL, ()))
    notices = {language: (*forms, *common) for language, forms in found.items() if language != _COMPANY_OF_ALL}
    return {**notices, _COMPANY_OF_ALL: common}, files


def find_notice(title: str, text: str, language: str, notices: Notices) -> Notice | None:
    """Return the notice that an article carries, if it carries one.

    Args:
        title: Headline.
        text: Text, stripped.
        language: BCP 47 code of the text.
        notices: The forms.
    """
    forms = notices.get(language) or notices.get(language.partition("-")[0]) or notices[_COMPANY_OF_ALL]
    folded_title, folded = fold(title), fold(text)
    for one in forms:
        if _kills(one, title, folded_title, folded):
            return Notice(kind="kill", rule=f"{one.language}.kill")
    for one in forms:
        for pattern in one.titles["correction"]:
            if match := _label(pattern, title, folded_title):
                return _notice(one, "title", match.start(1), match.end(1))
        if one.ends is not None and (match := one.ends.search(folded_title)):
            return _notice(one, "title", match.start(1), match.end(1))
    for start, paragraph in _paragraphs(folded):
        for one in forms:
            if one.corrected is not None and one.corrected.match(paragraph):
                return _notice(one, "text", start, start + len(paragraph))
    return None


def _notice(forms: _Forms, field: Literal["title", "text"], start: int, end: int) -> Notice:
    return Notice(kind="correction", rule=f"{forms.language}.correction", field=field, start=start, end=end)


def _kills(forms: _Forms, title: str, folded_title: str, folded: str) -> bool:
    if any(_label(pattern, title, folded_title) for pattern in forms.titles["kill"]):
        return True
    if forms.killed is None or len(folded) > _KILLED_LONGEST:
        return False
    return bool(forms.killed.match(folded) or (len(folded.strip()) == 0 and forms.killed.match(folded_title)))


def _label(pattern: re.Pattern[str], title: str, folded: str) -> re.Match[str] | None:
    """Return the label that opens a headline; one in capitals says nothing where all of it is in capitals."""
    if pattern.flags & re.IGNORECASE:
        return pattern.match(folded)
    match = pattern.match(title)
    return None if match is None or title[match.end() :].isupper() else match


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        if line:
            yield start, line
        start += len(line) + 1


def _compiled(file: _File) -> _Forms:
    sets = word_sets([file.sets])
    kill, correction = file.kill, file.correction
    ends = [rf"[{re.escape(SENTENCE_ENDS)}]", r"\s*$", r"\s*\n"]
    ends += [rf"[,;、，]?\s*(?:{to_pattern(words, sets)}){_word_end(words)}" for words in _lines(kill.goes_on)]
    opened = [to_pattern(template, sets) for template in _lines(correction.texts)]
    opened += [to_pattern(label, sets) + _BEHIND_LABEL for label in _lines(correction.labels)]
    brackets = "|".join(re.escape(fold(label)) for label in _lines(correction.titles))
    return _Forms(
        language=file.language,
        titles={"kill": _titles(kill.titles), "correction": _titles(correction.titles)},
        ends=re.compile(rf"[(\[（【]({brackets})[)\]）】]\s*$") if brackets else None,
        killed=_any([to_pattern(template, sets) for template in _lines(kill.texts)], behind=f"(?:{'|'.join(ends)})"),
        corrected=_any(opened),
    )


def _titles(labels: str) -> tuple[re.Pattern[str], ...]:
    """Return one pattern for the labels that have to stand in capitals, and one, over folded text, for the others."""
    loud = [re.escape(label) for label in _lines(labels) if label.isupper()]
    quiet = [re.escape(fold(label)) for label in _lines(labels) if not label.isupper()]
    return tuple(
        re.compile(f"{_LEAD}({'|'.join(sorted(words, key=len, reverse=True))}){behind}", flags)
        for words, behind, flags in ((loud, _BEHIND_LOUD, re.NOFLAG), (quiet, _BEHIND, re.IGNORECASE))
        if words
    )


def _any(patterns: list[str], *, behind: str = "") -> re.Pattern[str] | None:
    return re.compile(f"{_LEAD}(?:{'|'.join(patterns)}){behind}") if patterns else None


def _word_end(words: str) -> str:
    """Return what stands behind words of alphabets whose words end with a blank: no letter."""
    return r"(?!\w)" if words[-1] < "\u0530" else ""


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
