"""Labels that announce another article, and how much of what follows them is its headline.

The structures: label and headline on one line; a label alone, its headlines on the next lines; a label alone, its
headline lost, genuine text next; all of it glued into a paragraph; no separator at all.
"""

from __future__ import annotations

import re

from msgspec import Struct

from agents.strip.forms import Form, line_key
from agents.strip.headline import (
    ends_sentence,
    inner_stop,
    is_closed_title,
    is_headline,
    is_sentence,
    is_stopless,
    opens_like_headline,
)
from agents.strip.page import Finding, Line, Page, match_form
from agents.strip.signs import (
    ANNOUNCING,
    BRACKETS_CLOSING,
    BRACKETS_OPENING,
    DECORATION,
    QUOTES_CLOSING,
    QUOTES_OPENING,
    SENTENCE_ENDS,
)
from agents.strip.split import split_headline

_SEPARATOR = re.compile(
    rf"[ \t]*(?:(?:[{re.escape(ANNOUNCING + BRACKETS_CLOSING)}]|\.{{2,}}|-(?!\d)|👉|⚡)\ufe0f?[ \t]*)*"
)
_BULLETS = BRACKETS_OPENING + "▶►▸▷■●◆☞👉"
_CLOSING = " \t*_" + BRACKETS_CLOSING
_MOST_HEADLINES = 5
_MOST_LINES = 12
_ROW = 3
"""So many headlines in a row are a list: subheadings do not come three in a row."""
_SHORTEST = 20
_FAR = 1_000
_SHORT, _FEW_WORDS = 42, 5
_UNCASED = "\u0590"
_COLONS = ":：|｜>»"
_INTRODUCING = ":：;…"
_ADDRESS = re.compile(r"https?://\S+(?:\s+(?:pic\.twitter\.com/|https?://)\S+)*")


class _Label(Struct, frozen=True):
    """A label where it stands.

    Attributes:
        opening: How it stands in its line (``Page.opening``).
        separated: Whether a colon, dash or the like follows.
        strength: Its form's strength; a weak label in capitals, as no sentence begins, is a likely one.
        rest: Where what follows on the line starts.
        end: Where that ends, closing brackets left out.
    """

    form: Form
    line: Line
    start: int
    text: str
    opening: str
    separated: bool
    strength: str
    rest: int
    end: int

    def finding(self, end: int, *, certain: bool) -> Finding:
        return Finding(self.start, end, self.form.kind, self.form.rule, certain)


def read_label(page: Page, form: Form, start: int, end: int) -> list[Finding]:
    """Read a label that was found anywhere, and what follows it on its line."""
    label = _locate(page, form, start, end)
    if label is None or not _may_stand(label):
        return []
    rest = page.text[label.rest : label.end]
    if rest.strip(" \t."):
        return _read_with_rest(page, label, rest)
    if label.opening == "line":
        return read_lone_label(page, form, label.line)
    return [label.finding(label.line.end, certain=label.strength == "sure")]


def read_lone_label(page: Page, form: Form, line: Line) -> list[Finding]:
    """Read a label that has its line to itself: it goes, and so do the headlines on the next lines."""
    headlines = _headlines_after(page, line, closes=form.closes)
    strength = _strength(page, form, page.of(line))
    announces = page.of(line).rstrip()[-1] in _COLONS
    if strength == "faint":
        headlines = [headline for headline in headlines if _is_known(page, headline)]
        certain = bool(headlines)
    else:
        last = line.index > 0 and page.line_after(line) is None  # a teaser's last word: "Read"
        certain = strength != "weak" or (form.language in page.held and (last or (bool(headlines) and announces)))
    if not certain:
        return [Finding(line.start, line.end, form.kind, form.rule, certain=False)]
    return [Finding(part.start, part.end, form.kind, form.rule, certain=True) for part in (line, *headlines)]


def _read_with_rest(page: Page, label: _Label, rest: str) -> list[Finding]:
    if not label.separated and not _opens_headline(rest, label):
        return []
    known = _known_reach(page, label)
    reach = known if known is not None else _reach(page, label)
    if reach is not None:
        doubtful = known is None and (label.strength == "faint" or (label.strength == "weak" and not page.proven))
        return [label.finding(reach, certain=not doubtful)]
    if label.strength != "sure" or not label.separated:
        return []
    # The headline is lost, genuine text follows: only the label goes.
    first = inner_stop(rest)
    end = label.end if first is None else label.rest + first
    doubt = Finding(label.rest, end, label.form.kind, label.form.rule, certain=False)
    return [label.finding(label.rest, certain=True), doubt]


def _locate(page: Page, form: Form, start: int, end: int) -> _Label | None:
    span = match_form(page, form, start, end)
    if span is None:
        return None
    start, end = span
    text, line = page.text, page.line_at(start)
    if end < line.end and text[end].isalnum() and text[end - 1].isalnum() and text[end] < "\u0e00":
        return None
    opening = page.opening(line, start)
    if opening is None:
        return None
    separator = _SEPARATOR.match(text, end, line.end)
    rest = separator.end() if separator is not None else end
    return _Label(
        form=form,
        line=line,
        start=_before_bullets(text, line.start, start) if opening == "sentence" else start,
        text=text[start:end],
        opening=opening,
        separated=text[end:rest].strip() != "" or not text[end - 1].isalnum(),
        strength=_strength(page, form, text[start:end]),
        rest=rest,
        end=rest + len(_within_reach(text[rest : min(line.end, rest + _FAR)], whole=line.end <= rest + _FAR)),
    )


def _within_reach(rest: str, *, whole: bool) -> str:
    """Return what follows a label on its line; of a very long line, the sentences that begin it."""
    if whole:
        return rest.rstrip(_CLOSING)
    return rest[: max(map(rest.rfind, SENTENCE_ENDS)) + 1]


def _before_bullets(text: str, line: int, start: int) -> int:
    """Return where the bullets or brackets begin that stand right before a label within its line."""
    before = text[line:start]
    return line + len(before.rstrip(_BULLETS + " \t")) if before.rstrip(" \t")[-1:] in tuple(_BULLETS) else start


def _strength(page: Page, form: Form, text: str) -> str:
    return "likely" if form.strength == "weak" and text.isupper() and form.language in page.held else form.strength


def _may_stand(label: _Label) -> bool:
    """Say whether a label can stand here: at a line's start all can, within a paragraph the separated ones."""
    if label.opening == "line":
        return True
    if not label.separated or label.text[:1].islower():
        return False
    spoken = " " in label.text.strip() or label.text.isupper()
    return label.strength == "sure" or (label.strength == "likely" and label.opening == "sentence" and spoken)


def _opens_headline(rest: str, label: _Label) -> bool:
    """Say whether what follows a label without separator is a headline rather than the rest of a sentence."""
    if " " not in label.text.strip() or label.strength != "sure":
        return False
    first = next((character for character in rest if character.isalnum()), "a")
    return first.isupper() or first.isdigit() or first >= _UNCASED


def _known_reach(page: Page, label: _Label) -> int | None:
    """Return where what is known as a headline ends behind a label: one of the page's, an address, a link."""
    sibling = page.sibling_from(label.rest)
    if sibling is not None:
        return sibling
    rest = page.text[label.rest : label.end]
    if _ADDRESS.fullmatch(rest):
        return label.end
    link = page.link_from(label.rest)
    if link is not None and link.end - link.start >= _SHORTEST and link.end <= label.end + 2:
        after = page.text[link.end : label.end].strip()
        if not is_headline(rest) or after[:1].isupper() or after[:1] in tuple(QUOTES_OPENING):
            return link.end
        return label.end
    return None


def _reach(page: Page, label: _Label) -> int | None:
    """Return where the headline behind a label ends, or None where there is none or its end cannot be told."""
    rest = page.text[label.rest : label.end]
    opens_line = label.opening == "line" and label.strength == "sure" and label.separated
    if is_headline(rest) and (opens_line or opens_like_headline(rest)) and not page.goes_on(label.line):
        return label.end
    if opens_line and ((len(rest) < _SHORTEST and not is_sentence(rest)) or is_closed_title(rest)):
        return label.end
    split = split_headline(rest, page.forms.openers.get(page.language, frozenset()))
    return None if split is None else label.rest + split


def _headlines_after(page: Page, label: Line, *, closes: bool) -> list[Line]:
    """Return the lines after a label that are its headlines.

    One line that looks like a headline is, unless the label can close a teaser whose headline is the line before.
    More are if they are linked or known headlines, stand as close to the label as no paragraphs stand in this text, are
    three or more in a row, or are the end of the text; else the second may be the article's next subheading.
    """
    run: list[Line] = []
    known = 0
    line = page.line_after(label)
    while line is not None and len(run) < _MOST_HEADLINES and line.index - label.index <= _MOST_LINES:
        text = page.of(line)
        if line_key(page.folded[line.start : line.end]) in page.forms.lines:
            if run:
                break
            line = page.line_after(line)
            continue
        if _is_known(page, line):
            known = len(run) + 1
        elif not _may_be_headline(page, line, text):
            break
        run.append(line)
        line = page.line_after(line)
    if line is None:
        return run
    row = len(run) - bool(run and _is_short(page.of(run[-1])))
    if row >= _ROW:
        return run[: max(known, row)]
    doubtful = closes and (_closes_teaser(page, label) or (bool(run) and _is_short(page.of(run[0]))))
    return run[: max(known, 0 if doubtful else 1, _close_lines(page, label, run))]


def _may_be_headline(page: Page, line: Line, text: str) -> bool:
    bare = text if ends_sentence(text) else text.strip(DECORATION)
    return (
        is_headline(bare)
        and not is_stopless(bare)
        and opens_like_headline(text)
        and text.rstrip()[-1] not in _INTRODUCING
        and not _is_quotation(text)
        and not page.goes_on(line)
    )


def _is_short(text: str) -> bool:
    """Say whether a line is as short as subheadings are, and headlines hardly ever."""
    return len(text) < _SHORT and len(text.split()) <= _FEW_WORDS


def _closes_teaser(page: Page, label: Line) -> bool:
    """Say whether a label without separator stands behind a headline rather than before one."""
    before = page.line_before(label)
    if before is None or page.of(label).rstrip()[-1] in ANNOUNCING:
        return False
    text = page.of(before)
    return is_headline(text) and opens_like_headline(text) and text.rstrip()[-1].isalnum()


def _is_quotation(text: str) -> bool:
    """Say whether a line is all quotation: what somebody said stands so as a subheading, hardly ever as a headline."""
    text = text.strip()
    return text[:1] in tuple(QUOTES_OPENING) and text[-1:] in tuple(QUOTES_CLOSING)


def _is_known(page: Page, line: Line) -> bool:
    """Say whether a line is all link, or another article's headline."""
    return page.sibling_from(line.start) is not None or page.is_link(line)


def _close_lines(page: Page, label: Line, run: list[Line]) -> int:
    """Return how many of the lines stand close to the label where the text's paragraphs stand apart."""
    if not page.spaced:
        return 0
    count, position = 0, label.end
    for line in run:
        if page.text.count("\n", position, line.start) > 1:
            break
        count, position = count + 1, line.end
    return count
