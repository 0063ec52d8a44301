"""Other articles' headlines, known as such without a label: by the feed's page, or by being a link of their own."""

from __future__ import annotations

import re

from agents.strip.forms import line_key
from agents.strip.headline import is_headline, is_sentence, opens_like_headline
from agents.strip.page import Finding, Line, Page
from agents.strip.signs import ANNOUNCING

_LONGEST_PREFIX = 40
_COLONS = ":："
_SHORTEST = 30
_FEWEST_WORDS = 4
_RELATED = 0.34
_LABELLED = re.compile(r"\W*\w+(?: \w+){0,3} ?[:|：｜] *\w+(?:\W+\w+){3}")
_WORDS = re.compile(r"\w{4,}")


def sibling_lines(page: Page) -> list[Finding]:
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
                findings += [
                    Finding(part.start, part.end, "interjection", "any.other-headline", certain=True)
                    for part in (*_label_above(page, line, label), line)
                ]
            start = page.folded.find(sibling, end)
    return findings


def _label_above(page: Page, line: Line, label: str) -> list[Line]:
    """Return the line above a headline that announces it with a colon or the like."""
    before = page.line_before(line)
    if label or before is None or before.end - before.start > _LONGEST_PREFIX:
        return []
    text = page.of(before).strip()
    return [before] if text[-1] in ANNOUNCING and not is_sentence(text[:-1]) else []


def linked_lines(page: Page) -> list[Finding]:
    """Find headlines that are a link with a line to themselves, between paragraphs of running text.

    A list of links is none (contents, shops), nor a heading that the next paragraph takes up.
    """
    findings = []
    for link in page.links:
        line = page.line_at(link.start)
        if (
            link.heading
            or not line.start <= link.start < line.end - 1 <= link.end
            or not _is_between_paragraphs(page, line)
        ):
            continue
        label, headline = page.text[line.start : link.start].strip(), page.text[link.start : link.end]
        if not is_headline(headline) or not opens_like_headline(headline) or page.is_title(line):
            continue
        announced = " " in headline.strip() and (
            (len(label) <= _LONGEST_PREFIX and label[-1:] in tuple(ANNOUNCING)) or _LABELLED.match(headline) is not None
        )
        alone = not line_key(label) and len(headline) >= _SHORTEST and len(headline.split()) > _FEWEST_WORDS
        if announced or (alone and not _is_taken_up(page, line)):
            findings.append(Finding(line.start, line.end, "interjection", "any.linked-headline", certain=True))
    return findings


def _is_between_paragraphs(page: Page, line: Line) -> bool:
    before = page.line_before(line)
    if before is not None and page.of(before).rstrip()[-1] in _COLONS:  # what is introduced is part of the text
        return False
    around = [other for other in (before, page.line_after(line)) if other is not None]
    return any(is_sentence(page.of(other)) for other in around) and not any(page.is_link(other) for other in around)


def _is_taken_up(page: Page, line: Line) -> bool:
    following = page.line_after(line)
    if following is None:
        return False
    words = set(_WORDS.findall(page.folded[line.start : line.end]))
    taken = words.intersection(_WORDS.findall(page.folded[following.start : following.end]))
    return len(taken) >= _RELATED * len(words)
