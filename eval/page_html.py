"""Pages with strangers' gold, put together again from their lines.

The data hold the lines of each page with the path of the elements around each, six levels of names, ids and classes,
and how much of the line is link; the pages themselves are not there. What stood around the article (navigation, footer)
is mostly missing, so what an extractor makes of that is not measured here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from msgspec import Struct

from eval.data import records

_SETS = ("naeb", "fundus", "fundus_eval", "scrapinghub")
_MOSTLY = 0.95
_HARDLY = 0.02
_LETTERS = re.compile(r"\W+")
# Elements above the sixth are not in the data; extractors take what stands right below the body for navigation.
_ABOVE = "<div><div><div>"


class Line(Struct, frozen=True):
    """A line of a page: its text reduced to letters, whether it is genuine, whether it stands behind the article."""

    letters: str
    genuine: bool
    behind: bool


class Page(Struct, frozen=True):
    """A page and the lines that count; those that the gold keeps in part count neither way."""

    id: str
    html: str
    lines: tuple[Line, ...]


def pages(promo: Path) -> Iterator[tuple[str, Page]]:
    """Yield the pages with the names of their data sets."""
    for name in _SETS:
        for record in records(promo / f"{name}_lines.jsonl.gz"):
            lines = (
                Line(letters(line["text"]), line["label"] == "keep", line["pos"] == "tail")
                for line in record["lines"]
                if line["label"] in {"keep", "drop"}
            )
            yield (
                name,
                Page(
                    id=f"{name}/{record['id'].removesuffix('.html.gz')}",
                    html=_page(record["title"] or "", [(e["path"], e["text"], e["link"]) for e in record["lines"]]),
                    lines=tuple(line for line in lines if line.letters),
                ),
            )


def letters(text: str) -> str:
    """Return a text without anything but letters and digits, in lower case."""
    return _LETTERS.sub("", text).casefold()


def _page(title: str, lines: Sequence[tuple[str, str, float]]) -> str:
    parts = [f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{escape(title)}</title></head><body>{_ABOVE}"]
    inside: list[str] = []
    for path, text, link in lines:
        *around, own = reversed(path.split(" < "))
        kept, skipped = _shared(inside, around)
        parts += [f"</{_name(inside.pop())}>" for _ in range(len(inside) - kept)]
        new = [element for element in around[skipped:] if _name(element) not in {"html", "body"}]
        parts += [_tag(element) for element in (*new, own)]
        inside += new
        parts += [_linked(text, link), f"</{_name(own)}>"]
    parts += [f"</{_name(element)}>" for element in reversed(inside)]
    return "".join(parts) + "</div></div></div></body></html>"


def _shared(inside: list[str], around: list[str]) -> tuple[int, int]:
    """Return how many of the open elements stay open for a line, and how many of its own are open by that.

    Paths end six levels up, wherever that is: they are laid over each other where they agree most.
    """
    best = (0, 0, 0)
    starts = [(start, 0) for start in range(len(inside))] + [(0, start) for start in range(1, len(around))]
    for one, other in starts:
        length = 0
        while (
            one + length < len(inside)
            and other + length < len(around)
            and inside[one + length] == around[other + length]
        ):
            length += 1
        best = max(best, (length, one + length, other + length))
    length, kept, skipped = best
    return (kept, skipped) if length else (0, 0)


def _name(element: str) -> str:
    return re.split(r"[.#]", element, maxsplit=1)[0]


def _tag(element: str) -> str:
    named, _, identifier = element.partition("#")
    name, *classes = named.split(".")
    found = " ".join(part for part in classes if part)
    return (
        f"<{name}"
        + (f' id="{escape(identifier)}"' if identifier else "")
        + (f' class="{escape(found)}"' if found else "")
        + ">"
    )


def _linked(text: str, link: float) -> str:
    if link < _HARDLY:
        return escape(text)
    cut = 0 if link >= _MOSTLY else int(len(text) * (1 - link))
    return f'{escape(text[:cut])}<a href="/x">{escape(text[cut:])}</a>'
