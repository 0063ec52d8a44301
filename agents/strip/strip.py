"""Strip: take promotional interjections and page furniture out of an article's text.

What is taken out is recorded with kind, rule and offsets into the text as it came: ``text`` with every removed text
put back at its offset is the normalised text again. What looks like an interjection and may be genuine stays, and is
listed as uncertain.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from agents.normalise.normalise import Normalised
from agents.strip.find import find
from agents.strip.forms import Forms
from agents.strip.page import Cut, Finding, Page, moved, read_page, without
from agents.strip.signs import DECORATION
from schemas.enriched import Removed, Uncertain

# A removal can bring together what makes another one: passes go on until nothing is found, so that a second call
# finds nothing either. News needs two or three; the limit is against texts made to be slow.
_MAX_PASSES = 40
_TRAILING = DECORATION + ",;"


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


def strip(normalised: Normalised, *, title: str, language: str, siblings: tuple[str, ...], forms: Forms) -> Stripped:
    """Take interjections and page furniture out of a text.

    Args:
        normalised: The text, with its links where it was HTML.
        title: Headline of the item.
        language: BCP 47 code, ``und`` where unknown.
        siblings: Other headlines of the same feed page that occur in the text.
        forms: Knowledge, from ``load_forms``.
    """
    page = read_page(
        normalised.text, links=normalised.links, siblings=siblings, title=title, language=language, forms=forms
    )
    cuts: list[Cut] = []
    doubts: list[Finding] = []
    text = page.text
    for _ in range(_MAX_PASSES):
        found = find(page)
        going = _close_gaps(page, _merge([finding for finding in found.findings if finding.certain]))
        doubts += [finding for finding in found.findings if not finding.certain]
        if not going:
            break
        doubts = moved(doubts, going)
        cuts = _onto_input(cuts, going)
        if not found.again and page.keeps_lines(going):
            text = without(page.text, going)
            break
        page = page.without(going)
        text = page.text
    return Stripped(
        text=text,
        removed=tuple(_removed(normalised.text, cut) for cut in cuts),
        uncertain=_uncertain(doubts),
        coverage=forms.coverage.get(language.partition("-")[0], "none"),
    )


def _merge(findings: list[Finding]) -> list[Cut]:
    """Return the findings in order, none overlapping another; of two, the earlier and then the longer one stays."""
    cuts: list[Cut] = []
    for finding in sorted(findings, key=lambda f: (f.start, -f.end)):
        start = max(finding.start, cuts[-1].end) if cuts else finding.start
        if start < finding.end:
            cuts.append(Cut(start, finding.end, finding.kind, finding.rule))
    return cuts


def _close_gaps(page: Page, cuts: list[Cut]) -> list[Cut]:
    """Widen the cuts so that no decoration, double blank or run of blank lines stays where they were."""
    closed: list[Cut] = []
    block: list[Cut] = []
    for cut in cuts:
        if block and page.text[block[-1].end : cut.start].strip(_TRAILING + "\n"):
            closed += _close_block(page, block)
            block = []
        block.append(cut)
    return closed + _close_block(page, block) if block else closed


def _close_block(page: Page, block: list[Cut]) -> list[Cut]:
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
    return [Cut(edges[number], edges[number + 1], cut.kind, cut.rule) for number, cut in enumerate(block)]


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


def _onto_input(earlier: list[Cut], found: list[Cut]) -> list[Cut]:
    """Express cuts of a later pass in offsets of the input, and join them with the earlier ones.

    A cut that an earlier one lies in is split around it, so that every removed character is recorded once.
    """
    if not earlier:
        return found
    result: list[Cut] = []
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
                result.append(Cut(start, hole.start, cut.kind, cut.rule))
            result.append(hole)
            shift += hole.end - hole.start
            start, end = hole.end, end + hole.end - hole.start
            hole = next(pending)
        result.append(Cut(start, end, cut.kind, cut.rule))
    while hole is not None:
        result.append(hole)
        hole = next(pending)
    return result


def _removed(text: str, cut: Cut) -> Removed:
    return Removed(kind=cut.kind, rule=cut.rule, text=text[cut.start : cut.end], start=cut.start, end=cut.end)


def _uncertain(doubts: list[Finding]) -> tuple[Uncertain, ...]:
    uncertain: list[Uncertain] = []
    for doubt in sorted(doubts, key=lambda finding: (finding.start, -finding.end)):
        if not uncertain or doubt.start >= uncertain[-1].end:
            uncertain.append(Uncertain(kind=doubt.kind, rule=doubt.rule, start=doubt.start, end=doubt.end))
    return tuple(uncertain)
