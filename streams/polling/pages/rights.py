"""What a publisher says about the use of a page's text, and whether it may be taken. Pure.

Obeyed are X-Robots-Tag and the robots meta tag, and TDMRep (the W3C community's TDM Reservation Protocol) in its three
forms: header, meta tag, and ``/.well-known/tdmrep.json``. One form that reserves is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from msgspec import Struct

from streams.polling.pages.robots import PRODUCT, matches

_FORBIDDING = frozenset({"none", "noindex", "noarchive", "nosnippet", "noai"})
"""Directives that forbid what becomes of a page here: it is kept, decided about, and its text passed on."""
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_RULES_MOST = 1_000
_STATEMENT = 500


class Reservation(Struct, frozen=True):
    """What forbids taking a page's text.

    Attributes:
        statement: What was said, and where.
        tdm: Whether text and data mining is reserved; None: that is not what it says.
    """

    statement: str
    tdm: bool | None = None


class TdmRule(Struct, frozen=True):
    """One rule of a tdmrep.json."""

    location: str
    reserved: bool
    policy: str | None


def of_headers(headers: Mapping[str, str]) -> Reservation | None:
    """Return what the headers of a page reserve; names in lower case."""
    if headers.get("tdm-reservation", "").strip() == "1":
        return _tdm("the tdm-reservation header", headers.get("tdm-policy"))
    return _robots_tag(headers.get("x-robots-tag", ""), "X-Robots-Tag")


def of_meta(tags: Iterable[tuple[str, str]]) -> Reservation | None:
    """Return what the meta tags of a page reserve; names in lower case."""
    found = [(name, content) for name, content in tags if name in {"robots", PRODUCT, "tdm-reservation", "tdm-policy"}]
    if any(name == "tdm-reservation" and content.strip() == "1" for name, content in found):
        policy = next((content for name, content in found if name == "tdm-policy"), None)
        return _tdm("the tdm-reservation meta tag", policy)
    directives = "\n".join(content for name, content in found if name in {"robots", PRODUCT})
    return _robots_tag(directives, "the robots meta tag")


def parse_tdmrep(document: bytes) -> tuple[TdmRule, ...]:
    """Read a tdmrep.json; what is none of its rules is left out."""
    try:
        rules = orjson.loads(document)
    except orjson.JSONDecodeError:
        return ()
    return tuple(rule for entry in (rules if isinstance(rules, list) else [])[:_RULES_MOST] if (rule := _rule(entry)))


def of_site(rules: Iterable[TdmRule], url: str) -> Reservation | None:
    """Return what a site's tdmrep.json reserves for an address; the first rule that matches decides."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for rule in rules:
        if matches(rule.location, path):
            return _tdm("/.well-known/tdmrep.json", rule.policy) if rule.reserved else None
    return None


def _rule(entry: Any) -> TdmRule | None:
    if not isinstance(entry, dict) or not isinstance(location := entry.get("location"), str):
        return None
    policy = entry.get("tdm-policy")
    return TdmRule(
        location=location,
        reserved=str(entry.get("tdm-reservation", "")).strip() == "1",
        policy=policy if isinstance(policy, str) else None,
    )


def _robots_tag(written: str, where: str) -> Reservation | None:
    """Read directives, one header or tag a line; those behind another robot's name are not for us."""
    for line in written.lower().splitlines():
        ours = True
        for part in line.split(","):
            name, colon, directive = part.partition(":")
            if not colon or name.strip() in _WITH_VALUE:
                directive = part
            else:
                ours = name.strip() in {PRODUCT, "*", "robots"}
            if ours and directive.strip() in _FORBIDDING:
                return Reservation(f"{where}: {' '.join(line.split())}"[:_STATEMENT])
    return None


def _tdm(where: str, policy: str | None) -> Reservation:
    terms = f"; policy: {policy.strip()}" if policy and policy.strip() else ""
    return Reservation(f"text and data mining is reserved by {where}{terms}"[:_STATEMENT], tdm=True)
