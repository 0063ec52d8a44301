"""The body of a feed → text that a parser can take: character set, control characters, bare ampersands.

What is repaired here are faults that real feeds have and that cost items: a character set that the server names wrong,
NULs and other C0 characters, ``&`` that begins no reference, and elements of other vocabularies that feedparser takes
for the item's own (a photo's ``media:description`` for the item's ``description``).
"""

from __future__ import annotations

import codecs
import re
from email.message import Message

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_BOM = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"), (b"<\x00r\x00", "utf-16-le"))
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SINGLE_BYTE = re.compile(r"^(?:iso-?8859|latin|l1|windows|cp125|koi8|us-ascii|ascii|mac)", re.IGNORECASE)
_C0 = dict.fromkeys([*(c for c in range(0x20) if c not in {0x09, 0x0A, 0x0D}), 0xFFFE, 0xFFFF])
_C0_PRESENT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BARE_AMPERSAND = re.compile(r"&(?!#\d{1,8};|#[xX][0-9a-fA-F]{1,7};|[A-Za-z_][\w.-]{0,40};)")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_MEDIA = re.compile(r"(</?)media:(description|title)\b")
_ITEM = re.compile(r"<item\b[^>]*>.*?</item>", re.DOTALL)
_PLAIN_LINK = re.compile(r"<link\b[^>]*>\s*(?:<!\[CDATA\[)?\s*\S")
_FOREIGN_LINK = re.compile(r"(</?)(?!\s)[A-Za-z][\w.-]*:link\b")


def charset_of(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type, or None."""
    if not content_type:
        return None
    message = Message()
    message["content-type"] = content_type
    charset = message.get_param("charset")
    return charset.strip("\"' ") if isinstance(charset, str) else None


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str]:
    """Decode a feed's body.

    Order of belief: byte order mark, HTTP, XML declaration, the bytes themselves. A single-byte charset that HTTP or
    the declaration names is not believed where the bytes are valid UTF-8 with characters beyond ASCII: that does not
    happen by chance, and servers that say ISO-8859-1 for everything are common.

    Returns:
        The text and the charset it was read with.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace"), charset
    for start, charset in _NO_BOM:
        if body.startswith(start):
            return body.decode(charset, "replace"), charset
    declared = _XML_ENCODING.match(body)
    named = [charset_of(content_type), declared[1].decode("ascii") if declared else None]
    for charset in (name for name in named if name):
        text = _try(body, charset)
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
    text = _DECLARATION.sub("", text, count=1)
    if "media:" in text:
        text = _MEDIA.sub(r"\1media:x-\2", text)
    if "&" in text:
        text = _mend_ampersands(text)
    return _ITEM.sub(_keep_own_link, text) if ":link" in text else text


def _mend_ampersands(text: str) -> str:
    if "<![CDATA[" not in text:
        return _BARE_AMPERSAND.sub("&amp;", text)
    parts = _CDATA.split(text)
    # Every second part is a CDATA section, where an ampersand is one.
    return "".join(part if i % 2 else _BARE_AMPERSAND.sub("&amp;", part) for i, part in enumerate(parts))


def _keep_own_link(item: re.Match[str]) -> str:
    """Hide ``atom:link`` in an RSS item that has a ``link`` of its own: it may be a related story's."""
    return _FOREIGN_LINK.sub(r"\1x-link", item[0]) if _PLAIN_LINK.search(item[0]) else item[0]


def _try(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (LookupError, UnicodeDecodeError, UnicodeError):
        return None
