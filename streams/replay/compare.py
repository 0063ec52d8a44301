"""What changed between two decisions about one version of an item. Pure.

Generation, id, reason, what is superseded and ``pipeline`` say how a decision came about, not what it says: they are
not compared.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import orjson
from msgspec import Struct

Kind = Literal["text", "topics", "countries", "other"]

_IGNORED = ("id", "generation", "pipeline", "reason", "supersedes")
_TEXT = ("title", "text", "removed")
_WIDTH = 70


class Look(Struct, frozen=True):
    """What an event says, as an example shows it.

    Attributes:
        geopolitical: Whether it is; None where that is not known.
        topics: Topic ids, the primary one first; None where they are not known.
        countries: Countries it is about.
        mentioned: Countries it mentions.
    """

    geopolitical: bool | None
    topics: tuple[str, ...] | None
    countries: tuple[str, ...]
    mentioned: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Topics and countries it is about."""
        return frozenset((*(self.topics or ()), *self.countries))


class Essence(Struct, frozen=True):
    """An event, as far as it is compared; small, so that many fit into memory."""

    text: bytes
    look: Look
    language: str
    other: bytes


def essence(value: bytes) -> Essence:
    """Return what is compared of an encoded event."""
    event: dict[str, Any] = orjson.loads(value)
    look, language = look_of(event), event["language"]["code"]
    text = _digest([event.pop(field, None) for field in _TEXT])
    for field in _IGNORED:
        event.pop(field, None)
    return Essence(text, look, language, _digest(event))


def look_of(event: dict[str, Any]) -> Look:
    """Return what a decoded event says."""
    topics, countries = event.get("topics"), event.get("countries") or []
    return Look(
        geopolitical=(event.get("geopolitical") or {}).get("value"),
        topics=None if topics is None else tuple(topic["id"] for topic in topics),
        countries=tuple(c["code"] for c in countries if c["role"] == "about"),
        mentioned=tuple(c["code"] for c in countries if c["role"] != "about"),
    )


def kinds(old: Essence, new: Essence) -> tuple[Kind, ...]:
    """Return what changed; ``other`` (scores, evidence, places, …) only where nothing else did."""
    before, after = old.look, new.look
    changes: tuple[tuple[Kind, bool], ...] = (
        ("text", old.text != new.text),
        ("topics", (before.geopolitical, before.topics) != (after.geopolitical, after.topics)),
        ("countries", (before.countries, before.mentioned) != (after.countries, after.mentioned)),
    )
    found = tuple(kind for kind, changed in changes if changed)
    return found or (("other",) if old.other != new.other else ())


def text_change(old: str, new: str) -> str | None:
    """Return the first place where two texts differ: ``… kept [-gone-]{+come+} kept …``; None where they do not."""
    if old == new:
        return None
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    before, after = new[max(0, start - _WIDTH // 2) : start], new[len(new) - end : len(new) - end + _WIDTH // 2]
    shown = [before, f"[-{_short(gone)}-]" if gone else "", f"{{+{_short(come)}+}}" if come else "", after]
    return " ".join("".join(shown).split())


def _short(text: str) -> str:
    return text if len(text) <= 2 * _WIDTH else f"{text[:_WIDTH]} … {text[-_WIDTH:]}"


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=8).digest()
