"""The body of a feed → text that a parser can take.

What is repaired here are faults that real feeds have and that cost items: a character set that the server names wrong,
a file that is packed, NULs and other C0 characters, a warning of the server's before the document, ``&`` that begins no
reference, HTML's references that XML does not know, and elements of other vocabularies that feedparser takes for the
item's own (a photo's ``media:description`` for the item's ``description``). Every step takes time in proportion to the
document: none looks for the end of something again and again where there is none.
"""

from __future__ import annotations

import codecs
import re
import zlib
from email.message import Message
from html.entities import html5

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_BOM = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"), (b"<\x00r\x00", "utf-16-le"))
XML_DECLARATION = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
HTML_DECLARATION = re.compile(rb"""<meta\b[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_SINGLE_BYTE = re.compile(r"^(?:iso-?8859|latin|l1|windows|cp125|koi8|us-ascii|ascii|mac)", re.IGNORECASE)
# What browsers read these names as: what feeds write goes beyond the charset they name.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
}
_C0 = dict.fromkeys([*(c for c in range(0x20) if c not in {0x09, 0x0A, 0x0D}), 0xFFFE, 0xFFFF])
_C0_PRESENT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_START = re.compile(
    r"<(?:\?xml\s[^<>]{0,200}\?>|(?:[\w-]{1,20}:)?(?:rss|rdf|feed|channel|urlset|sitemapindex)\b)", re.IGNORECASE
)
_START_WITHIN = 4_096
_AMPERSAND = re.compile(r"&(?:#\d{1,8};|#[xX][0-9a-fA-F]{1,7};|([A-Za-z_][\w.-]{0,40});)?")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_MEDIA = re.compile(r"(</?)media:(description|title|player)\b")
_SIZE = re.compile(r"(</?)(width|height)\b")
"""Elements over whose end feedparser stumbles where their start is missing."""
_PLAIN_LINK = re.compile(r"<link\b[^<>]{0,4000}>\s*(?:<!\[CDATA\[)?\s*[^\s<]")
_FOREIGN_LINK = re.compile(r"(</?)(?!\s)[A-Za-z][\w.-]*:link\b")
_GZIP = b"\x1f\x8b\x08"
_UNPACKED_MAX = 20 * 1024 * 1024


def unpack(body: bytes) -> bytes:
    """Return a body that is a gzip file (``sitemap.xml.gz``, or a server that does not say so) unpacked, others as is.

    What is behind the first member of the file is left out.

    Raises:
        ValueError: It is too large, or broken; says which.
    """
    if not body.startswith(_GZIP):
        return body
    file = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = file.decompress(body, _UNPACKED_MAX)
    except zlib.error as error:
        raise ValueError(f"a gzip file that is broken: {error}") from error
    if not file.eof:
        why = f"larger than {_UNPACKED_MAX >> 20} MB unpacked" if file.unconsumed_tail else "not whole"
        raise ValueError(f"a gzip file that is {why}")
    return unpacked


def charset_of(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type, or None."""
    if not content_type:
        return None
    message = Message()
    message["content-type"] = content_type
    charset = message.get_param("charset")
    return charset.strip("\"' ") if isinstance(charset, str) else None


def decode(
    body: bytes, content_type: str | None = None, *, declaration: re.Pattern[bytes] = XML_DECLARATION
) -> tuple[str, str]:
    """Decode the body of a feed, or of a page.

    Order of belief: byte order mark, HTTP, XML declaration, the bytes themselves. A single-byte charset that HTTP or
    the declaration names is not believed where the bytes are valid UTF-8 with characters beyond ASCII: that does not
    happen by chance, and servers that say ISO-8859-1 for everything are common.

    Args:
        body: The body.
        content_type: The Content-Type header.
        declaration: Finds the charset that the document itself declares.

    Returns:
        The text and the charset it was read with.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace"), charset
    for start, charset in _NO_BOM:
        if body.startswith(start):
            return body.decode(charset, "replace"), charset
    declared = declaration.search(body[:_START_WITHIN])
    named = [charset_of(content_type), declared[1].decode("ascii") if declared else None]
    for charset in (name for name in named if name):
        text = _try(body, _WIDER.get(charset.lower(), charset)) or _try(body, charset)
        if text is None:
            continue
        if _SINGLE_BYTE.match(charset) and not body.isascii() and (utf8 := _try(body, "utf-8")) is not None:
            return utf8, "utf-8"
        return text, charset
    for charset in ("utf-8", "cp1252"):
        text = _try(body, charset)
        if text is not None:
            return text, charset
    return body.decode("utf-8", "replace"), "utf-8"


def repair(text: str) -> str:
    """Return feed XML with the faults mended that would cost items or give an item another's text or link."""
    if _C0_PRESENT.search(text):
        text = text.translate(_C0)
    text = _from_the_start(text)
    if "&" in text and "<!ENTITY" not in text[:_START_WITHIN]:
        text = _mend_ampersands(text)
    if "media:" in text:
        text = _MEDIA.sub(r"\1media:x-\2", text)
    text = _SIZE.sub(r"\1x-\2", text)
    return _keep_own_links(text) if ":link" in text else text


def _from_the_start(text: str) -> str:
    """Drop what a server prints before the document, and the declaration, of which the charset is not true any more."""
    head = text[:_START_WITHIN]
    found = _START.search(head)
    if found is not None and found[0].startswith("<?"):
        return text[found.end() :].lstrip()
    return text if found is None or "<!" in head[: found.start()] else text[found.start() :]


def _mend_ampersands(text: str) -> str:
    """Escape what begins no reference, and write HTML's own references as characters; not inside CDATA."""
    parts = []
    position = 0
    while (start := text.find("<![CDATA[", position)) >= 0 and (end := text.find("]]>", start)) >= 0:
        parts += [_AMPERSAND.sub(_reference, text[position:start]), text[start : end + 3]]
        position = end + 3
    parts.append(_AMPERSAND.sub(_reference, text[position:]))
    return "".join(parts)


def _reference(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&amp;"
    name = found[1]
    if name is None or name in _XML_NAMES:
        return found[0]
    character = html5.get(f"{name};")
    # "AT&T;" is no reference, whatever it looks like.
    return character if character and character not in "<>&" else f"&amp;{name};"


def _keep_own_links(text: str) -> str:
    """Hide ``atom:link`` in RSS items that have a ``link`` of their own: it may be a related story's."""
    parts = []
    position = 0
    while (start := text.find("<item", position)) >= 0 and (end := text.find("</item>", start)) >= 0:
        item = text[start:end]
        parts += [text[position:start], _FOREIGN_LINK.sub(r"\1x-link", item) if _PLAIN_LINK.search(item) else item]
        position = end
    parts.append(text[position:])
    return "".join(parts)


def _try(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (LookupError, UnicodeDecodeError, UnicodeError):
        return None
