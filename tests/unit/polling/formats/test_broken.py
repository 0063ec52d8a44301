"""Broken feeds, and what is read of them. What is repaired is in docs/polling.md; each row of it is here."""

from __future__ import annotations

import io
import random
import time

import feedparser
import pytest

from tests.documents import XML, items, parsed, reading, rss

_ONE = "<title>One</title><link>https://daily.example/1</link>"
_TWO = "<title>Two</title><link>https://daily.example/2</link>"
_SOUND = rss(_ONE, _TWO)
_BROKEN = {
    "white space before the declaration": "\n\n  " + _SOUND,
    "a warning of the server's before it": "<br />\n<b>Warning</b>: Cannot modify header in <b>x.php</b> <br />\n"
    + _SOUND,
    "a comment of the cache's behind it": _SOUND + "\n<!-- cached --><script>ad()</script>",
    "text behind it": _SOUND + "\nBye.",
    "another feed behind it": _SOUND + _SOUND,
    "a declaration that is wrong": _SOUND.replace('version="1.0"', 'version="9.9"'),
    "a declaration twice": '<?xml version="1.0"?>' + _SOUND,
    "control characters": _SOUND.replace("One", "O\x00n\x0be\x1f"),
    "characters XML forbids, as references": _SOUND.replace("One", "One&#0;&#11;"),
    "bare ampersands": _SOUND.replace("/1<", "/1?a=1&b=2<"),
    "HTML's references": _SOUND.replace("One", "One&nbsp;&eacute;&hellip;"),
    "references nobody knows": _SOUND.replace("One", "One&nosuch;"),
    "a bare less-than": _SOUND.replace("One", "One < 1"),
    "HTML that is not escaped": _SOUND.replace("One</title>", "One</title><description>a<br>b<p>c</description>"),
    "attributes without quotes": _SOUND.replace("<title>One", "<title type=text>One"),
    "tags closed in the wrong order": _SOUND.replace("One</title>", "One</title><category><a>x</category></a>"),
    "prefixes that are not bound": _SOUND.replace("One</title>", "One</title><nosuch:tag>x</nosuch:tag>"),
    "CDATA that is not closed": rss(_ONE, _TWO + "<description><![CDATA[cut").partition("]]></description>")[0],
    "cut in the middle of an item": rss(_ONE, _TWO + "<description>Ministers met</description>")[:-60],
    "cut in the middle of a tag": rss(_ONE, _TWO + "<description>x</description>").partition("</desc")[0] + "</de",
    "without an end": _SOUND.partition("</channel>")[0],
    "upper case": _SOUND.replace("item>", "ITEM>").replace("<title>", "<TITLE>").replace("</title>", "</TITLE>"),
    "no channel": f'<?xml version="1.0"?><rss version="2.0"><item>{_ONE}</item><item>{_TWO}</item></rss>',
    "an unknown default namespace": _SOUND.replace("<rss ", '<rss xmlns="https://x.example/ns" '),
    "a document type": _SOUND.replace("<rss", '<!DOCTYPE rss SYSTEM "https://daily.example/rss.dtd"><rss'),
    "closed behind the first item": _SOUND.replace("</item>", "</item></channel></rss>", 1),
    "closed before the first item": _SOUND.replace("<item>", "</channel></rss><item>", 1),
    "an item in front of it": f"<item>{_ONE}</item>" + rss(_TWO),
    "items in an element nobody knows": _SOUND.replace("<item>", "<list><item>", 1).replace(
        "\n</channel>", "</list></channel>"
    ),
    "an entry among the items": _SOUND.replace("<item>", "<entry>", 1).replace("</item>", "</entry>", 1),
    "the end of a width that never began": _SOUND.replace("One</title>", "One</title></width>"),
    "the end of a height that never began": _SOUND.replace("One</title>", "One</title></height>"),
    "the end of a player that never began": _SOUND.replace("One</title>", "One</title></media:player>"),
    "entities of its own": _SOUND.replace("<rss", '<!DOCTYPE rss [<!ENTITY own "word">]><rss').replace(
        "One", "One&own;"
    ),
}


@pytest.mark.parametrize("fault", _BROKEN)
def test_no_fault_costs_an_item(fault: str) -> None:
    found = parsed(_BROKEN[fault])
    assert found.version.startswith("rss")
    titles = [entry.title for entry in found.entries]
    assert len(titles) >= 2
    assert titles[0].startswith(("One", "One"[:1]))
    assert titles[1] == "Two"
    assert [(entry.link or "").partition("?")[0] for entry in found.entries[:2]] == [
        "https://daily.example/1",
        "https://daily.example/2",
    ]


def test_what_feedparser_fails_over_is_a_document_with_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise KeyError("media_player")

    monkeypatch.setattr("feedparser.parse", failing)
    found = parsed(_BROKEN["a bare less-than"])
    assert not found.version
    assert found.problem == "feedparser fails over it: KeyError: 'media_player'"


_BITS = (
    "<",
    ">",
    "&",
    '"',
    "</item>",
    "<item>",
    "</channel>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "</title>",
    "</rss>",
    "</width>",
)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_torn_out_or_put_in_costs_no_item_that_feedparser_finds(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(25):
        document = draw.choice(list(_BROKEN.values()))
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(document))
            put_in = draw.choice((*_BITS, document[at - 40 : at]))
            document = document[:at] + put_in + document[at + draw.choice((0, 0, 1, 5, 50)) :]
        assert len(parsed(document).entries) >= _plain(document), document


def _plain(document: str) -> int:
    """Items that feedparser finds when it is simply called; it fails over some."""
    try:
        return len(feedparser.parse(io.BytesIO(document.encode())).entries)
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError):
        return 0


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Johnson & Johnson", "Johnson & Johnson"),
        ("AT&T; R&D", "AT&T; R&D"),
        ("caf&eacute; &ndash; bar", "café – bar"),
        ("one &amp; two", "one & two"),
        ("&#8220;quoted&#8221;", "“quoted”"),
        ("<![CDATA[Q&A & more]]>", "Q&A & more"),
        ("it&#146;s", "it’s"),
        ("O\x00ne", "One"),
    ],
)
def test_what_is_mended_reads_as_it_was_meant(written: str, read: str) -> None:
    (item,) = items(reading(rss(f"<title>{written} &nosuch2;</title>")))
    from agents.normalise.normalise import normalise_title

    assert normalise_title(item.title) == f"{read} &nosuch2;"


def test_a_fault_is_told_in_the_problem_although_the_items_are_there() -> None:
    mended = parsed(_BROKEN["bare ampersands"])
    assert (mended.problem or "").startswith("broken XML, mended (")
    made_out = parsed(_BROKEN["HTML that is not escaped"])
    assert (made_out.problem or "").startswith("broken XML (")
    assert (parsed(_SOUND + "Bye.").problem or "").startswith("behind the end of the feed:")
    assert parsed(_SOUND).problem is None


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-32", "iso-8859-1", "windows-1252", "iso-8859-15"])
def test_no_charset_costs_a_character(charset: str) -> None:
    document = rss("<title>Élysée: façade</title>").replace("UTF-8", charset).encode(charset)
    (entry,) = parsed(document, content_type=XML).entries
    assert entry.title == "Élysée: façade"


@pytest.mark.parametrize(
    ("charset", "title"),
    [
        ("gb2312", "边界谈判"),
        ("gb18030", "边界谈判"),
        ("big5", "邊界談判"),
        ("shift_jis", "国境交渉"),
        ("euc-jp", "国境交渉"),
        ("euc-kr", "국경 회담"),
        ("windows-1256", "محادثات الحدود"),
        ("windows-1255", "שיחות"),
        ("tis-620", "การเจรจา"),
        ("koi8-u", "переговори"),
    ],
)
def test_the_charsets_of_the_world_are_read(charset: str, title: str) -> None:
    document = f'<?xml version="1.0" encoding="{charset}"?><rss version="2.0"><channel><item><title>{title}</title>'
    body = f"{document}</item></channel></rss>".encode(charset)
    (entry,) = parsed(body, content_type="text/xml").entries
    assert entry.title == title


def test_a_charset_nobody_knows_is_no_charset() -> None:
    document = rss("<title>Élysée</title>").replace("UTF-8", "x-unknown")
    assert parsed(document, content_type="text/xml; charset=nonsense").entries[0].title == "Élysée"


def test_a_gb2312_feed_with_characters_beyond_it_is_read_as_gb18030() -> None:
    document = rss("<title>朱镕基与喆</title>").replace("UTF-8", "gb2312").encode("gb18030")
    assert parsed(document, content_type="text/xml").entries[0].title == "朱镕基与喆"


_N = 20_000
_ENDLESS = {
    "items without an end": "<rss><channel>" + "<item>" * _N,
    "items with foreign links without an end": "<rss><channel>" + "<item><a:link>" * _N,
    "CDATA without an end": "<rss><channel><item><title>&" + "<![CDATA[" * _N,
    "links without an end": "<rss><channel><item><x:link/>" + "<link " * _N + "</item>",
    "ampersands": "<rss><channel><item><title>" + "&" * _N,
    "skipped hours without an end": "<rss><channel>" + "<skipHours>" * _N,
    "declarations": "<?xml " * _N,
    "deep": "<rss><channel>" + "<a>" * _N,
    "attributes": "<rss><channel><item " + " ".join(f'a{n}="1"' for n in range(_N)) + "/></channel></rss>",
    "dates": rss(*["<title>x</title><pubDate>" + "1 " * 10_000 + "</pubDate>"] * 20),
    "categories": rss("<title>x</title>" + "<category>a</category>" * _N),
    "json": '{"items": [' + "[" * _N,
}


@pytest.mark.parametrize("kind", _ENDLESS)
def test_time_is_in_proportion_to_the_document(kind: str) -> None:
    started = time.process_time()
    parsed(_ENDLESS[kind])
    assert time.process_time() - started < 4, "the deadline of a document is 5 s"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"\x1f\x8b\x08" + b"x" * 100, "a gzip file that is broken"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "a gzip file that is not whole"),
    ],
)
def test_a_packed_body_that_is_broken_says_so(body: bytes, problem: str) -> None:
    found = parsed(body)
    assert not found.version
    assert (found.problem or "").startswith(problem)


def test_a_packed_bomb_ends_at_the_cap() -> None:
    import gzip

    found = parsed(gzip.compress(b"<rss>" + b" " * (21 << 20)))
    assert found.problem == "a gzip file that is larger than 20 MB unpacked"
