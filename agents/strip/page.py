"""A text as the rules see it: folded, cut into lines, with the anchors, links and other headlines that stand in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

from msgspec import Struct, structs

from agents.normalise.normalise import Link
from agents.strip.fold import fold
from agents.strip.forms import Form, Forms, Matcher
from agents.strip.signs import ANNOUNCING, BRACKETS_OPENING, DECORATION, QUOTES_CLOSING, SENTENCE_ENDS, is_dense
from schemas.enriched import RemovedKind, RuleId

_SHORTEST_SIBLING = 15
_LONGEST_LEAD = 40
_LONGEST_BEFORE = 60
"""Decoration before a line's words is shorter than this."""


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


class Cut(Struct, frozen=True):
    """A span that goes."""

    start: int
    end: int
    kind: RemovedKind
    rule: RuleId


class Hit(Struct, frozen=True):
    """An anchor of forms, at a place where a word of its language can begin."""

    start: int
    end: int
    anchor: int


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
        spaced: Whether blank lines stand between its paragraphs.
        hits: The anchors that stand in it, in no order.
        links: Where its links stand.
        siblings: Folded headlines of other articles.
        title: The item's own headline, folded.
        held: Languages whose forms hold as they are; of the others only those that no other language could mean.
        proven: Whether the figures of the text's language are measured; elsewhere doubtful forms are only reported.
        forms: The knowledge.
        matcher: What of it is looked for in the text's language.
    """

    text: str
    folded: str
    lines: tuple[Line, ...]
    starts: list[int]
    spaced: bool
    hits: Sequence[Hit]
    links: tuple[Link, ...]
    siblings: tuple[str, ...]
    title: str
    language: str
    held: frozenset[str]
    proven: bool
    forms: Forms
    matcher: Matcher

    def line_at(self, offset: int) -> Line:
        """Return the line that holds an offset."""
        return self.lines[bisect_right(self.starts, offset) - 1]

    def line_after(self, line: Line) -> Line | None:
        """Return the next line that is not blank."""
        return self.lines[line.index + 1] if line.index + 1 < len(self.lines) else None

    def line_before(self, line: Line) -> Line | None:
        """Return the previous line that is not blank."""
        return self.lines[line.index - 1] if line.index else None

    def of(self, line: Line) -> str:
        """Return the text of a line."""
        return self.text[line.start : line.end]

    def is_title(self, line: Line) -> bool:
        """Say whether a line is the item's own headline, which many texts begin with."""
        return self.folded[line.start : line.end].strip() == self.title

    def goes_on(self, line: Line) -> bool:
        """Say whether the next line begins with a small letter: then the sentence was broken, it has not ended."""
        following = self.line_after(line)
        if following is None or not self.text[following.start].islower():
            return False
        return not self.text[following.start + 1 : following.start + 2].isupper()  # iPhone

    def link_from(self, start: int) -> Link | None:
        """Return the link that starts at an offset, or a quotation mark or bracket further."""
        for link in self.links:
            if start - 1 <= link.start <= start + 2:
                return link
        return None

    def is_link(self, line: Line) -> bool:
        """Say whether a line is all link."""
        return any(link.start <= line.start + 3 and link.end >= line.end - 3 for link in self.links)

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
        before = self.text[max(line.start, start - _LONGEST_BEFORE) : start]
        core = before.rstrip(" \t")
        if not core or (start - line.start <= _LONGEST_BEFORE and not core.strip(DECORATION)):
            return "line"
        last = core[-1]
        if last in _SENTENCE_BEFORE or before.endswith(("  ", "\t")):
            return "sentence"
        if before[-1] not in " \t":
            return None
        return "sentence" if last in QUOTES_CLOSING and core[-2:-1] in SENTENCE_ENDS else "inside"

    def keeps_lines(self, cuts: Sequence[Cut]) -> bool:
        """Say whether whole lines go and nothing else: then no line that stays is another one afterwards."""
        return all(_is_edge(self.text, cut.start) and _is_edge(self.text, cut.end) for cut in cuts)

    def without(self, cuts: Sequence[Cut]) -> Page:
        """Return the page that is left when spans go."""
        text, folded = without(self.text, cuts), without(self.folded, cuts)
        lines, starts = _lines(text)
        left = structs.replace(
            self,
            text=text,
            folded=folded,
            lines=lines,
            starts=starts,
            spaced=_is_spaced(text, lines),
            links=tuple(moved(self.links, cuts)),
        )
        if not lines:
            return structs.replace(left, hits=())
        hits = moved(self.hits, cuts)
        # Where something went from within a line, what was before and behind it can make an anchor.
        gone = 0
        torn: dict[int, Line] = {}
        for cut in cuts:
            joint = cut.start - gone
            gone += cut.end - cut.start
            if not (_is_edge(self.text, cut.end) and _is_edge(text, joint)):
                line = left.line_at(min(joint, len(text) - 1))
                torn[line.index] = line
        for line in torn.values():
            hits = [hit for hit in hits if not line.start <= hit.start < line.end]
            hits += find_hits(folded, self.matcher, line.start, line.end)
        return structs.replace(left, hits=hits)


def _is_edge(text: str, offset: int) -> bool:
    """Say whether a line begins or ends at an offset."""
    return offset in {0, len(text)} or text[offset - 1] == "\n" or text[offset] == "\n"


_SENTENCE_BEFORE = frozenset(SENTENCE_ENDS + BRACKETS_OPENING + ANNOUNCING) - frozenset(":：")


def read_page(
    text: str, *, links: tuple[Link, ...], siblings: tuple[str, ...], title: str, language: str, forms: Forms
) -> Page:
    """Prepare a text for the rules."""
    lines, starts = _lines(text)
    own = fold(title).strip()
    folded = fold(text)
    primary = language.partition("-")[0]
    matcher = forms.matcher(primary)
    return Page(
        text=text,
        folded=folded,
        lines=lines,
        starts=starts,
        spaced=_is_spaced(text, lines),
        hits=find_hits(folded, matcher, 0, len(folded)),
        links=links,
        siblings=tuple(
            sibling
            for headline in siblings
            if len(sibling := " ".join(fold(headline).split())) >= _SHORTEST_SIBLING and sibling != own
        ),
        title=own,
        language=primary,
        held=forms.held(primary),
        proven=forms.coverage.get(primary) == "proven",
        forms=forms,
        matcher=matcher,
    )


_BLANK = frozenset(" \t\u00a0\u3000\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u1680\u2028\u2029\u202f\u205f") | frozenset(
    map(chr, range(0x2000, 0x200B))
)


def _lines(text: str) -> tuple[tuple[Line, ...], list[int]]:
    lines: list[Line] = []
    starts: list[int] = []
    position = 0
    for line in text.split("\n"):
        end = position + len(line)
        if line and (line[0] not in _BLANK or not line.isspace()):
            lines.append(Line(len(lines), position, end))
            starts.append(position)
        position = end + 1
    return tuple(lines), starts


def _is_spaced(text: str, lines: Sequence[Line]) -> bool:
    return text.count("\n\n") * 2 >= len(lines)


def find_hits(folded: str, matcher: Matcher, start: int, end: int) -> list[Hit]:
    """Return the anchors of a part of a folded text that stand at the beginning of a word."""
    part = folded if end - start == len(folded) else folded[start:end]
    hits = []
    for anchor, low, high in matcher.automaton.find_matches_as_indexes(part, overlapping=True):
        if low and part[low - 1].isalnum() and part[low].isalnum() and not is_dense(part[low]):
            continue
        hits.append(Hit(start + low, start + high, anchor))
    return hits


def match_form(page: Page, form: Form, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of the form whose anchor was found from start to end, or None where its pattern fails."""
    if form.pattern is None:
        return start, end
    line, pattern = page.line_at(start), page.forms.pattern(form.pattern)
    if form.opens:
        match = pattern.match(page.folded, start, line.end)
    else:
        match = pattern.search(page.folded, max(line.start, start - _LONGEST_LEAD), line.end)
    return None if match is None else match.span()


_Span = TypeVar("_Span", Link, Finding, Hit)


def moved(spans: Iterable[_Span], cuts: Sequence[Cut]) -> list[_Span]:
    """Return spans with their offsets after the cuts; those that a cut touches are gone."""
    starts = [cut.start for cut in cuts]
    shifts = list(accumulate((cut.end - cut.start for cut in cuts), initial=0))
    kept = []
    for span in spans:
        number = bisect_right(starts, span.start)
        touched = (number and cuts[number - 1].end > span.start) or bisect_right(starts, span.end - 1) != number
        if not touched:
            shift = shifts[number]
            kept.append(structs.replace(span, start=span.start - shift, end=span.end - shift) if shift else span)
    return kept


def without(text: str, cuts: Sequence[Cut]) -> str:
    """Return a text without what goes."""
    kept: list[str] = []
    position = 0
    for cut in cuts:
        kept.append(text[position : cut.start])
        position = cut.end
    kept.append(text[position:])
    return "".join(kept)
