"""One pass over a text: where forms stand, and what of the text goes with them."""

from __future__ import annotations

from msgspec import Struct, structs

from agents.strip.bars import read_bar
from agents.strip.forms import Form, line_key, uncounted
from agents.strip.headline import ends_sentence, is_headline
from agents.strip.label import read_label, read_lone_label
from agents.strip.links import linked_lines, sibling_lines
from agents.strip.page import Finding, Line, Page, match_form
from agents.strip.signs import DECORATION, DENSE_ENDS, FULL_STOPS, SENTENCE_ENDS, is_dense

_LONGEST_LINE = 160
_LONGEST_LABEL = 45
_LONGEST_SENTENCE = 320
_FEW = 20
"""Letters of two or three words."""
_RUN = 3
"""So many weak lines in a row ("Facebook", "Twitter", "Email") need no other neighbour."""


class Found(Struct):
    """What one pass found.

    Attributes:
        findings: What is, or may be, no part of the article; unordered, may overlap.
        again: Whether another pass may find more once these are gone: something was looked at that depends on the
            lines around it, and stays.
    """

    findings: list[Finding]
    again: bool


def find(page: Page) -> Found:
    """Find everything in the text that is, or may be, no part of the article."""
    if not page.lines:
        return Found([], again=False)
    # Step 1. Lines that are nothing but a known phrase.
    findings, weak, again = _whole_lines(page)
    # Step 2. Anchors of all other forms, the genuine look-alikes first.
    hits = _hits(page)
    kept = done = barred = 0
    for start, end, form in hits:
        if form.shape == "keep":
            kept = max(kept, _end_of_kept(page, form, start))
            continue
        if start < kept or (form.shape == "label" and start < done) or (form.shape == "bar" and start < barred):
            continue
        found = _apply(page, form, start, end)
        if form.shape == "bar":
            barred = page.line_at(start).end
        elif form.shape == "label":
            ends = [finding.end for finding in found if finding.certain]
            done = max(ends, default=done)
            again |= not ends
        findings += found
    # Step 3. Headlines of other articles, with or without a label we know.
    if page.siblings or page.links:
        findings += [*sibling_lines(page), *linked_lines(page)]
        again = True
    # Step 4. Doubtful parts and weak lines go where what stands beside them goes.
    findings = _filled_lines(page, findings)
    company, left = _in_company(page, findings, weak)
    return Found(findings + company, again or left)


def _whole_lines(page: Page) -> tuple[list[Finding], dict[int, Form], bool]:
    """Return the lines that are a phrase, those that are one if their neighbours are, and if others may come to be."""
    findings: list[Finding] = []
    weak: dict[int, Form] = {}
    again = False
    known, folded, longest = page.forms.lines, page.folded, page.forms.longest_line
    for line in page.lines:
        if line.end - line.start > longest:
            continue
        key = line_key(folded[line.start : line.end])
        form = _of_language(page, known.get(key)) or _counted(page, key)
        if form is None or page.is_title(line):
            continue
        if _is_rest(page, line):
            again = True
        elif form.shape == "label":
            read = read_lone_label(page, form, line)
            again |= not read[0].certain
            findings += read
        elif form.strength == "weak":
            weak[line.index] = form
        else:
            findings.append(Finding(line.start, line.end, form.kind, form.rule, form.strength == "sure" or page.proven))
    return findings, weak, again


def _of_language(page: Page, forms: tuple[Form, ...] | None) -> Form | None:
    """Return the form of the text's own language, else of one that holds there; labels before lines, but weak ones."""
    if forms is None:
        return None
    valid = [form for form in forms if form.language in page.held or (form.foreign and form.strength == "sure")]
    return min(
        valid,
        key=lambda form: (form.language != page.language, _RANK[form.strength], form.shape != "label"),
        default=None,
    )


_RANK = {"sure": 0, "likely": 0, "weak": 1, "faint": 2}


def _counted(page: Page, key: str) -> Form | None:
    """Return the form of a line with a number to it: ``Comments (4)``, ``Advertisement 2``, ``3 shares``."""
    if not key or not (key[0].isdigit() or key[-1].isdigit()):
        return None
    form = _of_language(page, page.forms.lines.get(uncounted(key)))
    return form if form is not None and form.shape == "line" and form.strength != "weak" else None


def _is_rest(page: Page, line: Line) -> bool:
    """Say whether a line is the rest of a sentence that was broken into lines: "of 4 dlrs a / share."."""
    before = page.line_before(line)
    if before is None or before.end + 1 != line.start or page.text[before.end - 1] in SENTENCE_ENDS:
        return False
    text = page.of(line).strip()
    return text[:1].islower() and text[-1:] in FULL_STOPS


def _hits(page: Page) -> list[tuple[int, int, Form]]:
    """Return (start, end, form) for every anchor at a place where its form can stand, the earlier and longer first."""
    folded, by_anchor = page.folded, page.matcher.by_anchor
    found = []
    for hit in page.hits:
        start = hit.start
        within = start > 1 and folded[start - 1] == " " and (folded[start - 2].isalnum() or folded[start - 2] == ",")
        found += [(start, hit.end, form) for form in by_anchor[hit.anchor] if form.inside or not within]
    found += _foreign_labels(page)
    if len(found) > 1:
        found.sort(key=lambda hit: (hit[0], hit[2].shape != "keep", -hit[1], hit[2].language != page.language))
    return found


def _foreign_labels(page: Page) -> list[tuple[int, int, Form]]:
    """Return labels of languages that are not looked for in this text, where they open a line with a colon behind."""
    found = []
    folded, known, held = page.folded, page.forms.lines, page.held
    for line in page.lines:
        end = folded.find(":", line.start, line.start + _LONGEST_LABEL)
        if not 0 <= end < line.end:
            continue
        forms = known.get(line_key(folded[line.start : end]))
        if forms is None:
            continue
        start = end - len(folded[line.start : end].lstrip(DECORATION))
        found += [
            (start, len(folded[:end].rstrip()), form)
            for form in forms
            if form.shape == "label" and form.strength == "sure" and form.foreign and form.language not in held
        ]
    return found


def _end_of_kept(page: Page, form: Form, start: int) -> int:
    """Return where a genuine look-alike ends; what begins within it stays."""
    match = match_form(page, form, start, 0)
    return 0 if match is None else match[1]


def _apply(page: Page, form: Form, start: int, end: int) -> list[Finding]:
    if form.shape == "label":
        return read_label(page, form, start, end)
    if form.shape == "bar":
        return read_bar(page, start)
    span = match_form(page, form, start, end)
    if span is None:
        return []
    spoken = end - start
    start, end = span
    line = page.line_at(start)
    if form.shape == "fragment":
        return [Finding(start, end, form.kind, form.rule, certain=form.strength != "weak")]
    if form.shape == "line":
        return _line(page, form, line, start, end, spoken=spoken)
    return _sentence(page, form, line, start, end)


def _line(page: Page, form: Form, line: Line, start: int, end: int, *, spoken: int) -> list[Finding]:
    """Read a form that has to fill its line; one of few words that leaves the rest open must not be a sentence."""
    if line_key(page.folded[line.start : start]) or line_key(page.folded[end : line.end]) or page.is_title(line):
        return []
    certain = form.strength == "sure" or (form.strength == "likely" and page.proven)
    text = page.of(line).rstrip()
    is_open = form.pattern is not None and form.pattern.endswith(("…", "*"))
    if len(text) > _LONGEST_LINE or (is_open and (text[-1] in _COLONS or (spoken < _FEW and ends_sentence(text)))):
        return []
    return [Finding(line.start, line.end, form.kind, form.rule, certain=certain)]


def _sentence(page: Page, form: Form, line: Line, start: int, end: int) -> list[Finding]:
    """Read a form that opens a sentence, and goes to the sentence's end."""
    opening = page.opening(line, start)
    if (
        opening not in {"line", "sentence"}
        or page.is_title(line)
        or (form.pattern is None and _runs_on(page, line, end))
    ):
        return []
    end = _sentence_end(page.text, end, line.end)
    if end - start > _LONGEST_SENTENCE:
        return []
    whole = opening == "line" and not line_key(page.folded[end : line.end])
    certain = form.strength == "sure" or (form.strength == "likely" and whole)
    return [Finding(start, end, form.kind, form.rule, certain=certain)]


def _runs_on(page: Page, line: Line, end: int) -> bool:
    folded = page.folded
    return end < line.end and folded[end].isalnum() and folded[end - 1].isalnum() and not is_dense(folded[end])


def _sentence_end(text: str, position: int, limit: int) -> int:
    """Return where the sentence ends: behind its stop and closing quotation marks, or at the end of the line."""
    while position < limit:
        if text[position - 1] in SENTENCE_ENDS and (text[position].isspace() or text[position - 1] in DENSE_ENDS):
            return position
        position += 1
    return limit


def _filled_lines(page: Page, findings: list[Finding]) -> list[Finding]:
    """Make doubtful sentences certain where forms fill their whole line: a notice of several sentences."""
    if len(findings) == 1 or not any(_is_doubtful(finding) for finding in findings):
        return findings
    by_line: dict[int, list[Finding]] = {}
    for finding in findings:
        by_line.setdefault(page.line_at(finding.start).index, []).append(finding)
    result: list[Finding] = []
    for index, found in by_line.items():
        if len(found) > 1 and any(map(_is_doubtful, found)) and _is_filled(page, page.lines[index], found):
            found = [structs.replace(f, certain=True) if _is_doubtful(f) else f for f in found]  # noqa: PLW2901
        result += found
    return result


def _is_doubtful(finding: Finding) -> bool:
    return not finding.certain and finding.kind != "interjection"


def _is_filled(page: Page, line: Line, findings: list[Finding]) -> bool:
    position = line.start
    for finding in sorted(findings, key=lambda f: f.start):
        if finding.end <= position:
            continue
        if line_key(page.folded[position : max(position, finding.start)]):
            return False
        position = finding.end
    return not line_key(page.folded[position : line.end])


def _in_company(page: Page, findings: list[Finding], weak: dict[int, Form]) -> tuple[list[Finding], bool]:
    """Return the weak lines that go, or may; and whether some stay."""
    if not weak:
        return [], False
    left = False
    gone = {
        page.line_at(finding.start).index
        for finding in findings
        if finding.certain and finding.kind not in _NO_COMPANY and is_whole_line(page, finding)
    }
    found = []
    for run in _runs(sorted(weak)):
        beside = run[0] - 1 in gone or run[-1] + 1 in gone
        certain = beside or (len(run) >= _RUN and not _is_introduced(page, run[0]))
        left |= not certain
        for index in run:
            line, form = page.lines[index], weak[index]
            if certain or is_headline(page.of(line)):
                found.append(Finding(line.start, line.end, form.kind, form.rule, certain=certain))
    return found, left


_NO_COMPANY = frozenset({"advertisement", "attribution"})
"""What stands among paragraphs and subheadings, too."""


def _is_introduced(page: Page, index: int) -> bool:
    """Say whether the line before one introduces a list, with a colon."""
    return index > 0 and page.of(page.lines[index - 1]).rstrip()[-1] in _COLONS


_COLONS = ":："


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
    if finding.start - line.start > _LONGEST_LINE or line.end - finding.end > _LONGEST_LINE:
        return False
    return not line_key(page.text[line.start : finding.start]) and not line_key(page.text[finding.end : line.end])
