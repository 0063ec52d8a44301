"""Feed lists as people have them: YAML, OPML exported by readers, an address a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import ConfigError
from schemas.feed import Feed
from streams.polling import feedlist


def _parse(text: str) -> list[Feed]:
    return feedlist.parse(text.encode(), shown="a list")


def test_opml_of_any_depth_and_spelling() -> None:
    feeds = _parse("""<?xml version="1.0"?>
    <opml version="2.0"><body>
      <outline text="World"><outline text="Europe"><outline text="North">
        <outline type="rss" text="Daily" title="The Daily" xmlUrl=" https://daily.example/feed " language="sv"/>
      </outline></outline></outline>
      <outline text="At the top" XMLURL="http://top.example/rss"/>
      <outline title="By scheme" xmlurl="feed://scheme.example/rss"/>
      <outline title="By prefix" xmlUrl="feed:https://prefix.example/rss"/>
      <outline title="Not the web" xmlUrl="ftp://old.example/rss"/>
      <outline title="Twice" xmlUrl="http://top.example/rss"/>
    </body></opml>""")
    assert [(feed.url, feed.title) for feed in feeds] == [
        ("https://daily.example/feed", "The Daily"),
        ("http://top.example/rss", "At the top"),
        ("http://scheme.example/rss", "By scheme"),
        ("https://prefix.example/rss", "By prefix"),
    ]
    assert feeds[0].language == "sv"
    assert len({feed.id for feed in feeds}) == 4


@pytest.mark.parametrize(
    "outline",
    [
        '<outline text="Fish & chips" xmlUrl="https://daily.example/?a=1&b=2"/>',
        '<outline text="a < b" xmlUrl="https://daily.example/?a=1&amp;b=2"/>',
        '<outline text="Fish &amp; chips" xmlUrl="https://daily.example/?a=1&amp;b=2">',
        '<outline text="\x08Fish" xmlUrl="https://daily.example/?a=1&amp;b=2"/>',
    ],
)
def test_opml_that_is_no_xml_is_read_all_the_same(outline: str) -> None:
    (feed,) = _parse(f'<opml version="1.1"><head><title>x</title></head><body>{outline}</body></opml>')
    assert feed.url == "https://daily.example/?a=1&b=2"


def test_opml_in_an_encoding_of_its_own() -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1251"?><opml><body><outline text="Вестник" xmlUrl="https://v.example/"/>'
    )
    (feed,) = feedlist.parse(f"{text}</body></opml>".encode("cp1251"), shown="a list")
    assert feed.title == "Вестник"


def test_thousands_of_entries() -> None:
    groups = "".join(
        f'<outline text="g{g}">'
        + "".join(f'<outline xmlUrl="https://{g}-{n}.example/feed"/>' for n in range(100))
        + "</outline>"
        for g in range(100)
    )
    assert len(_parse(f"<opml><body>{groups}</body></opml>")) == 10_000


def test_what_is_exported_is_read_again() -> None:
    feeds = _parse("""feeds:
    - {id: daily, url: "https://daily.example/?a=1&b=2", publisher: "The <Daily> & Co", country: GB, language: en}
    - {id: vestnik, url: "https://v.example/", title: Вестник, country: RU, language: ru, content: page}
    - {id: bare, url: "https://bare.example/"}
    """)
    assert _parse(feedlist.dump(feeds)) == feeds
    opml = _parse(feedlist.opml(feeds))
    assert [feed.url for feed in _parse(feedlist.lines(feeds))] == [feed.url for feed in feeds]
    assert {feed.url for feed in opml} == {feed.url for feed in feeds}
    assert {feed.title for feed in opml} == {"The <Daily> & Co", "Вестник", "bare"}


def test_no_list_at_all_may_be_in_force() -> None:
    assert feedlist.in_force(Path("none")) == []
    assert len(feedlist.in_force(None)) >= 60


def test_what_a_command_says_of_a_feed_is_checked() -> None:
    assert feedlist.feed(" https://daily.example/feed ").id.startswith("daily-example-feed-")
    for url, said, says in (
        ("daily.example", {}, "not an http"),
        ("https://the daily.example/", {}, "not an http"),
        ("https://daily.example:99999/", {}, "not an http"),
        ("https://d.example/", {"id": "No Spaces"}, "an id is made of small letters"),
        ("https://d.example/", {"country": "uk"}, "a country is two capital letters"),
    ):
        with pytest.raises(ConfigError, match=says):
            feedlist.feed(url, **said)


@pytest.mark.eval_data
def test_lists_by_country_are_read_whole(eval_data: Path) -> None:
    files = sorted((eval_data / "feeds/opml/countries").rglob("*.opml"))
    assert len(files) >= 50
    for file in files:
        named = file.read_text("utf-8", "replace").count("xmlUrl=")
        assert 0.9 * named <= len(feedlist.load(file)) <= named, file.name
