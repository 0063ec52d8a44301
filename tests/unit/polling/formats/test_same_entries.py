"""The gate in front of the fast reader: what it reads, it reads as feedparser does.

A document that it does not take is feedparser's, so a difference can only be one that is listed here, with its reason.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from xml.parsers.expat import ExpatError

import pytest

from streams.polling.formats.decode import decode, repair
from streams.polling.formats.elements import UnusualError
from streams.polling.formats.entries import Entry, ParsedFeed
from streams.polling.formats.lenient import parse_lenient
from streams.polling.formats.wellformed import parse_wellformed
from tests.documents import NOW, URL, rss
from tests.unit.polling.formats.test_formats import _DOCUMENTS

_FIELDS = ("title", "language", "rights", "hints")
_ITEMS = {
    "plain": "<title>One</title><link>https://daily.example/1</link><description>Text.</description>",
    "html": "<title>Q&amp;amp;A</title><description>&lt;p&gt;One &lt;b&gt;two&lt;/b&gt;&lt;/p&gt;</description>",
    "cdata": "<title><![CDATA[One & two]]></title><content:encoded><![CDATA[<p>a</p>]]></content:encoded>",
    "everything": """<title>T</title><link>/1?a=1&amp;amp;b=2</link><guid isPermaLink="false">g 1</guid>
<dc:date>2026-02-18</dc:date>
<pubDate>Wed, 18 Feb 2026 09:30:00 GMT</pubDate><author>a@b.org (A B)</author><dc:creator>C</dc:creator>
<category>x</category><category domain="y">z</category><dc:subject>s</dc:subject><itunes:keywords>k, l</itunes:keywords>
<enclosure url="https://daily.example/1.mp3" type="AUDIO/mpeg" length="x"/><description>S</description>
<content:encoded>&lt;p&gt;Body&lt;/p&gt;</content:encoded>""",
    "media": """<title>T</title><media:group><media:content url="https://daily.example/1.jpg"/>
<media:title>P</media:title><media:description>D</media:description><media:category>c</media:category>
<media:keywords>m, n</media:keywords></media:group>""",
    "unknown": "<title>T</title><x:y xmlns:x='urn:x'><x:z>q</x:z></x:y><comments>https://daily.example/c</comments>",
    "windows": "<title>It&#146;s &#150; here</title><description>façade Ã©lan</description>",
    "nothing": "",
    "no title": "<description>Only text.</description>",
    "content alone": "<title>T</title><content:encoded>&lt;p&gt;x&lt;/p&gt;</content:encoded>",
    "foreign link": '<title>T</title><atom:link href="https://daily.example/f" rel="related"/><link>https://daily.example/1</link>',
}


def _both(document: str) -> tuple[ParsedFeed, ParsedFeed]:
    return parse_wellformed(document, url=URL, now=NOW), parse_lenient(repair(document), url=URL, now=NOW)


def _differences(ours: ParsedFeed, theirs: ParsedFeed) -> set[str]:
    found = {name for name in _FIELDS if getattr(ours, name) != getattr(theirs, name)}
    if len(ours.entries) != len(theirs.entries):
        found.add("number of entries")
    for one, other in zip(ours.entries, theirs.entries, strict=False):
        found |= {f"entry's {name}" for name in Entry.__struct_fields__ if getattr(one, name) != getattr(other, name)}
    return found


@pytest.mark.parametrize("kind", _ITEMS)
def test_each_item_of_ours_reads_the_same(kind: str) -> None:
    assert _differences(*_both(rss(_ITEMS[kind]))) == set()


@pytest.mark.parametrize("version", [version for version in _DOCUMENTS if not version.startswith(("json", "rss091n"))])
def test_each_format_reads_the_same(version: str) -> None:
    assert _differences(*_both(_DOCUMENTS[version])) == set()


@pytest.mark.parametrize(
    "document",
    [
        rss("<title>a <b>b</b></title>"),
        rss("<title>a</title>").replace("<rss", "<!DOCTYPE rss [<!ENTITY e 'x'>]><rss"),
        rss("<item><title>a</title></item>"),
        rss("<title mode='base64'>YQ==</title>"),
        "<html><body><p>x</p></body></html>",
    ],
    ids=["markup", "document type", "items in items", "base64", "no feed"],
)
def test_what_is_unusual_is_left_to_feedparser(document: str) -> None:
    with pytest.raises(UnusualError):
        parse_wellformed(document, url=URL, now=NOW)


# Where a captured or awkward document differs, and why ours is meant.
_MEANT = {
    # An enclosure that states no type has none; feedparser takes a link's usual type.
    "elconfidencial_es_2021-02-11.xml": {"entry's enclosures"},
    # Of two summaries or guids in one entry the first is taken, and feedparser takes the last.
    "picofeed__tests__fixtures__atom_element_preference.xml": {"entry's summary"},
    "picofeed__tests__fixtures__rss_10_element_preference.xml": {"entry's summary"},
    "picofeed__tests__fixtures__rss_20_element_preference.xml": {"entry's guid", "entry's summary"},
    # A guid is an opaque string: it is not made absolute.
    "gofeed__testdata__parser__atom__entry_id_xml_base.xml": {"entry's guid", "entry's link"},
}


@pytest.mark.eval_data
def test_the_captured_and_the_awkward_documents_read_the_same(eval_data: Path) -> None:
    taken: list[str] = []
    different: dict[str, set[str]] = {}
    for file in sorted(
        path for room in ("news", "awkward", "series") for path in (eval_data / "feeds" / room).iterdir()
    ):
        body = file.read_bytes()
        text, _ = decode(gzip.decompress(body) if file.suffix == ".gz" else body)
        try:
            ours = parse_wellformed(text, url=URL, now=NOW)
        except (UnusualError, ExpatError):
            continue
        taken.append(file.name)
        if found := _differences(ours, parse_lenient(repair(text), url=URL, now=NOW)):
            different[file.name] = found
    assert different == {name: _MEANT[name] for name in different if name in _MEANT}
    assert len(taken) > 600
