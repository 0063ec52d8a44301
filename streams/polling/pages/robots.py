"""robots.txt as RFC 9309 has it, and Crawl-delay, which it leaves out and publishers write.

Matching takes time in proportion to rule and path: a rule full of ``*`` must not hold up the poller. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

PRODUCT = "geowire"
"""The product token by which a robots.txt may address this poller."""
MOST_BYTES = 500 * 1024
"""How much of a robots.txt is read; RFC 9309 wants at least this."""

_RULES_MOST = 10_000
_LINE = re.compile(r"^\s*([A-Za-z-]+)\s*:\s*([^#]*)")
_DELAY = re.compile(r"(\d{1,6})(?:\.(\d+))?$")
_SAFE = "-._~!$&'()*+,;=:@/?%"


class Rule(Struct, frozen=True):
    """One Allow or Disallow."""

    allow: bool
    pattern: str


class Robots(Struct, frozen=True):
    """What a robots.txt says to us.

    Attributes:
        rules: Its rules, in its order.
        delay: Crawl-delay in seconds; 0: none.
    """

    rules: tuple[Rule, ...] = ()
    delay: float = 0.0

    def allows(self, url: str) -> bool:
        """Whether an address may be fetched: the longest rule that matches decides, and of two as long the kinder."""
        parts = urlsplit(url)
        path = _escaped((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        if path == "/robots.txt":
            return True
        found = [(len(rule.pattern), rule.allow) for rule in self.rules if matches(rule.pattern, path)]
        return max(found, default=(0, True))[1]


def parse_robots(text: str) -> Robots:
    """Read a robots.txt: the groups that name us, all of them together, or where there is none those for everybody."""
    ours: list[tuple[str, str]] = []
    everybodys: list[tuple[str, str]] = []
    named = False
    agents: set[str] = set()
    in_rules = False
    for field, value in _lines(text):
        if field == "user-agent":
            if in_rules:
                agents, in_rules = set(), False
            agents.add(re.match(r"[a-z_-]*|\*", value.lower())[0] or value[:1])  # type: ignore[index]
            named = named or PRODUCT in agents
        elif field in {"allow", "disallow", "crawl-delay"}:
            in_rules = True
            if PRODUCT in agents:
                ours.append((field, value))
            if "*" in agents:
                everybodys.append((field, value))
    said = ours if named else everybodys
    rules = [
        Rule(field == "allow", _escaped(value)) for field, value in said if field != "crawl-delay" and value[:1] in "/*"
    ]
    delays = [float(value) for field, value in said if field == "crawl-delay" and _DELAY.match(value)]
    return Robots(tuple(rule for rule in rules if rule.pattern)[:_RULES_MOST], max(delays, default=0.0))


def matches(pattern: str, path: str) -> bool:
    """Whether a path begins as a pattern says; ``*`` stands for anything, ``$`` at its end for the end."""
    to_the_end = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    last = others.pop() if to_the_end and others else None
    for part in others:
        position = path.find(part, position)
        if position < 0:
            return False
        position += len(part)
    if last is not None:
        return len(path) - len(last) >= position and path.endswith(last)
    return not to_the_end or position == len(path)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.lstrip("\ufeff").splitlines():
        if found := _LINE.match(line):
            yield found[1].lower(), found[2].strip()


def _escaped(path: str) -> str:
    """Return a path in the one spelling in which paths and rules are compared."""
    return quote(
        unquote(path, errors="surrogateescape").encode("utf-8", "surrogateescape"), safe=_SAFE.replace("%", "")
    )
