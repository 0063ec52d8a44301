"""A text as the rules see it: folded, cut into lines, with links and the other headlines of its page."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from msgspec import Struct

from agents.normalise.normalise import Link
from agents.strip.fold import fold
from agents.strip.forms import Form, Forms
from agents.strip.signs import ANNOUNCING, BRACKETS_OPENING, DECORATION, QUOTES_CLOSING, SENTENCE_ENDS
from schemas.enriched import RemovedKind, RuleId

_SHORTEST_SIBLING = 15
_LONGEST_LEAD = 40


class Finding(Struct, frozen=True):
    """A span that is, or may be, no part of the article.

    Attributes:
        start: Offset into the text of the pass.
        end: Offset behind the last character.
        certain: Whether it goes; what is not certain stays and is reported.
    """

    start: int
    end: int
    kind: RemovedKind
    rule: RuleId
    certain: bool


class Line(Struct, frozen=True):
    """A line, without its newline."""

    index: int
    start: int
    end: int


class Page(Struct, frozen=True):
    """What every rule is given.

    Attributes:
        text: The text of this pass.
        folded: The same, folded; equal offsets.
        lines: Its lines, blank ones left out.
        starts: Where they start, for searching.
        links: Where its links stand.
        siblings: Folded headlines of other articles.
        language: Language of the text.
        forms: The knowledge.
    """

    text: str
    folded: str
    lines: tuple[Line, ...]
    starts: list[int]
    links: tuple[Link, ...]
    siblings: tuple[str, ...]
    language: str
    forms: Forms

    def line_at(self, offset: int) -> Line:
        """Return the line that holds an offset."""
        return self.lines[bisect_right(self.starts, offset) - 1]

    def line_after(self, line: Line) -> Line | None:
        """Return the next line that is not blank."""
        return self.lines[line.index + 1] if line.index + 1 < len(self.lines) else None

    def holds(self, language: str) -> bool:
        """Say whether weak forms of a language hold in this text."""
        return language in self.forms.relatives.get(self.language, _ENGLISH)

    def is_proven(self) -> bool:
        """Say whether the language's figures are measured; elsewhere doubtful forms are only reported."""
        return self.forms.coverage.get(self.language) == "proven"

    def link_from(self, start: int) -> Link | None:
        """Return the link that starts at an offset, or a quotation mark or bracket further."""
        for link in self.links:
            if start - 1 <= link.start <= start + 2:
                return link
        return None

    def sibling_from(self, start: int) -> int | None:
        """Return where another article's headline that starts here ends."""
        for sibling in self.siblings:
            for skip in (0, 1):
                if self.folded.startswith(sibling, start + skip):
                    return start + skip + len(sibling)
        return None

    def opening(self, line: Line, start: int) -> str | None:
        """Say how an offset stands in its line.

        Returns:
            ``line``: only decoration before it. ``sentence``: a sentence ends, or a bracket opens, before it.
            ``inside``: after a blank. None inside a word, or behind a quotation mark.
        """
        before = self.text[line.start : start]
        core = before.rstrip(" \t")
        if not core or not core.strip(DECORATION):
            return "line"
        last = core[-1]
        if last in _SENTENCE_BEFORE or before.endswith(("  ", "\t")):
            return "sentence"
        if before[-1] not in " \t":
            return None
        return "sentence" if last in QUOTES_CLOSING and core[-2:-1] in SENTENCE_ENDS else "inside"


_SENTENCE_BEFORE = frozenset(SENTENCE_ENDS + BRACKETS_OPENING + ANNOUNCING) - frozenset(":：")
_ENGLISH = frozenset({"en"})


def read_page(
    text: str, *, links: tuple[Link, ...], siblings: tuple[str, ...], title: str, language: str, forms: Forms
) -> Page:
    """Prepare a text for the rules."""
    lines: list[Line] = []
    starts: list[int] = []
    position = 0
    for line in text.split("\n"):
        if line and not line.isspace():
            lines.append(Line(len(lines), position, position + len(line)))
            starts.append(position)
        position += len(line) + 1
    own = fold(title).strip()
    folded_siblings = tuple(
        folded
        for sibling in siblings
        if len(folded := " ".join(fold(sibling).split())) >= _SHORTEST_SIBLING and folded != own
    )
    return Page(text, fold(text), tuple(lines), starts, links, folded_siblings, language, forms)


def match_form(page: Page, form: Form, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of the form whose anchor was found from start to end, or None where its pattern fails."""
    if form.pattern is None:
        return start, end
    line, pattern = page.line_at(start), _compiled(form.pattern)
    if form.opens:
        match = pattern.match(page.folded, start, line.end)
    else:
        match = pattern.search(page.folded, max(line.start, start - _LONGEST_LEAD), line.end)
    return None if match is None else match.span()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a form's pattern when it is first needed: all of them together would take half a second."""
    return re.compile(pattern)
