"""Checklist E: how geowire presents itself, and how it reads what publishers write."""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Callable
from importlib.metadata import version

import brotli
import msgspec
import pytest

from schemas.raw import FeedRef, HttpResponse, RawItem
from schemas.times import from_datetime
from streams.polling.reading import Request, read
from tests import site
from tests.polled import START, desk
from tests.server import Answer, serving

_FEED = site.rss({"title": "Report", "link": "https://daily.example/1"})


async def test_e_user_agent_and_accept_and_encodings() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(body=_FEED))
        await polls.poll(server.url("/feed"))
    (request,) = server.requests
    assert request.headers["User-Agent"] == f"geowire/{version('geowire')} (+https://desk.example/)"
    accepted = re.split(r"\s*,\s*", request.headers["Accept"])
    assert {"application/rss+xml", "application/atom+xml", "application/feed+json"} <= set(accepted)
    assert any(kind.startswith("*/*;q=0.") for kind in accepted), "a server that knows no feed types may answer too"
    assert re.split(r"\s*,\s*", request.headers["Accept-Encoding"]) == ["gzip", "br"]


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("br", brotli.compress)])
async def test_e_gzip_and_brotli_are_read(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(body=pack(_FEED), headers={"Content-Encoding": encoding}))
        polled = await polls.poll(server.url("/feed"))
    assert polled.reading is not None
    assert len(polled.reading.items) == 1


def _title(document: bytes, content_type: str = "application/rss+xml") -> str:
    request = Request(
        feed=FeedRef(id="f", url="https://x.example/feed"),
        fetched=from_datetime(START),
        http=HttpResponse(status=200, url="https://x.example/feed"),
        content_type=content_type,
        listed=(),
        first=True,
    )
    (item,) = read(request, document).items
    return msgspec.json.decode(item.record, type=RawItem).title


_RUSSIAN = "Переговоры о границе"


def _document(title: str, declared: str = "", encoding: str = "utf-8") -> bytes:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return (
        f"{declaration}<rss version='2.0'><channel><title>t</title><item><title>{title}</title>"
        f"<link>https://x.example/1</link></item></channel></rss>"
    ).encode(encoding)


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        (codecs.BOM_UTF8 + _document(_RUSSIAN, "windows-1251"), "text/xml; charset=windows-1251"),
        (codecs.BOM_UTF16_LE + _document(_RUSSIAN, "windows-1251", "utf-16-le"), "text/xml; charset=windows-1251"),
        (_document(_RUSSIAN, "utf-8", "windows-1251"), "text/xml; charset=windows-1251"),
        (_document(_RUSSIAN, "windows-1251", "windows-1251"), "text/xml"),
        (_document(_RUSSIAN), "text/xml"),
    ],
    ids=["BOM before HTTP and XML", "UTF-16 BOM", "HTTP before XML", "XML before sniffing", "sniffed"],
)
def test_e_charset_order_bom_http_xml_sniff(document: bytes, content_type: str) -> None:
    assert _title(document, content_type) == _RUSSIAN


def test_e_control_characters_are_stripped() -> None:
    title = _title(_document("Talks\x00 on\x0b the\x1f border\x08"))
    assert title.split() == ["Talks", "on", "the", "border"]
    assert not set(title) & set(map(chr, [*range(9), 11, 12, *range(14, 32)]))


def test_e_bare_ampersands_are_repaired() -> None:
    assert _title(_document("Johnson & Johnson, AT&T; R&D &amp; more")) == "Johnson & Johnson, AT&T; R&D & more"
