"""One pass over a text: where forms stand, and what of the text goes with them."""

from __future__ import annotations

from agents.strip.forms import Form, line_key
from agents.strip.headline import is_headline
from agents.strip.label import read_label, read_lone_label
from agents.strip.page import Finding, Line, Page, match_form
from agents.strip.signs import DENSE_ENDS, SENTENCE_ENDS

_LONGEST_LINE = 160
_LONGEST_SENTENCE = 320
_LONGEST_PREFIX = 40
_RUN = 3
"""So many weak lines in a row ("Facebook", "Twitter", "Email") need no other neighbour."""


def find(page: Page) -> list[Finding]:
    """Return everything in the text that is, or may be, no part of the article; unordered, may overlap."""
    # Step 1. Lines that are nothing but a known phrase.
    findings, weak = _whole_lines(page)
    # Step 2. Anchors of all other forms, the genuine look-alikes first.
    hits = _hits(page)
    kept = [span for start, _, form in hits if form.shape == "keep" for span in _keeps(page, form, start)]
    done = 0
    for start, end, form in hits:
        if form.shape == "keep" or any(low <= start < high for low, high in kept):
            continue
        if form.shape == "label" and start < done:
            continue
        found = _apply(page, form, start, end)
        if form.shape == "label" and any(finding.certain for finding in found):
            done = max(finding.end for finding in found if finding.certain)
        findings += found
    # Step 3. Headlines of other articles, with or without a label we know.
    findings += _sibling_lines(page)
    # Step 4. Weak lines go where their neighbours go.
    findings += _in_company(page, findings, weak)
    return findings


def _whole_lines(page: Page) -> tuple[list[Finding], dict[int, Form]]:
    findings: list[Finding] = []
    weak: dict[int, Form] = {}
    known = page.forms.lines
    for line in page.lines:
        if line.end - line.start > _LONGEST_LINE:
            continue
        forms = known.get(line_key(page.folded[line.start : line.end]))
        if forms is None:
            continue
        form = _of_language(page, forms)
        if form.shape == "label":
            findings += read_lone_label(page, form, line)
        elif form.strength == "weak":
            if page.holds(form.language):
                weak[line.index] = form
        else:
            findings.append(Finding(line.start, line.end, form.kind, form.rule, certain=True))
    return findings, weak


def _of_language(page: Page, forms: tuple[Form, ...]) -> Form:
    """Return the form of the text's own language, else of its relatives, else the first; labels before lines."""
    return min(
        forms, key=lambda form: (form.language != page.language, not page.holds(form.language), form.shape != "label")
    )


def _hits(page: Page) -> list[tuple[int, int, Form]]:
    """Return (start, end, form) for every anchor at a place where its form can stand, the earlier and longer first."""
    folded = page.folded
    by_anchor, inside = page.forms.by_anchor, page.forms.inside
    hits = []
    for number, start, end in page.forms.automaton.find_matches_as_indexes(folded, overlapping=True):
        forms = by_anchor[number]
        if start:
            before = folded[start - 1]
            if before == " ":
                if start > 1 and (folded[start - 2].isalnum() or folded[start - 2] == ","):
                    forms = inside[number]
            elif before.isalnum() and folded[start].isalnum() and not _dense(folded[start]):
                continue
        if forms:
            hits += [(start, end, form) for form in forms]
    if len(hits) > 1:
        hits.sort(key=lambda hit: (hit[0], -hit[1], hit[2].language != page.language))
    return hits


def _dense(character: str) -> bool:
    return "\u0e00" <= character <= "\u0eff" or "\u1000" <= character <= "\u109f" or character >= "\u1780"


def _keeps(page: Page, form: Form, start: int) -> list[tuple[int, int]]:
    match = match_form(page, form, start, 0)
    return [] if match is None else [match]


def _apply(page: Page, form: Form, start: int, end: int) -> list[Finding]:
    if form.shape == "label":
        return read_label(page, form, start, end)
    span = match_form(page, form, start, end)
    if span is None:
        return []
    start, end = span
    line = page.line_at(start)
    if form.shape == "fragment":
        return [Finding(start, end, form.kind, form.rule, certain=form.strength != "weak")]
    if form.shape == "line":
        return _line(page, form, line, start, end)
    return _sentence(page, form, line, start, end)


def _line(page: Page, form: Form, line: Line, start: int, end: int) -> list[Finding]:
    """Read a form that has to fill its line."""
    if line_key(page.folded[line.start : start]) or line_key(page.folded[end : line.end]):
        return []
    certain = form.strength == "sure" or (form.strength == "likely" and (page.is_proven() or form.language == "en"))
    return [Finding(line.start, line.end, form.kind, form.rule, certain=certain)]


def _sentence(page: Page, form: Form, line: Line, start: int, end: int) -> list[Finding]:
    """Read a form that opens a sentence, and goes to the sentence's end."""
    opening = page.opening(line, start)
    if opening not in {"line", "sentence"} or (end < line.end and _goes_on(page.folded, end)):
        return []
    end = _sentence_end(page.text, end, line.end)
    whole = opening == "line" and not page.text[end : line.end].strip()
    if end - start > _LONGEST_SENTENCE:
        return []
    certain = form.strength == "sure" or (form.strength == "likely" and whole)
    return [Finding(start, end, form.kind, form.rule, certain=certain)]


def _goes_on(folded: str, end: int) -> bool:
    return folded[end].isalnum() and folded[end - 1].isalnum() and not _dense(folded[end])


def _sentence_end(text: str, position: int, limit: int) -> int:
    """Return where the sentence ends: behind its stop and closing quotation marks, or at the end of the line."""
    while position < limit:
        if text[position - 1] in SENTENCE_ENDS and (text[position].isspace() or text[position - 1] in DENSE_ENDS):
            return position
        position += 1
    return limit


def _sibling_lines(page: Page) -> list[Finding]:
    """Find lines that are another article's headline, alone or behind a short label of any wording."""
    findings = []
    for sibling in page.siblings:
        start = page.folded.find(sibling)
        while start >= 0:
            end = start + len(sibling)
            line = page.line_at(start)
            label = page.text[line.start : start].strip()
            if not line_key(page.text[end : line.end]) and (
                not line_key(label) or (len(label) <= _LONGEST_PREFIX and not label[-1].isalnum())
            ):
                findings.append(Finding(line.start, line.end, "interjection", "any.other-headline", certain=True))
            start = page.folded.find(sibling, end)
    return findings


def _in_company(page: Page, findings: list[Finding], weak: dict[int, Form]) -> list[Finding]:
    if not weak:
        return []
    gone = {
        page.line_at(finding.start).index for finding in findings if finding.certain and is_whole_line(page, finding)
    }
    found = []
    for run in _runs(sorted(weak)):
        certain = len(run) >= _RUN or run[0] - 1 in gone or run[-1] + 1 in gone
        for index in run:
            line, form = page.lines[index], weak[index]
            if certain or is_headline(page.text[line.start : line.end]):
                found.append(Finding(line.start, line.end, form.kind, form.rule, certain=certain))
    return found


def _runs(numbers: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def is_whole_line(page: Page, finding: Finding) -> bool:
    """Say whether nothing of the finding's line stays."""
    line = page.line_at(finding.start)
    return not line_key(page.text[line.start : finding.start]) and not line_key(page.text[finding.end : line.end])
