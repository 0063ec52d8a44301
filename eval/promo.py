"""The interjection data: documents with spans, pages with strangers' gold, look-alikes, clean articles.

Everything is given out as a ``Text`` with the spans that should go and the spans that should stay.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from eval.data import records

_READ = Path(__file__).parent / "promo_read.txt"
_PAGES = ("naeb", "fundus", "fundus_eval", "scrapinghub")
_CLEAN = ("topics/bbc2225", "topics/10kgnad_test", "topics/muc4", "countries/geovirus", "countries/reuters21578")
_ALL_LINK = 0.95
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_BEFORE = "The committee met for two hours on Tuesday and heard nine witnesses from four regions."
_BEHIND = "No date for the next meeting was set, according to its secretary."
_LABEL = re.compile(r"(.{2,40}?)\s*(?:[:|]|\s[-–]|-(?=\S)|…|\.{2,})\s*(?=\S)")


class Span(Struct, frozen=True):
    """A span of a text, with the id it has in the reports."""

    id: str
    start: int
    end: int


class Masked(Struct, frozen=True):
    """A text whose label says nothing any more, and what still gives the interjection away.

    Attributes:
        source: The text, HTML where the headline was a link.
        gone: Every one of these strings should go.
        siblings: Other headlines of the page.
    """

    id: str
    source: str
    gone: tuple[str, ...]
    siblings: tuple[str, ...] = ()


class Text(Struct, frozen=True, kw_only=True):
    """A text to strip.

    Attributes:
        language: As the data says; empty where it does not.
        goes: Interjections, by the evidence for them (``title_match``, ``gold_dropped``).
        stays: Genuine lines.
        masked: The same text with the label of one interjection masked, by evidence.
        source: The page as HTML, where the data says what was a link.
    """

    id: str
    title: str
    text: str
    language: str = ""
    goes: tuple[tuple[str, Span], ...] = ()
    stays: tuple[Span, ...] = ()
    masked: tuple[tuple[str, Masked], ...] = ()
    source: str = ""


def documents(promo: Path) -> Iterator[Text]:
    """Yield the documents that have spans with strong evidence."""
    for path in sorted((promo / "documents").glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        for number, record in enumerate(records(path)):
            strong = [span for span in record["spans"] if _is_strong(span)]
            ids = [f"{name}#{number}@{span['start']}" for span in strong]
            masks = [(s["evidence"], m) for id_, s in zip(ids, strong, strict=True) if (m := _mask(id_, record, s))]
            yield Text(
                id=f"{name}#{number}",
                title=record["title"] or "",
                text=record["text"],
                language=record["lang"],
                goes=tuple(
                    (s["evidence"], Span(id_, s["start"], s["end"])) for id_, s in zip(ids, strong, strict=True)
                ),
                masked=tuple(masks),
            )


def _is_strong(span: dict[str, Any]) -> bool:
    return span["evidence"] == "title_match" or (span["evidence"] == "gold_dropped" and span["promo_lexicon"] is True)


def pages(promo: Path) -> Iterator[Text]:
    """Yield the pages with strangers' gold: every line, the kept ones as what stays; grey ones count neither way."""
    grey = {record["text"] for record in records(promo / "promo_grey_lines.jsonl")}
    for name in _PAGES:
        for record in records(promo / f"{name}_lines.jsonl.gz"):
            id_ = f"{name}/{record['id'].removesuffix('.html.gz')}"
            yield _page(id_, record["title"], record["lines"], grey)


def golds(promo: Path) -> Iterator[Text]:
    """Yield the same pages as their gold has them: the kept lines alone."""
    grey = {record["text"] for record in records(promo / "promo_grey_lines.jsonl")}
    for name in _PAGES:
        for record in records(promo / f"{name}_lines.jsonl.gz"):
            id_ = f"{name}/{record['id'].removesuffix('.html.gz')}"
            yield _page(id_, record["title"], record["lines"], grey, gold_alone=True)


def read_lines() -> frozenset[str]:
    """Return the ids of lines that the gold keeps and that are interjections or furniture to whoever reads them."""
    return frozenset(line.strip() for line in _READ.read_text("utf-8").splitlines() if line and line[0] != "#")


def _page(id_: str, title: str, lines: list[dict[str, Any]], grey: set[str], *, gold_alone: bool = False) -> Text:
    stays: list[Span] = []
    markup: list[str] = []
    position = 0
    used = [(number, line) for number, line in enumerate(lines) if not gold_alone or line["label"] == "keep"]
    for number, line in used:
        text = line["text"]
        if line["label"] == "keep" and text not in grey:
            stays.append(Span(f"{id_}@{number}", position, position + len(text)))
        position += len(text) + 1
        escaped = html.escape(text, quote=False)
        tag = line["tag"] if line["tag"] in _HEADINGS else "p"
        linked = f"<a href='/x'>{escaped}</a>" if line["link"] >= _ALL_LINK else escaped
        markup.append(f"<{tag}>{linked}</{tag}>")
    text = "\n".join(line["text"] for _, line in used)
    return Text(id=id_, title=title, text=text, stays=tuple(stays), source="".join(markup))


def look_alikes(promo: Path) -> Iterator[Text]:
    """Yield the hard negatives, each alone and between two sentences."""
    for number, record in enumerate(records(promo / "promo_hard_negatives.jsonl")):
        text, following = record["text"], record["next_line"]
        framed = "\n\n".join([_BEFORE, text, *([following] if following else []), _BEHIND])
        start = len(_BEFORE) + 2
        id_ = f"hard#{number}"
        for whole, begin in ((text, 0), (framed, start)):
            span = Span(id_, begin, begin + len(text))
            yield Text(id=id_, title="", text=whole, language=record["lang"], stays=(span,))


def clean(data: Path) -> Iterator[Text]:
    """Yield articles that hold nothing but the article."""
    for name in _CLEAN:
        for record in records(data / "eval" / f"{name}.jsonl.gz"):
            text = record["text"]
            id_ = str(record["id"])
            yield Text(id=id_, title=record["title"] or "", text=text, stays=(Span(id_, 0, len(text)),))


def _mask(id_: str, record: dict[str, Any], span: dict[str, Any]) -> Masked | None:
    """Return the text with the span's label made unknown, or None where nothing else would give it away."""
    text, start, end = record["text"], span["start"], span["end"]
    label = _LABEL.match(text, start, end)
    if span["evidence"] == "title_match":
        if label is None:  # the label has the line before
            line = text.rfind("\n", 0, start - 1) + 1
            return Masked(
                id_, text[:line] + _shifted(text[line:start]) + text[start:], (span["text"],), (span["text"],)
            )
        head = text[label.end() : end]
        masked = _shifted(text[start : label.end()])
        return Masked(
            id_, text[:start] + masked + text[start:end][len(masked) :] + text[end:], (masked.strip(), head), (head,)
        )
    if label is None or span["link_density"] < 0.5 or end - label.end() < 20:
        return None
    masked, head = _shifted(text[start : label.end()]), text[label.end() : end]
    inside = span["link_density"] >= _ALL_LINK
    linked = (
        f"<a href='/x'>{html.escape(masked + head)}</a>"
        if inside
        else (f"{html.escape(masked)}<a href='/x'>{html.escape(head)}</a>")
    )
    lines = [html.escape(line) for line in f"{text[:start]}\0{text[end:]}".split("\n")]
    source = "".join(f"<p>{line}</p>" for line in lines).replace("\0", linked)
    return Masked(id_, source, (masked.strip(), head))


def _shifted(label: str) -> str:
    """Return a label with every letter another one of its script and case."""
    return "".join(_next(character) for character in label)


def _next(character: str) -> str:
    if not character.isalpha():
        return character
    if character.isascii():
        first = "a" if character.islower() else "A"
        return chr(ord(first) + (ord(character) - ord(first) + 7) % 26)
    other = chr(ord(character) + 1)
    return other if other.isalpha() and other.islower() == character.islower() else character
