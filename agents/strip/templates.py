r"""The small language in which forms are written: literals with gaps, choices and word sets.

::

    read also                      a literal; case, accents of capitals and kinds of apostrophes do not matter
    follow … on <network>          … is anything within the sentence, <network> a word of that set
    the post * appeared first on   * is anything within the line
    sign up (for|to) our           one of several
    [kindly ]share this story      may be missing
    \[video\]                      a bracket that stands in the text

Every template needs a literal of at least three characters (one, if it is not ASCII): texts are searched for that
first, and the rest is only looked at where it was found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agents.strip.fold import spellings
from agents.strip.signs import SENTENCE_ENDS

_TOKEN = re.compile(r"[…*]|<([a-z-]+)>|\\[()|\[\]<>]|[()|\[\]]|[^…*<>()|\[\]\\]+")
_GAP = rf"[^\n{SENTENCE_ENDS}]{{1,90}}?"
_WIDE_GAP = r"[^\n]{1,200}?"
_CLOSED_BY = {"(": ")", "[": "]"}
_SHORTEST_ANCHOR = 3
_MOST_WORDINGS = 80


class TemplateError(ValueError):
    """A template that cannot be read; the message says why."""


def is_literal(template: str) -> bool:
    """Say whether a template has no gap, choice or set."""
    return not re.search(r"[…*<>()|\[\]\\]", template)


def to_pattern(template: str, sets: Mapping[str, tuple[str, ...]]) -> str:
    """Return the regular expression, over folded text, of a template.

    Raises:
        TemplateError: Brackets do not match, a set is unknown, or the template starts with a gap.
    """
    if template.startswith(("…", "*")):
        raise TemplateError(f"{template!r}: a template cannot start with a gap")
    parts: list[str] = []
    awaited: list[str] = []
    for token in _TOKEN.finditer(template):
        text = token[0]
        if text in _CLOSED_BY:
            awaited.append(_CLOSED_BY[text])
            parts.append("(?:")
        elif text in (")", "]"):
            if not awaited or awaited.pop() != text:
                raise TemplateError(f"{template!r}: {text} closes nothing")
            parts.append(")" if text == ")" else ")?")
        elif token[1]:
            parts.append(_word_of(token[1], sets))
        elif text[0] == "\\":
            parts.append(re.escape(text[1]))
        else:
            parts.append({"…": _GAP, "*": _WIDE_GAP, "|": "|"}.get(text) or _literal(text))
    if awaited:
        raise TemplateError(f"{template!r}: {awaited[-1]} is missing")
    return "".join(parts)


def anchors(template: str, sets: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], bool]:
    """Return folded literals of which every match of the template holds one, and whether it starts with it.

    All wordings of the template up to its first gap; where they are too short, the longest literal behind it, or the
    words of a set.

    Raises:
        TemplateError: There is none of three characters or more.
    """
    found = [wording for spelling in spellings(template) for wording in _wordings(spelling)]
    opens = all(map(_is_long_enough, found))
    if not opens:
        template = spellings(template)[0]
        outside = re.sub(r"\\.|[*]|<[a-z-]+>|\([^()]*\)|\[[^\]]*\]", "…", template)
        found = [max((piece.strip() for piece in outside.split("…")), key=len)]
        if not _is_long_enough(found[0]):
            names = re.findall(r"<([a-z-]+)>", template)
            found = [spelling for word in sets.get(names[0], ()) for spelling in spellings(word)] if names else []
        if not found:
            raise TemplateError(f"{template!r} has no literal of {_SHORTEST_ANCHOR} characters or more")
    return tuple(dict.fromkeys(found)), opens


def _wordings(template: str) -> list[str]:
    """Return what a match can start with, as far as no gap, set or escape comes and the wordings stay few."""
    wordings = [""]
    for part in re.finditer(r"\(([^()\[…*<]*)\)|\[([^\]()…*<]*)\]|([^…*<>()|\[\]\\]+)|\\(.)|(.)", template):
        choice, optional, plain, escaped, other = part.groups()
        if other is not None:
            break
        literal = plain if plain is not None else escaped
        if literal is not None:
            options = [literal]
        else:
            options = choice.split("|") if choice is not None else [*optional.split("|"), ""]
        if len(wordings) * len(options) > _MOST_WORDINGS:
            break
        wordings = [wording + option for wording in wordings for option in options]
    return list(dict.fromkeys(wording.strip() for wording in wordings))


def _is_long_enough(literal: str) -> bool:
    return len(literal) >= _SHORTEST_ANCHOR or (literal != "" and not literal.isascii())


def _literal(text: str) -> str:
    options = [re.escape(spelling).replace(r"\ ", r"[ \t]+") for spelling in spellings(text)]
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _word_of(name: str, sets: Mapping[str, tuple[str, ...]]) -> str:
    if name not in sets:
        raise TemplateError(f"there is no word set <{name}>")
    words = sorted({spelling for word in sets[name] for spelling in spellings(word)}, key=len, reverse=True)
    return rf"(?<![^\W_])(?:{'|'.join(map(re.escape, words))})(?![^\W_])"
