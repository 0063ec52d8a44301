"""One enriched item → its signature: what is left of a text when only likeness to others matters.

The lowest hashes of a text's runs are a sample that two texts draw alike, so what two samples share says what the texts
share: Jaccard likeness and containment, exact where a text has no more runs than the sample. The beginning and the
headline are sampled apart: a longer version of a piece begins like it, a piece that quotes it among other matters does
not.
"""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np

from agents.cluster.shingles import is_unspaced, shingles
from schemas.enriched import Enriched
from schemas.signature import NO_SKETCH, Signature, Sketch

SAMPLE = 224
"""Hashes kept of a text. With 224 the likeness of two texts is known to ± .015 (docs/stories.md)."""
LEAD = 56
"""Runs that are the beginning of a text: its first sixty words."""
LEAD_SAMPLE = 24
FEWEST = 4
"""Texts with fewer runs are like any other: they are compared with nothing."""
_TITLE_SAMPLE = 16
_WORD = re.compile(r"\w+")


def sign(event: Enriched, text: str) -> Signature:
    """Return the signature of an event.

    Args:
        event: The event; of its text only the headline is looked at.
        text: Its whole stripped text, whatever ``event.text`` carries.
    """
    return Signature(
        item_id=event.item_id,
        fetched=event.fetched,
        generation=event.generation,
        reason=event.reason,
        superseded=event.supersedes.fetched if event.supersedes else None,
        sketch=NO_SKETCH if event.reason == "withdrawn" else sketch(event.title, text),
    )


def sketch(title: str, text: str) -> Sketch:
    """Return the sketch of a headline and a stripped text; of the headline alone where there is no text to speak of."""
    runs = shingles(text)
    if runs.size < FEWEST:
        runs = shingles(f"{title}\n{text}")
    if runs.size < FEWEST:
        return NO_SKETCH
    lead = runs[:LEAD].copy()
    lead.sort()
    runs.sort()
    again = runs[1:] == runs[:-1]
    if again.any():
        runs = np.concatenate((runs[:1], runs[1:].compress(~again)))
    return Sketch(
        size=runs.size,
        lowest=runs[:SAMPLE].tobytes(),
        lead=lead[:LEAD_SAMPLE].tobytes(),
        title=_title(title),
    )


def _title(title: str) -> bytes:
    words = _WORD.findall(title.lower())
    if not title.isascii():
        words = [part for word in words for part in _parts(word)]
    hashes = sorted({crc32(word.encode()) & 0xFFFF for word in words})
    return b"".join([word.to_bytes(2, "little") for word in hashes[:_TITLE_SAMPLE]])


def _parts(word: str) -> list[str]:
    """Return a word as it is, or its pairs of characters where its script has no spaces."""
    if not is_unspaced(word):
        return [word]
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
