"""Every format that is read, in a document as its specification has it."""

from __future__ import annotations

import gzip

import pytest

from streams.polling.formats.entries import Entry, Hints
from tests.documents import URL, only, parsed, rss

_ITEM = """<title>Talks on the border</title><link>https://daily.example/1</link>
<description>Ministers met.</description>"""
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def _rss_09(version: str, doctype: str = "") -> str:
    return f"""<?xml version="1.0"?>{doctype}<rss version="{version}"><channel><title>The Daily Example</title>
<link>https://daily.example/</link><description>News</description><language>en</language>
<image><title>Logo</title><url>https://daily.example/logo.gif</url><link>https://daily.example/logo</link></image>
<item>{_ITEM}</item></channel></rss>"""


_NETSCAPE = (
    '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
    '"http://my.netscape.com/publish/formats/rss-0.91.dtd">'
)
_DOCUMENTS = {
    "rss090": f"""<rdf:RDF xmlns:rdf="{_RDF}" xmlns="http://my.netscape.com/rdf/simple/0.9/">
<channel><title>The Daily Example</title><link>https://daily.example/</link></channel>
<image><title>Logo</title><link>https://daily.example/logo</link></image>
<item>{_ITEM}</item></rdf:RDF>""",
    "rss10": f"""<rdf:RDF xmlns:rdf="{_RDF}" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://daily.example/"><title>The Daily Example</title><dc:language>en</dc:language></channel>
<item rdf:about="https://daily.example/1">{_ITEM}<dc:date>2026-02-18T09:30:00Z</dc:date></item></rdf:RDF>""",
    "rss091u": _rss_09("0.91"),
    "rss091n": _rss_09("0.91", _NETSCAPE),
    "rss092": _rss_09("0.92"),
    "rss093": _rss_09("0.93"),
    "rss094": _rss_09("0.94"),
    "rss20": _rss_09("2.0"),
    "rss": _rss_09("3.14"),
    "atom03": """<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en"><title>The Daily Example</title>
<entry><title>Talks on the border</title><link rel="alternate" type="text/html" href="https://daily.example/1"/>
<id>tag:daily.example,2026:1</id><issued>2026-02-18T09:30:00Z</issued><summary>Ministers met.</summary>
</entry></feed>""",
    "atom10": """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>The Daily Example</title>
<link rel="self" href="https://daily.example/feed"/>
<entry><title>Talks on the border</title><link href="https://daily.example/1"/><id>urn:1</id>
<published>2026-02-18T09:30:00Z</published><updated>2026-02-18T10:00:00Z</updated><summary>Ministers met.</summary>
</entry></feed>""",
    "json1": """{"version": "https://jsonfeed.org/version/1", "title": "The Daily Example", "items": [{"id": "1",
"url": "https://daily.example/1", "title": "Talks on the border", "summary": "Ministers met."}]}""",
    "json11": """{"version": "https://jsonfeed.org/version/1.1", "title": "The Daily Example", "language": "en",
"items": [{"id": 1, "url": "https://daily.example/1", "title": "Talks on the border", "summary": "Ministers met."}]}""",
}


@pytest.mark.parametrize("version", _DOCUMENTS)
def test_each_format_gives_the_same_story(version: str) -> None:
    found = parsed(_DOCUMENTS[version])
    assert found.version == version
    assert found.title == "The Daily Example"
    (entry,) = found.entries
    assert entry.title == "Talks on the border"
    assert entry.link == "https://daily.example/1"
    assert entry.summary == "Ministers met."
    assert found.problem is None


@pytest.mark.parametrize("version", _DOCUMENTS)
def test_each_format_is_read_from_utf_16_and_packed(version: str) -> None:
    document = _DOCUMENTS[version]
    assert parsed(document.encode("utf-16")).entries == parsed(document).entries
    assert parsed(gzip.compress(document.encode())).entries == parsed(document).entries


def test_everything_an_rss_item_says() -> None:
    entry = only(
        rss(
            """<title>Talks</title><link>https://daily.example/1</link><guid isPermaLink="false">g1</guid>
<description>Short.</description><content:encoded><![CDATA[<p>The whole of it.</p>]]></content:encoded>
<pubDate>Wed, 18 Feb 2026 09:30:00 +0100</pubDate><author>desk@daily.example (Ada Desk)</author>
<dc:creator>Bo Writer</dc:creator><category>World</category><category domain="d">Peace</category>
<enclosure url="https://daily.example/1.mp3" type="audio/mpeg" length="42"/>"""
        )
    )
    assert entry.guid == "g1"
    assert (entry.summary, entry.body) == ("Short.", "<p>The whole of it.</p>")
    assert (entry.published, entry.published_source) == ("2026-02-18T08:30:00.000Z", "feed")
    assert entry.published_raw == "Wed, 18 Feb 2026 09:30:00 +0100"
    assert entry.updated is None
    assert entry.authors == ("Ada Desk", "Bo Writer")
    assert entry.categories == ("World", "Peace")
    ((file),) = entry.enclosures
    assert (file.url, file.type, file.length) == ("https://daily.example/1.mp3", "audio/mpeg", 42)


def test_everything_an_atom_entry_says() -> None:
    entry = only(
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://daily.example/atom/"><title>t</title>
<author><name>Not the entry's</name></author>
<entry xml:lang="pt_BR"><title type="html">Talks &amp;amp; more</title><id>urn:1</id>
<link rel="related" href="https://daily.example/other"/><link rel="alternate" href="../1"/>
<link rel="enclosure" href="1.jpg" type="image/jpeg"/>
<updated>2026-02-18T10:00:00Z</updated><published>2026-02-18T09:30:00Z</published>
<author><name>Ada Desk</name><email>ada@daily.example</email></author><author><email>bo@daily.example</email></author>
<category term="world" label="World"/><source><title>Another feed</title><id>urn:other</id></source>
<content type="html">&lt;p&gt;The whole of it.&lt;/p&gt;</content></entry></feed>"""
    )
    assert entry.title == "Talks &amp; more"
    assert entry.guid == "urn:1"
    assert entry.link == "https://daily.example/1"
    assert (entry.summary, entry.body) == (None, "<p>The whole of it.</p>")
    assert entry.published == "2026-02-18T09:30:00.000Z"
    assert entry.updated == "2026-02-18T10:00:00.000Z"
    assert entry.authors == ("Ada Desk", "bo@daily.example")
    assert entry.categories == ("world",)
    assert [file.url for file in entry.enclosures] == ["https://daily.example/atom/1.jpg"]
    assert entry.language == "pt-BR"


@pytest.mark.parametrize(
    "content",
    [
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One <b>two</b>.</p></div></content>',
        '<content type="text/html" mode="escaped">&lt;p&gt;One &lt;b&gt;two&lt;/b&gt;.&lt;/p&gt;</content>',
        '<content type="text/html" mode="base64">PHA+T25lIDxiPnR3bzwvYj4uPC9wPg==</content>',
    ],
    ids=["inline XHTML", "escaped", "base64"],
)
def test_each_way_atom_writes_html(content: str) -> None:
    document = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>x</title>{content}</entry></feed>'
    )
    assert only(document).body == "<p>One <b>two</b>.</p>"


def test_markup_that_stands_in_rss_unescaped_is_kept() -> None:
    entry = only(rss("<title>Talks</title><description>One <b>two</b> <i>three</i>.</description>"))
    assert (entry.summary or "").replace(" ", "") == "One<b>two</b><i>three</i>."


def test_everything_a_json_item_says() -> None:
    entry = only(
        """{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "https://daily.example/", "items": [{
"id": "https://daily.example/1", "url": "/1?x=1", "title": "Talks", "language": "de",
"content_html": "<p>The whole of it.</p>", "content_text": "The whole.", "summary": "Short.",
"date_published": "2026-02-18T09:30:00+01:00", "date_modified": "2026-02-18T10:00:00Z",
"authors": [{"name": "Ada Desk"}, {"url": "https://x.example"}], "tags": ["world", 7],
"attachments": [{"url": "https://daily.example/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 42}, {}, "x"]}]}"""
    )
    assert entry.link == "https://daily.example/1?x=1"
    assert entry.guid == "https://daily.example/1"
    assert (entry.summary, entry.body) == ("Short.", "<p>The whole of it.</p>")
    assert (entry.published, entry.updated) == ("2026-02-18T08:30:00.000Z", "2026-02-18T10:00:00.000Z")
    assert (entry.authors, entry.categories, entry.language) == (("Ada Desk",), ("world",), "de")
    assert [file.length for file in entry.enclosures] == [42]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ('{"version": "https://jsonfeed.org/version/1"', "neither XML nor valid JSON"),
        ('{"error": "not found"}', "no list of items"),
        ('{"items": {"a": 1}}', "no list of items"),
    ],
)
def test_json_that_is_no_feed_says_so(document: str, problem: str) -> None:
    found = parsed(document)
    assert not found.version
    assert problem in (found.problem or "")


def test_json_items_of_the_wrong_kind_cost_nothing_but_themselves() -> None:
    document = """{"version": "https://jsonfeed.org/version/1", "items": ["x", null, {"id": {"a": 1}, "title": ["t"],
"url": 5, "tags": "x", "authors": "y", "date_published": 7}, {"id": 2, "title": "Talks"}]}"""
    assert [entry.title for entry in parsed(document).entries] == ["", "Talks"]


_SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://daily.example/1?a=1&amp;b=2</loc><lastmod>2026-02-18T10:00:00Z</lastmod>
<news:news>
<news:publication><news:name>The Daily Example</news:name><news:language>en</news:language></news:publication>
<news:publication_date>2026-02-18T09:30:00Z</news:publication_date><news:title>Talks on the border</news:title>
<news:keywords>peace, border</news:keywords></news:news>
<image:image><image:loc>https://daily.example/1.jpg</image:loc><image:title>A photo</image:title></image:image></url>
<url><loc>https://daily.example/about</loc></url>
</urlset>"""


def test_a_news_sitemap_is_a_feed() -> None:
    found = parsed(_SITEMAP)
    assert found.version == "news-sitemap"
    assert found.entries == (
        Entry(
            title="Talks on the border",
            link="https://daily.example/1?a=1&b=2",
            published="2026-02-18T09:30:00.000Z",
            published_source="feed",
            published_raw="2026-02-18T09:30:00Z",
            updated="2026-02-18T10:00:00.000Z",
            categories=("peace", "border"),
            language="en",
        ),
    )


def test_a_packed_news_sitemap_is_a_feed() -> None:
    assert (
        parsed(gzip.compress(_SITEMAP.encode()), content_type="application/x-gzip").entries == parsed(_SITEMAP).entries
    )


def test_a_sitemap_of_pages_says_that_it_is_no_feed() -> None:
    pages = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://x.example/</loc></url></urlset>'
    )
    found = parsed(pages)
    assert (found.version, found.entries) == ("", ())
    assert "a sitemap of pages, not of news" in (found.problem or "")


def test_an_index_of_sitemaps_names_them_the_newest_first() -> None:
    found = parsed(
        """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://daily.example/2026-01.xml</loc><lastmod>2026-01-31</lastmod></sitemap>
<sitemap><loc>https://daily.example/pages.xml</loc></sitemap>
<sitemap><loc>/2026-02.xml</loc><lastmod>2026-02-18T09:00:00Z</lastmod></sitemap></sitemapindex>"""
    )
    assert found.sitemaps == (
        "https://daily.example/2026-02.xml",
        "https://daily.example/2026-01.xml",
        "https://daily.example/pages.xml",
    )
    assert not found.version
    assert "index of 3 sitemaps" in (found.problem or "")


def test_what_the_channel_says() -> None:
    found = parsed(
        rss(
            "<title>x</title>",
            channel="""<language>pt-br</language><copyright>© The Daily Example</copyright><ttl>15</ttl>
<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>
<skipHours><hour>0</hour><hour>1</hour></skipHours><skipDays><day>Sunday</day></skipDays>
<image><title>Logo</title><url>https://daily.example/l.gif</url></image>
<textInput><title>Search</title><name>q</name></textInput>""",
        )
    )
    assert (found.title, found.language, found.rights) == ("The Daily Example", "pt-br", "© The Daily Example")
    assert found.hints == Hints(
        ttl="15", update_period="hourly", update_frequency="2", skip_hours=("0", "1"), skip_days=("Sunday",)
    )


def test_an_empty_feed_is_a_feed() -> None:
    found = parsed(rss())
    assert (found.version, found.entries, found.problem) == ("rss20", (), None)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("", "the body is empty"),
        (" \n\t", "the body is empty"),
        ("<!DOCTYPE html><html><body><p>Hello</p></body></html>", "a web page, not a feed"),
        ("<note><to>x</to></note>", "not a feed in any format that is known"),
        ("Service unavailable", "not a feed in any format that is known"),
    ],
)
def test_what_is_no_feed_says_so(document: str, problem: str) -> None:
    found = parsed(document)
    assert (found.version, found.entries, found.problem) == ("", (), problem)


def test_the_address_of_the_document_is_the_base_of_relative_links() -> None:
    assert only(rss("<title>x</title><link>/2026/1.html</link>"), url=URL).link == "https://daily.example/2026/1.html"
    assert only(rss("<title>x</title><link>1.html</link>"), url=URL).link == "https://daily.example/rss/1.html"
