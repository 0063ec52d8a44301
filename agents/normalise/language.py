"""Which language a text is in: the text's own evidence first, then what the feed says."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pycld2

from schemas.enriched import Language

_SAMPLE = 600
_KNOWN = frozenset(code for _, code in pycld2.LANGUAGES)
# cld2's names for languages where BCP 47 has another today.
_FROM_CLD2 = {"iw": "he", "jw": "jv", "mo": "ro", "tl": "fil", "no": "nb", "un": "und"}
_TO_CLD2 = {
    "he": "iw",
    "jv": "jw",
    "fil": "tl",
    "nb": "no",
    "nn": "no",
    "zh-hans": "zh",
    "zh-hant": "zh-Hant",
}
_SURE = 0.5
"""Probability from which on the arbiter is believed: of what is no language it says at most .35."""
_PRIMARY = re.compile(r"[a-z]{2,3}")
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+")


def detect(text: str, *, stated: str | None = None) -> Language:
    """Name the language of a text.

    Args:
        text: Normalised title and text.
        stated: What the item or its feed says; taken where the text is too short or too mixed to tell.

    Returns:
        BCP 47 code, ``und`` where neither text nor feed says. The confidence is the share of the text in that
        language as cld2 sees it; where cld2 does not know and no feed says, py3langid's probability; null where the
        feed's word was taken.
    """
    sample = text[:_SAMPLE]
    if "@" in sample or "://" in sample:
        sample = _ADDRESS.sub(" ", sample)
    declared = _primary(stated)
    hint = _TO_CLD2.get(declared, declared) if declared else None
    hint = hint if hint in _KNOWN else None
    try:
        reliable, _, details = pycld2.detect(sample, hintLanguage=hint)
    except pycld2.error:  # code points that Unicode keeps for internal use
        printable = "".join(character for character in sample if character.isprintable())
        reliable, _, details = pycld2.detect(printable, hintLanguage=hint)
    code, share = details[0][1], details[0][2]
    if code != "un" and (reliable or declared is None):
        return Language(code=_FROM_CLD2.get(code, code), confidence=round(share / 100, 2))
    return _arbitrated(sample) if declared is None else Language(code=declared, confidence=None)


def _arbitrated(sample: str) -> Language:
    """Name the language of a text that is too short for cld2, a headline mostly."""
    code, probability = _arbiter().classify(sample)
    if probability < _SURE:
        return Language(code="und", confidence=None)
    return Language(code=_FROM_CLD2.get(code, code), confidence=round(float(probability), 2))


@cache
def _arbiter() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # a quarter of a second, and few texts need it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _primary(tag: str | None) -> str | None:
    """Reduce a language tag (``en-US``, ``zh_CN``) to what the knowledge files go by."""
    if not tag:
        return None
    tag = tag.strip().replace("_", "-").lower()
    if tag.startswith("zh"):
        return "zh-hant" if any(part in tag for part in ("hant", "tw", "hk", "mo")) else "zh"
    primary = tag.partition("-")[0]
    return _FROM_CLD2.get(primary, primary) if _PRIMARY.fullmatch(primary) else None
