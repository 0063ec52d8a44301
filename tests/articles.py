"""The article that started geowire, our own twin of it, and mutants of both."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

_OWN = Path(__file__).parent / "fixtures" / "articles" / "aegean.yaml"


class Piece(Struct, frozen=True):
    """A paragraph, or a piece of one."""

    text: str
    promo: bool = False
    glued: bool = False
    """Stands in the same paragraph as the piece before."""
    linked: bool = False
    """A label followed by a link."""


class Article(Struct, frozen=True):
    """An article with known interjections; ``expected`` has the keys of seed_article.json."""

    title: str
    pieces: tuple[Piece, ...]
    expected: dict[str, Any]

    @property
    def removed(self) -> list[str]:
        return [piece.text for piece in self.pieces if piece.promo]

    @property
    def kept(self) -> list[str]:
        return [piece.text for piece in self.pieces if not piece.promo]

    def html(self) -> str:
        paragraphs: list[str] = []
        for piece in self.pieces:
            markup = _linked(piece.text) if piece.linked else _escaped(piece.text)
            if piece.glued:
                paragraphs[-1] += f" {markup}"
            else:
                paragraphs.append(markup)
        return "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def own() -> Article:
    """The article written for this project."""
    data = yaml.safe_load(_OWN.read_text("utf-8"))
    pieces = tuple(Piece(p.get("promo") or p["text"], promo="promo" in p) for p in data["paragraphs"])
    return Article(data["title"], pieces, data["expected"])


def seed(eval_data: Path) -> Article:
    """The article that started it, from the evaluation data."""
    expected = json.loads((eval_data / "eval/promo/seed_article.json").read_text("utf-8"))
    title, *lines = (eval_data / "eval/promo/seed_article.txt").read_text("utf-8").split("\n")
    promos = set(expected["removed_lines"])
    return Article(title, tuple(Piece(line, promo=line in promos) for line in lines if line.strip()), expected)


_LABELS = ("ALSO READ: ", "Read more: ", "RELATED: ", "See also: ", "Read Also | ", "DON'T MISS: ")
_HEADLINES = (
    "Harvest festival draws record crowds despite the rain",
    "How one village in the Andes saved its school",
    'Actor says the sequel "will surprise everyone"',
    "Five things to know about the new tax on parking",
    "Champions held to a draw after late penalty",
)


def _other_labels(pieces: Sequence[Piece], draw: random.Random) -> list[Piece]:
    """Other labels and other headlines where the labelled lines stood."""
    labels, headlines = draw.sample(_LABELS, 4), draw.sample(_HEADLINES, 4)
    texts = iter([label + headline for label, headline in zip(labels, headlines, strict=True)])
    return [Piece(next(texts), promo=True) if _labelled(piece) else piece for piece in pieces]


def _other_order(pieces: Sequence[Piece], draw: random.Random) -> list[Piece]:
    """The labelled lines in other places; the widget line stays on top."""
    first, *rest = pieces
    moved = [piece for piece in rest if not piece.promo]
    for piece in draw.sample([piece for piece in rest if piece.promo], 4):
        moved.insert(draw.randrange(1, len(moved)), piece)
    return [first, *moved]


def _glued_behind(pieces: Sequence[Piece], draw: random.Random) -> list[Piece]:
    """One labelled line at the end of the paragraph before it."""
    number = _one_labelled(pieces, draw)
    return _replaced(pieces, number, msgspec.structs.replace(pieces[number], glued=True))


def _glued_between(pieces: Sequence[Piece], draw: random.Random) -> list[Piece]:
    """Label and link in the middle of a paragraph, between two of its sentences."""
    number = _one_labelled(pieces, draw)
    label = Piece(draw.choice(_LABELS) + draw.choice(_HEADLINES), promo=True, glued=True, linked=True)
    changed = _replaced(pieces, number, label)
    return _replaced(changed, number + 1, msgspec.structs.replace(changed[number + 1], glued=True))


def _bare_label(pieces: Sequence[Piece], draw: random.Random) -> list[Piece]:
    """One label that has lost its headline: only the label goes, the paragraph behind it stays."""
    return _replaced(pieces, _one_labelled(pieces, draw), Piece("READ:", promo=True))


MUTATIONS: dict[str, Callable[[Sequence[Piece], random.Random], list[Piece]]] = {
    "other labels and headlines": _other_labels,
    "other order": _other_order,
    "one glued behind a paragraph": _glued_behind,
    "one glued into a paragraph": _glued_between,
    "one label without headline": _bare_label,
}


def mutants(article: Article, each: int = 3) -> Iterator[tuple[str, Article]]:
    """The article itself, and so many mutants of every kind, with their names."""
    yield "itself", article
    for kind, mutate in MUTATIONS.items():
        for number in range(each):
            pieces = mutate(article.pieces, random.Random(f"{kind} {number}"))
            yield f"{kind}, {number}", msgspec.structs.replace(article, pieces=tuple(pieces))


def _labelled(piece: Piece) -> bool:
    return piece.promo and ":" in piece.text


def _one_labelled(pieces: Sequence[Piece], draw: random.Random) -> int:
    return draw.choice([number for number, piece in enumerate(pieces) if _labelled(piece)])


def _replaced(pieces: Sequence[Piece], number: int, piece: Piece) -> list[Piece]:
    return [*pieces[:number], piece, *pieces[number + 1 :]]


def _linked(text: str) -> str:
    label, separator, headline = text.partition(": ") if ": " in text else text.partition(" | ")
    return f'<strong>{_escaped(label + separator)}</strong><a href="/another">{_escaped(headline)}</a>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
