"""Excerpts, ninjs, CSV and feeds: what leaves geowire by other ways than Kafka."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import msgspec
import pytest

from schemas.enriched import Enriched
from schemas.generate import EXAMPLES
from schemas.raw import Rights
from streams.export import _csv
from streams.serving.address import Asked, parse
from streams.serving.documents import atom, json_feed
from streams.serving.excerpts import LONGEST, served
from streams.serving.newest import Newest, entry_of
from streams.serving.ninjs import as_ninjs
from streams.serving.rows import COLUMNS, as_row
from tests.documents import parsed

_EVENT = msgspec.json.decode((EXAMPLES / "enriched.json").read_bytes(), type=Enriched)
_LONG = msgspec.structs.replace(_EVENT, text="The ministers met again. " * 40)
_HOSTILE = '=HYPERLINK("http://evil.example") <script>alert(1)</script> & \x07 ]]>'

# The fields of ninjs 3.1 and of its objects, as IPTC's schema has them, as far as geowire uses them.
_NINJS = {
    "": "uri type representationType version versionCreated contentCreated pubStatus language headlines bodies by "
    "usageTerms subjects places organisations people infoSources renditions altIds standard",
    "headlines": "role contentType value",
    "bodies": "role contentType charCount wordCount value",
    "subjects": "name rel uri literal creator relevance confidence",
    "places": "name rel uri literal contactInfo geoJSON",
    "organisations": "name rel uri literal symbols contactInfo",
    "people": "name rel uri literal contactInfo",
    "infoSources": "name role uri literal contactInfo",
    "renditions": "name href contentType title",
    "altIds": "role value",
}


def _with(**changes: Any) -> Enriched:
    return msgspec.structs.replace(_EVENT, **changes)


def test_of_a_text_an_excerpt_is_served() -> None:
    short = served(_LONG)
    assert len(short.text) <= LONGEST + 1
    assert short.text.endswith("…")
    assert served(_EVENT).title == _EVENT.title
    assert served(_LONG, {"another-feed"}) == short
    assert served(_LONG, {_LONG.source.feed_id}) == _LONG
    assert served(_LONG, {"*"}) == _LONG


def test_where_mining_is_reserved_nothing_of_the_text_is() -> None:
    reserved = msgspec.structs.replace(_LONG, rights=Rights(tdm_reserved=True))
    assert served(reserved).text == ""
    assert all(span.field == "title" for topic in served(reserved).topics or () for span in topic.evidence)


def test_ninjs_has_the_published_fields_and_no_others() -> None:
    found = as_ninjs(served(_EVENT))
    assert found.keys() <= set(_NINJS[""].split())
    for name, fields in _NINJS.items():
        for one in found.get(name, []):
            assert one.keys() <= set(fields.split()), name
    assert {s["uri"].rpartition("/")[2] for s in found["subjects"]} == {"20000639", "20001316"}
    assert [s["relevance"] for s in found["subjects"] if "relevance" in s] == [100]
    assert all(isinstance(s["confidence"], int) for s in found["subjects"] if "confidence" in s)
    about = [p["literal"] for p in found["places"] if p.get("rel") == "about"]
    assert about == ["CL", "PE"]
    assert found["pubStatus"] == "usable"
    assert json.loads(json.dumps(found)) == found


def test_a_row_has_every_column_and_no_formula() -> None:
    written = _csv(as_row(_with(title=_HOSTILE))).decode()
    (row,) = csv.reader(io.StringIO(written))
    event = dict(zip(COLUMNS, row, strict=True))
    assert event["title"] == f"'{_HOSTILE}"
    assert event["countries"] == "CL;PE"
    assert event["topics"] == "diplomacy;territorial_disputes"


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("all", Asked()),
        ("diplomacy", Asked(topics=frozenset({"diplomacy"}))),
        ("CN", Asked(countries=frozenset({"CN"}))),
        ("diplomacy/US-CN", Asked(topics=frozenset({"diplomacy"}), pairs=frozenset({("CN", "US")}))),
        ("en/CN/trade", Asked(frozenset({"trade"}), frozenset({"CN"}), frozenset(), frozenset({"en"}))),
        ("x-harvest/pt-BR", Asked(topics=frozenset({"x-harvest"}), languages=frozenset({"pt-BR"}))),
        ("gardening", None),
        ("diplomacy/all", None),
        ("../../etc", None),
        ("", None),
        ("cn", Asked(languages=frozenset({"cn"}))),
    ],
)
def test_addresses_of_feeds(address: str, asked: Asked | None) -> None:
    assert parse(address, {"diplomacy", "trade", "x-harvest"}) == asked


def test_a_feed_shows_the_newest_that_stand() -> None:
    newest = Newest(most=10)
    for second in range(30):
        newest.take(entry_of(_with(item_id=f"item-{second}", fetched=f"2026-02-18T09:30:{second:02}.000Z")))
    newest.take(entry_of(_with(item_id="item-29", fetched="2026-02-18T09:31:00.000Z", title="Edited")))
    newest.take(entry_of(_with(item_id="item-29", fetched="2026-02-18T09:30:00.000Z", title="Before")))
    newest.take(entry_of(_with(item_id="item-28", fetched="2026-02-18T09:31:01.000Z", reason="withdrawn", title="")))
    shown = newest.of(Asked(), most=3)
    assert [(entry.item_id, entry.title == "Edited") for entry in shown] == [
        ("item-29", True),
        ("item-27", False),
        ("item-26", False),
    ]
    assert newest.of(Asked(topics=frozenset({"sanctions"}))) == []
    assert newest.of(Asked(pairs=frozenset({("CL", "PE")}), languages=frozenset({"en"})), most=1)


def test_atom_is_read_by_our_own_parser_and_by_feedparser() -> None:
    events = [_LONG, _with(item_id="hostile", title=_HOSTILE, url="https://daily.example/?a=1&b=2", authors=("A & B",))]
    document = atom([entry_of(event) for event in events], address="diplomacy/CL-PE", url="http://x.example/f.atom?a&b")
    read = feedparser.parse(document)
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.title == "geowire: diplomacy, CL-PE"
    ours = parsed(document, content_type="application/atom+xml")
    assert [entry.link for entry in ours.entries] == [_LONG.url, "https://daily.example/?a=1&b=2"]
    for entry, event in zip(read.entries, events, strict=True):
        assert entry.id == f"urn:geowire:{event.item_id}"
        assert len(entry.summary) <= LONGEST + 1
        assert {tag.term for tag in entry.tags} >= {"diplomacy", "CL"}
    assert b"<script>" not in document
    assert b"\x07" not in document


def test_atom_has_what_the_format_asks_for() -> None:
    """RFC 4287: each once, ids unique, an author for each entry, a link where there is no content."""
    events = [_LONG, _with(item_id="without", url=None, published=None, authors=(), title="")]
    document = atom([entry_of(event) for event in events], address="all", url="http://x.example/all.atom")
    feed = ET.fromstring(document)  # noqa: S314 - ours
    entries = feed.findall("{*}entry")
    for node in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(node.findall(f"{{*}}{name}")) == 1, name
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", node.findtext("{*}updated") or "")
        assert node.findall("{*}author/{*}name")
    ids = [node.findtext("{*}id") for node in (feed, *entries)]
    assert len(set(ids)) == len(ids)
    assert all(id_ is not None and id_.startswith("urn:") for id_ in ids)
    assert [len(entry.findall("{*}link[@rel='alternate']")) for entry in entries] == [1, 0]
    assert len(entries[1].findall("{*}content")) == 1, "an entry without a link has to have content"


def test_json_feed_is_read_by_our_own_parser() -> None:
    document = json_feed([entry_of(_LONG)], address="diplomacy", url="http://x.example/f.json")
    feed = json.loads(document)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    (item,) = feed["items"]
    assert {"id", "title", "content_text", "date_modified"} <= item.keys()
    assert all(key.startswith("_") for key in item.keys() - _JSON_FEED)
    (entry,) = parsed(document, content_type="application/feed+json").entries
    assert entry.link == _LONG.url


_JSON_FEED = {
    *("id", "url", "title", "content_text", "summary", "date_published", "date_modified"),
    *("authors", "tags", "language"),
}


def test_an_empty_feed_is_one() -> None:
    assert not feedparser.parse(atom([], address="all", url="http://x.example/all.atom")).bozo
    assert json.loads(json_feed([], address="all", url="http://x.example/all.json"))["items"] == []
