"""A text as the hashes of its shingles: runs of five words, in the order of the text.

Words are runs of letters, marks and digits, compared without case and accents, so that two outlets' typography does not
keep copies apart. Chinese and Japanese have no spaces: there eight characters are a run, in Thai,
Lao, Khmer and Burmese sixteen, which is about as much text. All of it is arithmetic on arrays, since a Python loop over
the words would cost more than everything else in the signature (docs/stories.md has the figures).

A run's hash is a polynomial over its letters modulo 2^64, taken as the difference of two prefix sums, then mixed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

_LONGEST = 200_000
_PLANE = 0x10000
_IDEOGRAPHS = 0x20000
_SYMBOLS = 0x1F000

# Kinds of characters.
_BETWEEN, _SKIPPED, _SPACED, _IDEOGRAPHIC, _UNSPACED = range(5)
_RUN = np.array([0, 0, 5, 8, 16], np.int64)
"""How many words, or characters, make a run that begins with a character of each kind."""

_KASHIDA = 0x0640
_IDEOGRAPHIC_RANGES = ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x30FF), (0x31F0, 0x31FF))
# Long ranges of one kind, that need not be looked at one by one: ideographs, Hangul, surrogates and private use.
_UNIFORM = {
    (0x3400, 0x4DBF): _IDEOGRAPHIC,
    (0x4E00, 0x9FFF): _IDEOGRAPHIC,
    (0xAC00, 0xD7A3): _SPACED,
    (0xD800, 0xF8FF): _BETWEEN,
}
_UNSPACED_RANGES = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x19E0, 0x19FF), (0xA9E0, 0xA9FF))
# Vowel signs that are usually not written, and accents that were written by themselves.
_OPTIONAL_MARKS = ((0x0300, 0x036F), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670))

_BASE = 0x9E3779B97F4A7C15
_LETTER = np.uint64(0xD6E8FEB86659FD93)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT = np.uint64(29)
_HIGH = np.uint64(32)
_NARROW, _WIDE = np.dtype("u1"), np.dtype("<u4")
_NOTHING: Hashes = np.zeros(0, np.uint32)


class _Tables(NamedTuple):
    kind: NDArray[np.uint8]
    letter: NDArray[np.uint64]
    """Value of each character of the basic plane, folded."""
    power: NDArray[np.uint64]
    inverse: NDArray[np.uint64]


def shingles(text: str) -> Hashes:
    """Return the hash of every run, in the order of the text; nothing where the text is shorter than a run."""
    tables = _tables()
    codes, kinds, beyond = _characters(text[:_LONGEST], tables)
    letters = np.flatnonzero(kinds > _SKIPPED)
    if not letters.size:
        return _NOTHING
    begins = np.ones(letters.size, np.bool_)
    begins[1:] = letters[1:] - letters[:-1] > 1
    runs = _RUN[_SPACED]
    if kinds.max() > _SPACED:
        alone = kinds.take(letters) > _SPACED
        begins |= alone
        begins[1:] |= alone[:-1]
        runs = _RUN.take(kinds.take(letters.compress(begins)))
    starts = np.flatnonzero(begins)
    last = np.arange(starts.size) + runs
    whole = np.flatnonzero(last <= starts.size)
    if not whole.size:
        return _NOTHING
    values = tables.letter.take(codes.take(letters), mode="clip")
    if beyond:
        _set_beyond(values, codes.take(letters))
    values *= tables.power[: values.size]
    sums = np.zeros(values.size + 1, np.uint64)
    np.cumsum(values, out=sums[1:])
    first = starts.take(whole)
    ends = np.append(starts, values.size).take(last.take(whole))
    hashes = sums.take(ends)
    hashes -= sums.take(first)
    hashes *= tables.inverse.take(first)
    hashes ^= hashes >> _SHIFT
    hashes *= _MIX
    hashes >>= _HIGH
    found: Hashes = hashes.astype(np.uint32)
    return found


def is_unspaced(word: str) -> bool:
    """Say whether a word is of a script that has no spaces between words."""
    code = ord(word[0])
    if code >= _PLANE:
        return code >= _IDEOGRAPHS
    return bool(_tables().kind[code] > _SPACED)


def _characters(text: str, tables: _Tables) -> tuple[NDArray[Any], NDArray[np.uint8], bool]:
    """Return code points without those that are skipped, their kinds, and whether any is beyond the basic plane."""
    if text.isascii():
        codes: NDArray[Any] = np.frombuffer(text.encode("ascii"), _NARROW)
        return codes, tables.kind.take(codes), False
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), _WIDE)
    beyond = bool(codes.max() >= _PLANE)
    kinds = tables.kind.take(codes, mode="clip")
    if beyond:
        astral = codes >= _PLANE
        kinds[astral] = np.where(codes >= _IDEOGRAPHS, _IDEOGRAPHIC, np.where(codes < _SYMBOLS, _SPACED, 0))[astral]
    kept = kinds != _SKIPPED
    return (codes, kinds, beyond) if kept.all() else (codes.compress(kept), kinds.compress(kept), beyond)


def _set_beyond(values: NDArray[np.uint64], codes: NDArray[Any]) -> None:
    astral = codes >= _PLANE
    values[astral] = codes[astral].astype(np.uint64) * _LETTER


@cache
def _tables() -> _Tables:
    kind = np.zeros(_PLANE, np.uint8)
    folded = np.zeros(_PLANE, np.uint64)
    for code in range(_PLANE):
        if not _within(code, _UNIFORM):
            kind[code], folded[code] = _kind(code)
    for (first, last), value in _UNIFORM.items():
        kind[first : last + 1], folded[first : last + 1] = value, np.arange(first, last + 1)
    return _Tables(kind, folded * _LETTER, _powers(_BASE), _powers(pow(_BASE, -1, 1 << 64)))


def _powers(base: int) -> NDArray[np.uint64]:
    powers = np.full(_LONGEST + 1, base, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _kind(code: int) -> tuple[int, int]:
    """Return the kind of a character, and the code point that stands for it."""
    character = chr(code)
    category = unicodedata.category(character)
    if code == _KASHIDA or category == "Cf" or _within(code, _OPTIONAL_MARKS):
        return _SKIPPED, 0
    if category[0] not in "LN" and category not in {"Mn", "Mc"}:
        return _BETWEEN, 0
    if _within(code, _IDEOGRAPHIC_RANGES):
        return _IDEOGRAPHIC, code
    if _within(code, _UNSPACED_RANGES):
        return _UNSPACED, code
    parts = unicodedata.normalize("NFKD", character.lower())
    return _SPACED, ord(parts[0]) if all(unicodedata.category(mark) == "Mn" for mark in parts[1:]) else code


def _within(code: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)
