"""Texts and terms made alike before they are compared: small letters, one space for every mark, the same length."""

from __future__ import annotations

from collections.abc import Sequence

# One call of str.replace per mark costs a tenth of str.translate over a text that is not ASCII.
_FREQUENT = "’“”‘–—…\u00a0"
_OTHERS = (
    "´ʼ′„«»‹›‐‑−·•״׳־։፣።၊။،؛؟۔٪٫٬।॥。、，：；！？「」『』（）《》〈〉【】・｜\u202f\u2009\u200b\u200c\u200d\u200e\u200f"
)
_TABLE = {c: " " for c in range(128) if not chr(c).isalnum()}
_BYTES = bytes(32 if c in _TABLE else c for c in range(256))

Pairs = Sequence[tuple[str, str]]


def fold(text: str, pairs: Pairs = ()) -> str:
    """Return a text in small letters with a space in place of every mark, of the same length.

    Args:
        text: Any text.
        pairs: Small letters of the language that are written in more than one way, each with the one to go by.
    """
    for marks in (_FREQUENT, _OTHERS):
        if text.isascii():
            break
        for mark in marks:
            text = text.replace(mark, " ")
    lowered = text.lower()
    if lowered.isascii():
        return lowered.translate(_TABLE)
    if len(lowered) != len(text):
        # İ and a few others become two letters.
        lowered = "".join(c.lower()[0] for c in text)
    for letter, other in pairs:
        lowered = lowered.replace(letter, other)
    return lowered.encode("utf-8", "surrogatepass").translate(_BYTES).decode("utf-8", "surrogatepass")
