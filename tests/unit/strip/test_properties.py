"""What must hold for any text: nothing is lost, twice is once, what was added is what goes."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agents.normalise.normalise import MAX_TEXT, Link, Normalised
from agents.strip.load import load_forms
from agents.strip.page import Cut, Hit, read_page
from agents.strip.strip import Stripped, strip
from tests.unit.strip.conftest import rebuilt
from tests.unit.strip.test_languages import TEXTS

FORMS = load_forms()[0]
LANGUAGES = ["und", *TEXTS]
PIECES = [
    *("READ ALSO:", "Read more", "RELATED STORIES", "Advertisement", "Share this:", "Facebook", "Twitter", "Print"),
    *("Police arrest two in Lagos", "The talks go on next week.", "“A real discussion”", "Follow us on Facebook."),
    *("The post X appeared first on Y.", "İstanbul'da ẞ", "यह भी पढ़ें:", "Baca juga:", "اقرأ أيضا:", "…", "»", "[", ")"),
    *("\n", "\n\n", " ", "  ", "\t", ". ", ":", "But", "Subscribe to our newsletter", "Comments (4)", "and so on"),
]
for written in TEXTS.values():
    PIECES += [written.first, written.last, written.headline, *written.labels, *written.furniture, *written.genuine]
lists = st.lists(st.sampled_from(PIECES), max_size=20)
texts = st.one_of(st.text(max_size=200), *(lists.map(gap.join) for gap in ("", " ", "\n", "\n\n")))
clean_lines = st.sampled_from(
    [
        "The ministers met for four hours on Monday.",
        "Neither side said whether a summit would follow.",
        "“We are still talking,” one of them told reporters.",
        "A real discussion",
        "Prices rose by 4.5 per cent, the bank said.",
    ]
)
interjections = st.sampled_from(
    [
        "READ ALSO: Police arrest two suspects in Lagos",
        "Also read\n\nPolice arrest two suspects in Lagos",
        "ADVERTISEMENT",
        "Related: What the new tariffs mean for farmers",
        "Share this:\nFacebook\nTwitter",
        "Sign up for our newsletter",
    ]
)


def call(text: str, language: str = "en", links: tuple[Link, ...] = ()) -> Stripped:
    return strip(Normalised(text, links), title="Talks go on", language=language, siblings=(), forms=FORMS)


@given(texts, st.sampled_from(LANGUAGES))
def test_removed_texts_put_back_give_the_text_back(text: str, language: str) -> None:
    stripped = call(text, language)
    assert rebuilt(stripped) == text
    assert all(text[r.start : r.end] == r.text for r in stripped.removed)
    assert all(0 <= d.start < d.end <= len(stripped.text) for d in stripped.uncertain)


@given(texts, st.sampled_from(LANGUAGES))
def test_twice_is_once(text: str, language: str) -> None:
    once = call(text, language)
    again = call(once.text, language)
    assert again.removed == ()
    assert again.text == once.text


@given(texts, st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=4))
def test_links_do_not_break_offsets(text: str, spans: list[tuple[int, int]]) -> None:
    links = tuple(Link(start, start + length) for start, length in sorted(spans) if start + length <= len(text))
    assert rebuilt(call(text, links=links)) == text


@settings(max_examples=200)
@given(st.lists(clean_lines, min_size=2, max_size=8), interjections, st.integers(1, 7), st.sampled_from(["\n", "\n\n"]))
def test_what_was_added_is_what_goes(lines: list[str], interjection: str, place: int, gap: str) -> None:
    lines = [*lines, "They will meet again in June."]  # no article ends with a subheading
    clean = gap.join(lines)
    if call(clean).removed:
        return
    place = min(place, len(lines) - 1)
    # Behind a label that has its headlines on lines of their own, nothing tells a subheading from one more headline.
    assume("\n" not in interjection or lines[place] != "A real discussion")
    added = gap.join([*lines[:place], interjection, *lines[place:]])
    stripped = call(added)
    assert stripped.text == clean
    assert "".join(r.text for r in stripped.removed).strip() == interjection


@given(texts, st.sampled_from(LANGUAGES), st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=4))
def test_an_edited_page_is_the_page_of_the_edited_text(text: str, language: str, spans: list[tuple[int, int]]) -> None:
    cuts: list[Cut] = []
    for start, length in sorted(spans):
        if start >= (cuts[-1].end if cuts else 0) and start + length <= len(text):
            cuts.append(Cut(start, start + length, "share", "any.cut"))
    edited = read_page(text, links=(), siblings=(), title="", language=language, forms=FORMS).without(cuts)
    read = read_page(edited.text, links=(), siblings=(), title="", language=language, forms=FORMS)
    assert (edited.folded, edited.lines, edited.spaced) == (read.folded, read.lines, read.spaced)
    if read.lines:
        assert sorted(edited.hits, key=_place) == sorted(read.hits, key=_place)


def _place(hit: Hit) -> tuple[int, int, int]:
    return hit.start, hit.end, hit.anchor


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "READ ALSO: Police arrest two in Lagos\n",
            "READ ALSO: Police arrest two in Lagos. ",
            "Facebook ",
            "Facebook\n",
        ),
        *(
            "Read also\n",
            "Read also\n\nA frank discussion\n\n",
            "A story. Sign up here. It goes on.\n",
            "((((",
            "a: b: ",
        ),
        *("Read the full statement below:\n", "All rights reserved. ", "Related\nThe talks go on.\n"),
    ],
)
def test_hostile_texts_take_bounded_time(piece: str) -> None:
    text = (piece * (MAX_TEXT // len(piece) + 1))[:MAX_TEXT]
    started = time.process_time()
    call(text)
    assert time.process_time() - started < 10
