r"""The small language in which forms are written: literals with gaps, choices and word sets.

::

    read also                      a literal; case, accents of capitals and kinds of apostrophes do not matter
    follow … on <network>          … is anything within the sentence, <network> a word of that set
    explore more on …              at the end it is the rest of the sentence, or nothing
    the post * appeared first on   * is anything within the line; at the end the rest of it
    # comments                     # is a number
    join …newsletter~              ~ is any ending of the word
    sign up (for|to) our           one of several
    [kindly ]share this story      may be missing
    \[video\]                      a bracket that stands in the text

Every template needs a literal of at least three characters (one, if it is not ASCII): texts are searched for that
first, and the rest is only looked at where it was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agents.strip.fold import spellings
from agents.strip.signs import SENTENCE_ENDS, is_dense

_TOKEN = re.compile(r"[…*#~]|<([a-z-]+)>|\\[()|\[\]<>]|[()|\[\]]|[^…*#~<>()|\[\]\\]+")
_SPECIAL = re.compile(r"[()\[\]…*#~<\\]")
_GAP = rf"[^\n{SENTENCE_ENDS}]{{1,90}}?"
_WIDE_GAP = r"[^\n]{1,200}?"
_REST = rf"[^\n{SENTENCE_ENDS}]{{0,200}}"
_WITHIN = {"…": _GAP, "*": _WIDE_GAP, "#": r"[0-9][0-9.,]{0,12}[km]?", "~": r"\w*", "|": "|"}
_AT_THE_END = {"…": _REST, "*": r"[^\n]{0,300}"}
_WORD_END = r"(?!(?<=[^\W_])(?=[^\W_])[\x00-\u0dff])"
"""No letter behind a letter, but in scripts that put no blanks between words."""
_CLOSED_BY = {"(": ")", "[": "]"}
_SHORTEST_ANCHOR = 3
_MOST_WORDINGS = 80


class TemplateError(ValueError):
    """A template that cannot be read; the message says why."""


def literals(template: str) -> tuple[str, ...]:
    """Return all wordings of a template that has no gap or set; none where it has one, or too many wordings."""
    if not _SPECIAL.search(template):
        return (template,)
    wordings, complete = _wordings(template)
    return tuple(dict.fromkeys(" ".join(wording.split()) for wording in wordings)) if complete else ()


def word_sets(blocks: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the word sets of several files as one, folded; in the files they stand one word a line."""
    sets: dict[str, dict[str, None]] = {}
    for block in blocks:
        for name, written in block.items():
            for spelling in spellings(written):
                words = (line.strip() for line in spelling.splitlines())
                sets.setdefault(name, {}).update(dict.fromkeys(filter(None, words)))
    return {name: tuple(words) for name, words in sets.items()}


def to_pattern(template: str, sets: Mapping[str, tuple[str, ...]]) -> str:
    """Return the regular expression, over folded text, of a template; the words of sets are folded.

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
        elif text in _AT_THE_END and token.end() == len(template):
            parts.append(_AT_THE_END[text])
        else:
            parts.append(_WITHIN.get(text) or _literal(text))
    if awaited:
        raise TemplateError(f"{template!r}: {awaited[-1]} is missing")
    return "".join(parts) + _WORD_END


def anchors(template: str, sets: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], bool]:
    """Return folded literals of which every match of the template holds one, and whether it starts with it.

    All wordings of the template up to its first gap; where they are too short, the part of it whose shortest wording is
    longest, or the words of a set.

    Raises:
        TemplateError: There is none of three characters or more.
    """
    found = [wording for spelling in spellings(template) for wording in _wordings(spelling)[0]]
    opens = all(map(_is_long_enough, found))
    if not opens:
        template = spellings(template)[0]
        found = max(_parts(template), key=lambda options: min(map(len, options)), default=[])
        if not found or not all(map(_is_long_enough, found)):
            names = re.findall(r"<([a-z-]+)>", template)
            found = list(sets.get(names[0], ())) if names else []
        if not found:
            raise TemplateError(f"{template!r} has no literal of {_SHORTEST_ANCHOR} characters or more")
    return tuple(dict.fromkeys(found)), opens


def _parts(template: str) -> list[list[str]]:
    """Return what every match holds: the wordings of each literal and each choice outside of brackets."""
    outside = re.sub(r"\\.|[*#~]|<[a-z-]+>|\[[^\]]*\]", "…", template)
    parts = []
    for choice, literal in re.findall(r"\(([^()…]*)\)|([^()…]+)", outside):
        options = [option.strip() for option in (choice.split("|") if choice else [literal])]
        if all(options):
            parts.append(options)
    return parts


def _wordings(template: str) -> tuple[list[str], bool]:
    """Return what a match can start with, up to a gap or set or too many wordings, and whether that is all of it."""
    wordings = [""]
    complete = True
    for part in re.finditer(r"\(([^()\[…*#~<]*)\)|\[([^\]()…*#~<]*)\]|([^…*#~<>()|\[\]\\]+)|\\(.)|(.)", template):
        choice, optional, plain, escaped, other = part.groups()
        literal = plain if plain is not None else escaped
        if other is not None:
            options = []
        elif literal is not None:
            options = [literal]
        else:
            options = choice.split("|") if choice is not None else [*optional.split("|"), ""]
        if not options or len(wordings) * len(options) > _MOST_WORDINGS:
            complete = False
            break
        wordings = [wording + option for wording in wordings for option in options]
    return list(dict.fromkeys(_trimmed(wording) for wording in wordings)), complete


def _trimmed(wording: str) -> str:
    """Return a wording without the blanks around it, unless it needs the one behind it to be long enough."""
    bare = wording.strip()
    return bare if len(bare) >= _SHORTEST_ANCHOR else wording.lstrip()


def _is_long_enough(literal: str) -> bool:
    return len(literal) >= _SHORTEST_ANCHOR or (literal != "" and not literal.isascii())


def _literal(text: str) -> str:
    options = [re.escape(spelling).replace(r"\ ", r"[ \t]+") for spelling in spellings(text)]
    return options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"


def _word_of(name: str, sets: Mapping[str, tuple[str, ...]]) -> str:
    if name not in sets:
        raise TemplateError(f"there is no word set <{name}>")
    words = sorted(sets[name], key=len, reverse=True)
    spaced = [re.escape(word) for word in words if not is_dense(word[0])]
    dense = [re.escape(word) for word in words if is_dense(word[0])]
    options = [rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])"] if spaced else []
    return f"(?:{'|'.join([*options, *dense])})"
