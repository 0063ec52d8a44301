"""HTML or plain text → normalised text with paragraph breaks, and where its links stood.

The normalised text is what ``removed`` offsets point into: ``text`` plus ``removed`` rebuild it exactly. Plain text
keeps its white space; HTML gets one blank line between blocks and one newline for a line break.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

import ftfy
from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selectolax.lexbor import LexborNode

MAX_TEXT = 200_000
"""Longest text that is processed, in code points; the event says where it was cut."""

_MAX_MARKUP = 4 * MAX_TEXT
# The HTML parser takes quadratic time for deeply nested blocks (20,000 nested <div>: 0.5 s; 40,000: 2 s). Real
# articles stay far below this; what is above goes through a linear tag remover.
_MAX_TAGS = 8_000

_PARAGRAPH = frozenset(
    (
        "p div section article aside header footer main nav h1 h2 h3 h4 h5 h6 blockquote ul ol dl table figure "
        "figcaption pre form fieldset address hr center details summary"
    ).split()
)
_LINE = frozenset({"br", "li", "tr", "dt", "dd", "option"})
_SKIPPED = frozenset(
    (
        "script style template head title iframe object embed svg math canvas audio video map select textarea button "
        "noscript -comment !doctype"
    ).split()
)
_MARKUP = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|img|figure|figcaption|blockquote|table|tr|td|section|"
    r"article|html|body|script|style|iframe|pre|hr|font|small|sup|sub|center|code|cite|q|video|audio|picture|source|"
    r"dl|dt|dd|aside|header|footer|nav|main|svg|form|input|button|noscript|time|abbr|mark|del|ins|s|tt|strike)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_TAG = re.compile(r"<[^<>]{0,2000}>")
# Runs of white space, single blanks left alone: a substitution per word would cost more than the parse.
_SPACES = re.compile(r"[\t\n\r\f\u00a0][ \t\n\r\f\u00a0]*| [ \t\n\r\f\u00a0]+")
# C0 and C1 controls but tab and newline, byte order marks, soft hyphens and other invisible marks that only break
# words apart. Joiners stay: Persian and the Indic scripts spell with them.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff]+")
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")

# Whether a text needs cleaning is asked of its UTF-8 bytes: searches that start with one fixed byte run as fast as
# memory, a set of code points costs 30 µs for 2 kB.
_NO_CONTROL = bytes([*b"\t\n", *range(0x20, 0x7F), *range(0x80, 0x100)])
_HIDDEN = (re.compile(rb"\xc2[\x80-\x9f\xad]"), re.compile(rb"\xe2(?:\x80[\x8b\xa8\xa9]|\x81\xa0)"))
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# UTF-8 read as Windows-1252 or Latin-1 leaves a lead byte's letter before continuation bytes' signs. Asking ftfy
# costs 200 µs a kilobyte; this asks it only where there is something to repair.
_TRAIL = (
    rb"(?:\xc2[\x80-\xbf]|\xc5[\x92\x93\xa0\xa1\xb8\xbd\xbe]|\xc6\x92|\xcb[\x86\x9c]|\xe2[\x80\x82\x84][\x80-\xbf])"
)
_MOJIBAKE = re.compile(rb"\xc3(?:[\x82-\x9f]%b|[\xa0-\xaf]%b{2}|[\xb0-\xb4]%b{3})" % (_TRAIL, _TRAIL, _TRAIL))
# Taking a control character out can join the two halves of such a pair.
_REPAIRS = 4


class Link(Struct, frozen=True):
    """Where the text of a link stands in the normalised text, in code points.

    Links to a place on the same page are none; ``heading`` says whether it stands in a heading.
    """

    start: int
    end: int
    heading: bool = False


class Normalised(Struct, frozen=True):
    """A text ready for offsets.

    Attributes:
        text: NFC, LF line ends, no control characters but tab and newline, no markup.
        links: Where links stood, in order. Empty for plain text.
        truncated: Whether the text was longer than ``MAX_TEXT``.
    """

    text: str
    links: tuple[Link, ...] = ()
    truncated: bool = False


def normalise(source: str) -> Normalised:
    """Turn what a feed gave, HTML or plain text, into normalised text."""
    truncated = len(source) > _MAX_MARKUP
    source = source[:_MAX_MARKUP]
    links: tuple[Link, ...] = ()
    if "<" in source and _MARKUP.search(source):
        text, links = _from_markup(source)
    elif "&" in source and _ENTITY.search(source):
        text = _clean(html.unescape(source))
    else:
        text = _clean(source)
    if len(text) > MAX_TEXT:
        truncated = True
        # Cut behind a whole word, so that no half word is matched.
        text = text[: max(text.rfind(" ", 0, MAX_TEXT), text.rfind("\n", 0, MAX_TEXT), MAX_TEXT - 200)]
        links = tuple(link for link in links if link.end <= len(text))
    return Normalised(text=text, links=links, truncated=truncated)


def normalise_title(source: str) -> str:
    """Turn a headline, HTML or plain, into one line of normalised text."""
    return " ".join(normalise(source).text.split())


def _clean(text: str) -> str:
    for _ in range(_REPAIRS):
        try:
            raw = text.encode()
        except UnicodeEncodeError:  # lone surrogates
            raw = text.encode("utf-8", "replace")
            text = raw.decode()
        if not raw.isascii() and _MOJIBAKE.search(raw):
            text = ftfy.fix_encoding(text)
            raw = text.encode("utf-8", "replace")
        if not _needs_cleaning(raw):
            break
        text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _needs_cleaning(raw: bytes) -> bool:
    if raw.translate(None, _NO_CONTROL):
        return True
    return not raw.isascii() and (any(hidden.search(raw) for hidden in _HIDDEN) or _BYTE_ORDER_MARK in raw)


def _from_markup(source: str) -> tuple[str, tuple[Link, ...]]:
    source = _clean(source)  # from here on, control characters are ours
    if source.count("<") > _MAX_TAGS:
        return _SPACES.sub(" ", _clean(html.unescape(_TAG.sub(" ", source)))).strip(), ()
    body = LexborHTMLParser(source).body
    if body is None:
        return "", ()
    # References may stand for anything, our marks included; only what they gave needs cleaning again.
    clean = _clean if "&" in source else str
    marked = unicodedata.normalize("NFC", _SPACES.sub(" ", "".join(_walk(body, clean))))
    return _take_links(_GAP.sub(_gap, marked).strip())


# Marks between the texts of nodes; no text holds them, it has been cleaned.
_BLOCK, _NEWLINE, _LINK, _HEADING_LINK, _LINK_END = "\x1e", "\x1f", "\x02", "\x04", "\x03"
_MARKS = _BLOCK + _NEWLINE + _LINK + _HEADING_LINK + _LINK_END
_GAP = re.compile(f" ?[{_MARKS}][ {_MARKS}]*")
_LINK_MARK = re.compile(f"[{_LINK}{_HEADING_LINK}{_LINK_END}]")
_STARTS = _LINK + _HEADING_LINK
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())


def _walk(body: LexborNode, clean: Callable[[str], str]) -> Iterator[str]:
    """Yield texts and marks in document order, without recursion: feeds nest deeper than Python's stack."""
    node = body.child
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            yield clean(node.text_content or "")
        elif tag not in _SKIPPED:
            yield _opening(tag) if tag != "a" else _link(node)
            if (child := node.child) is not None:
                node = child
                continue
            yield _closing(tag)
        while node.next is None:
            parent = node.parent
            if parent is None or parent.tag == "body":
                return
            yield _closing(parent.tag or "")
            node = parent
        node = node.next


def _opening(tag: str) -> str:
    if tag in _PARAGRAPH:
        return _BLOCK
    if tag in _LINE:
        return _NEWLINE
    return " " if tag in {"td", "th"} else ""


def _link(node: LexborNode) -> str:
    """Return the mark of a link's beginning; one to the same page has none, and its end is ignored."""
    if (node.attributes.get("href") or "").startswith("#"):
        return ""
    above, levels = node.parent, 0
    while above is not None and levels < _LEVELS and above.tag not in _HEADINGS:
        above, levels = above.parent, levels + 1
    return _HEADING_LINK if above is not None and above.tag in _HEADINGS else _LINK


_LEVELS = 4


def _closing(tag: str) -> str:
    if tag in _PARAGRAPH:
        return _BLOCK
    if tag in _LINE and tag != "br":
        return _NEWLINE
    return _LINK_END if tag == "a" else ""


def _gap(gap: re.Match[str]) -> str:
    """Return what stands between two words: link ends, one break or space, link starts."""
    marks = gap[0]
    starts = "".join(mark for mark in marks if mark in _STARTS)
    ends = marks.count(_LINK_END)
    empty = min(ends, len(starts)) if starts and marks.find(starts[0]) < marks.rfind(_LINK_END) else 0
    between = "\n\n" if _BLOCK in marks else "\n" if _NEWLINE in marks else " " if " " in marks else ""
    return _LINK_END * (ends - empty) + between + starts[empty:]


def _take_links(marked: str) -> tuple[str, tuple[Link, ...]]:
    parts: list[str] = []
    links: list[Link] = []
    length = position = 0
    start: int | None = None
    heading = False
    for mark in _LINK_MARK.finditer(marked):
        parts.append(marked[position : mark.start()])
        length += len(parts[-1])
        position = mark.end()
        if mark[0] != _LINK_END:
            start, heading = length, mark[0] == _HEADING_LINK
        elif start is not None:
            if start < length:
                links.append(Link(start, length, heading))
            start = None
    parts.append(marked[position:])
    return "".join(parts), tuple(links)


_LABEL = 30
_MOSTLY_LINK = 0.6
_BLOCKS = re.compile(r"[^\n]+")


def content(normalised: Normalised) -> str:
    """Return the text that counts for the content hash: without blocks that are (nearly) all link.

    A block is nearly all link when at most 30 characters of it, a label such as "READ ALSO:", are not. No lexicon
    takes part: whether an item was edited must not change with the knowledge files.
    """
    if not normalised.links:
        return normalised.text
    kept = []
    links = iter(normalised.links)
    link = next(links, None)
    for block in _BLOCKS.finditer(normalised.text):
        linked = 0
        while link is not None and link.start < block.end():
            linked += min(link.end, block.end()) - max(link.start, block.start())
            if link.end > block.end():
                break
            link = next(links, None)
        length = block.end() - block.start()
        if length - linked > _LABEL or linked < _MOSTLY_LINK * length:
            kept.append(block[0])
    return "\n".join(kept)
