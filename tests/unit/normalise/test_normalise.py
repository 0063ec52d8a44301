"""HTML or plain text in, clean text with paragraphs out, whatever comes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.normalise.language import detect
from agents.normalise.normalise import MAX_TEXT, normalise, normalise_title


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("One.<br>Two.", "One.\nTwo."),
        ("<div>One.</div>\n<div>  Two. </div>", "One.\n\nTwo."),
        ("<p>A <b>bold</b> word</p>", "A bold word"),
        ("Caf&eacute; &amp; bar", "Café & bar"),
        ("<p>Cafe\u0301</p>", "Café"),
        ("<script>alert(1)</script><p>Text.</p><style>p{}</style>", "Text."),
        ("Plain text, 3 < 4 and 5 > 4.", "Plain text, 3 < 4 and 5 > 4."),
        ("one\u200btwo\ufeff", "onetwo"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("Line one\r\nLine two\rLine three", "Line one\nLine two\nLine three"),
        ("The ministerâ€™s words", "The minister’s words"),
        ("", ""),
    ],
)
def test_text(source: str, text: str) -> None:
    assert normalise(source).text == text


def test_links_are_known_where_they_stand() -> None:
    found = normalise("<p>READ ALSO: <a href='/x'>Fair opens</a> and more</p>")
    (link,) = found.links
    assert found.text[link.start : link.end] == "Fair opens"


def test_a_title_is_one_line() -> None:
    assert normalise_title(" <b>Talks</b>\n go&nbsp;on ") == "Talks go on"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    found = normalise("word " * 100_000)
    assert found.truncated
    assert len(found.text) <= MAX_TEXT
    assert not normalise("word " * 1_000).truncated


@pytest.mark.parametrize(
    "source", ["<div>" * 100_000, "<b><i>" * 50_000 + "x", "&" * 500_000, "<" * 500_000, "<a href='" * 20_000]
)
def test_hostile_markup_takes_bounded_time(source: str) -> None:
    started = time.process_time()
    normalise(source)
    assert time.process_time() - started < 3


@given(st.text(max_size=300) | st.text("<>/&;pbra =\"'\n\x00\ud800é", max_size=300))
def test_any_text_is_clean_afterwards(source: str) -> None:
    found = normalise(source)
    assert "\x00" not in found.text
    found.text.encode("utf-8")
    assert all(0 <= link.start <= link.end <= len(found.text) for link in found.links)


@given(st.text(max_size=200))
def test_plain_text_without_markup_twice_is_once(source: str) -> None:
    once = normalise(source.replace("<", "").replace("&", "")).text
    assert normalise(once).text == once


def test_links_to_the_same_page_are_none_and_headings_are_known() -> None:
    assert normalise("<p><a href='#part-2'>Part two</a> follows.</p>").links == ()
    (link,) = normalise("<h3><b><a href='/x'>Fair opens</a></b></h3>").links
    assert link.heading
    (link,) = normalise("<p><a href='/x'>Fair opens</a></p>").links
    assert not link.heading


@pytest.mark.parametrize("character", [chr(c) for c in (0x7F, 0x85, 0xAD, 0xFDD0, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF)])
def test_the_language_of_any_text_can_be_asked(character: str) -> None:
    text = normalise(f"The ministers{character} met for four hours on Monday.").text
    assert detect(text).code == "en"


@pytest.mark.parametrize(
    ("headline", "language"),
    [
        ("Doi spioni ruși, reținuți la Constanța", "ro"),
        ("В Грузии оппозиция не признала итоги голосования, сообщил ЦИК", "ru"),
        ("Polisi wawatawanya waandamanaji Nairobi", "sw"),
        ("1 2 3", "und"),
        ("€ 12.30 +0.4% DAX 17,204", "und"),
        ("", "und"),
    ],
)
def test_a_headline_too_short_to_tell_is_told_by_the_arbiter_or_by_nobody(headline: str, language: str) -> None:
    assert detect(headline).code == language
    assert detect(headline, stated="fr").code == "fr"
