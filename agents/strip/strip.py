"""Strip: take promotional interjections and page furniture out of an article's text.

What is taken out is recorded with kind, rule and offsets into the text as it came: ``text`` with every removed text
put back at its offset is the normalised text again. What looks like an interjection and may be genuine stays, and is
listed as uncertain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Literal, TypeVar

from msgspec import Struct, structs

from agents.normalise.normalise import Link, Normalised
from agents.strip.find import find
from agents.strip.forms import Forms
from agents.strip.page import Finding, Page, read_page
from agents.strip.signs import DECORATION
from schemas.enriched import Removed, Uncertain

# A removal can bring together what makes another one: passes go on until nothing is found, so that a second call
# finds nothing either. News needs two or three; the limit is against texts made to be slow.
_MAX_PASSES = 40
_TRAILING = DECORATION + ",;"


_Span = TypeVar("_Span", Link, Finding)


class Stripped(Struct, frozen=True):
    """A text without its interjections.

    Attributes:
        text: Clean text.
        removed: What was taken out, in order; offsets into the normalised text.
        uncertain: What was left in with a doubt, in order; offsets into the clean text.
        coverage: How well the forms of the language are known.
    """

    text: str
    removed: tuple[Removed, ...]
    uncertain: tuple[Uncertain, ...]
    coverage: Literal["proven", "experimental", "none"]


class _Cut(Struct, frozen=True):
    start: int
    end: int
    kind: str
    rule: str


def strip(normalised: Normalised, *, title: str, language: str, siblings: tuple[str, ...], forms: Forms) -> Stripped:
    """Take interjections and page furniture out of a text.

    Args:
        normalised: The text, with its links where it was HTML.
        title: Headline of the item.
        language: BCP 47 code, ``und`` where unknown.
        siblings: Other headlines of the same feed page that occur in the text.
        forms: Knowledge, from ``load_forms``.
    """
    text, links = normalised.text, normalised.links
    cuts: list[_Cut] = []
    doubts: list[Finding] = []
    for _ in range(_MAX_PASSES):
        page = read_page(text, links=links, siblings=siblings, title=title, language=language, forms=forms)
        findings = find(page)
        found = _close_gaps(page, _merge([finding for finding in findings if finding.certain]))
        doubts += [finding for finding in findings if not finding.certain]
        if not found:
            break
        text, links = _without(text, links, found)
        doubts = _moved(doubts, found)
        cuts = _onto_input(cuts, found)
    return Stripped(
        text=text,
        removed=tuple(_removed(normalised.text, cut) for cut in cuts),
        uncertain=_uncertain(doubts),
        coverage=forms.coverage.get(language, "none"),
    )


def _merge(findings: list[Finding]) -> list[_Cut]:
    """Return the findings in order, none overlapping another; of two, the earlier and then the longer one stays."""
    cuts: list[_Cut] = []
    for finding in sorted(findings, key=lambda f: (f.start, -f.end)):
        start = max(finding.start, cuts[-1].end) if cuts else finding.start
        if start < finding.end:
            cuts.append(_Cut(start, finding.end, finding.kind, finding.rule))
    return cuts


def _close_gaps(page: Page, cuts: list[_Cut]) -> list[_Cut]:
    """Widen the cuts so that no decoration, double blank or run of blank lines stays where they were."""
    closed: list[_Cut] = []
    block: list[_Cut] = []
    for cut in cuts:
        if block and page.text[block[-1].end : cut.start].strip(_TRAILING + "\n"):
            closed += _close_block(page, block)
            block = []
        block.append(cut)
    return closed + _close_block(page, block) if block else closed


def _close_block(page: Page, block: list[_Cut]) -> list[_Cut]:
    text = page.text
    first, last = page.line_at(block[0].start), page.line_at(block[-1].end - 1)
    start, end = block[0].start, block[-1].end
    if not text[first.start : start].strip(DECORATION):
        start = first.start
    if not text[end : last.end].strip(_TRAILING):
        end = last.end
    if start == first.start and end == last.end:
        start, end = _with_blank_lines(text, start, end)
    elif end == last.end:
        start = len(text[:start].rstrip(" \t"))
    elif start == 0 or text[start - 1].isspace():
        end += len(text[end:]) - len(text[end:].lstrip(" \t"))
    edges = [start, *(cut.start for cut in block[1:]), end]
    return [_Cut(edges[number], edges[number + 1], cut.kind, cut.rule) for number, cut in enumerate(block)]


def _with_blank_lines(text: str, start: int, end: int) -> tuple[int, int]:
    """Take the smaller of the gaps before and behind whole lines along, so that the larger one stays."""
    before, behind = start, end
    while before > 0 and text[before - 1].isspace():
        before -= 1
    while behind < len(text) and text[behind].isspace():
        behind += 1
    if before == 0:
        return 0, behind
    if behind == len(text):
        return before, end
    if text.count("\n", before, start) >= text.count("\n", end, behind):
        return start, behind
    return before, end


def _without(text: str, links: tuple[Link, ...], cuts: list[_Cut]) -> tuple[str, tuple[Link, ...]]:
    kept: list[str] = []
    position = 0
    for cut in cuts:
        kept.append(text[position : cut.start])
        position = cut.end
    kept.append(text[position:])
    return "".join(kept), tuple(_moved(links, cuts)) if links else ()


def _moved(spans: Iterable[_Span], cuts: list[_Cut]) -> list[_Span]:
    """Return spans with their offsets after the cuts; those that a cut touches are gone."""
    starts = [cut.start for cut in cuts]
    shifts = list(accumulate((cut.end - cut.start for cut in cuts), initial=0))
    moved = []
    for span in spans:
        number = bisect_right(starts, span.start)
        touched = (number and cuts[number - 1].end > span.start) or bisect_right(starts, span.end - 1) != number
        if not touched:
            moved.append(structs.replace(span, start=span.start - shifts[number], end=span.end - shifts[number]))
    return moved


def _onto_input(earlier: list[_Cut], found: list[_Cut]) -> list[_Cut]:
    """Express cuts of a later pass in offsets of the input, and join them with the earlier ones.

    A cut that an earlier one lies in is split around it, so that every removed character is recorded once.
    """
    if not earlier:
        return found
    result: list[_Cut] = []
    pending = iter([*earlier, None])
    hole = next(pending)
    shift = 0
    for cut in found:
        start, end = cut.start + shift, cut.end + shift
        while hole is not None and hole.start <= start:
            result.append(hole)
            shift += hole.end - hole.start
            start, end = start + hole.end - hole.start, end + hole.end - hole.start
            hole = next(pending)
        while hole is not None and hole.start < end:
            if start < hole.start:
                result.append(_Cut(start, hole.start, cut.kind, cut.rule))
            result.append(hole)
            shift += hole.end - hole.start
            start, end = hole.end, end + hole.end - hole.start
            hole = next(pending)
        result.append(_Cut(start, end, cut.kind, cut.rule))
    while hole is not None:
        result.append(hole)
        hole = next(pending)
    return result


def _removed(text: str, cut: _Cut) -> Removed:
    return Removed(kind=cut.kind, rule=cut.rule, text=text[cut.start : cut.end], start=cut.start, end=cut.end)


def _uncertain(doubts: list[Finding]) -> tuple[Uncertain, ...]:
    uncertain: list[Uncertain] = []
    for doubt in sorted(doubts, key=lambda finding: (finding.start, -finding.end)):
        if not uncertain or doubt.start >= uncertain[-1].end:
            uncertain.append(Uncertain(kind=doubt.kind, rule=doubt.rule, start=doubt.start, end=doubt.end))
    return tuple(uncertain)
