"""What strip promises about the structures interjections come in."""

from __future__ import annotations

import pytest

from tests.unit.strip.conftest import Strip

FIRST = "The two ministers met for four hours on Monday and agreed to keep their lines of communication open."
SECOND = "Neither side said whether a summit would follow."
LAST = "The talks go on next week."
HEADLINE = "Senate passes the border bill after a long night of votes"
CLEAN = f"{FIRST}\n\n{SECOND}\n\n{LAST}"


def with_line(line: str) -> str:
    return f"{FIRST}\n\n{SECOND}\n\n{line}\n\n{LAST}"


@pytest.mark.parametrize(
    "label",
    [
        *("READ:  ", "READ ALSO: ", "Read also: ", "Also Read | ", "ALSO READ - ", "Read also – ", "READ MORE: "),
        *("See also: ", "RELATED: ", "Related: ", "Related article: ", "MORE: ", "WATCH: ", "Watch: ", "[READ ALSO] "),
        *(
            "You may also like: ",
            "Don't miss: ",
            "Don’t miss: ",
            "Recommended: ",
            "In case you missed it: ",
            ">> Read more: ",
        ),
        *("👉 Read also: ", "READ ALSO >> ", "Read more » ", "• Read also: ", "READ ALSO…", "See Also ", "READ MORE "),
    ],
)
def test_label_and_headline_on_one_line(run: Strip, label: str) -> None:
    stripped = run(with_line(label + HEADLINE))
    assert stripped.text == CLEAN
    assert [removed.kind for removed in stripped.removed] == ["interjection"]
    assert HEADLINE in stripped.removed[0].text


def test_brackets_around_the_whole_line_go_with_it(run: Strip) -> None:
    assert run(with_line(f"[ Read: {HEADLINE} ]")).text == CLEAN
    assert run(with_line(f"(Read also: {HEADLINE})")).text == CLEAN


@pytest.mark.parametrize("label", ["READ ALSO", "Also read:", "Related:", "RELATED STORIES", "Read more:", "See also"])
def test_headline_on_the_line_after_its_label(run: Strip, label: str) -> None:
    assert run(with_line(f"{label}\n\n{HEADLINE}")).text == CLEAN


def test_three_headlines_after_a_label(run: Strip) -> None:
    block = f"RELATED STORIES\n{HEADLINE}\nOil prices fall for a third day\nWhat the new tariffs mean for farmers"
    assert run(with_line(block)).text == CLEAN


def test_label_that_lost_its_headline_goes_alone(run: Strip) -> None:
    assert run(with_line("READ ALSO:")).text == CLEAN
    stripped = run(f"{FIRST}\n\nREAD ALSO: {SECOND}\n\n{LAST}")
    assert stripped.text == CLEAN
    assert stripped.uncertain  # what follows may have been a headline


def test_glued_into_a_paragraph(run: Strip) -> None:
    assert run(f"{FIRST} READ ALSO: {HEADLINE}\n\n{SECOND}\n\n{LAST}").text == CLEAN
    assert run(f"{FIRST} Read also: {HEADLINE} But nobody expected that.").text == f"{FIRST} But nobody expected that."


def test_other_headlines_of_the_page_are_known_without_a_label(run: Strip) -> None:
    stripped = run(with_line(HEADLINE), siblings=(HEADLINE,))
    assert stripped.text == CLEAN
    assert run(with_line(f"Hot off the press: {HEADLINE}"), siblings=(HEADLINE,)).text == CLEAN
    assert run(with_line(HEADLINE)).text == with_line(HEADLINE)


def test_headline_glued_into_a_paragraph_ends_where_the_page_says(run: Strip) -> None:
    text = f"{FIRST} READ ALSO: {HEADLINE} nobody expected that."
    assert run(text, siblings=(HEADLINE,)).text == f"{FIRST} nobody expected that."


def test_link_says_where_the_headline_ends(run: Strip) -> None:
    html = f"<p>{FIRST}</p><p>Read also: <a href='/x'>{HEADLINE}</a> {SECOND}</p>"
    assert run(html).text == f"{FIRST}\n\n{SECOND}"


@pytest.mark.parametrize(
    ("furniture", "kind"),
    [
        ("Advertisement", "advertisement"),
        ("- ADVERTISEMENT -", "advertisement"),
        ("Story continues below advertisement", "advertisement"),
        ("SCROLL TO CONTINUE WITH CONTENT", "advertisement"),
        ("Translate This News In", "share"),
        ("Kindly Share This Story:", "share"),
        ("Share this article", "share"),
        ("Sign up for our daily newsletter", "newsletter"),
        ("Subscribe to our newsletter to get the news first.", "newsletter"),
        ("Follow us on Facebook, Twitter and Instagram", "newsletter"),
        ("Join our WhatsApp channel", "newsletter"),
        ("Leave a comment", "widget"),
        ("All rights reserved.", "disclaimer"),
        (f"The post {HEADLINE} appeared first on The Daily Example.", "furniture"),
    ],
)
def test_page_furniture(run: Strip, furniture: str, kind: str) -> None:
    stripped = run(with_line(furniture))
    assert stripped.text == CLEAN
    assert [removed.kind for removed in stripped.removed] == [kind]


def test_share_bar(run: Strip) -> None:
    assert run(f"Share this:\nFacebook\nTwitter\nEmail\n\n{CLEAN}").text == CLEAN
    assert run(f"Facebook\nTwitter\nWhatsApp\nPrint\n\n{CLEAN}").text == CLEAN
    assert run(with_line("Facebook")).text == with_line("Facebook")


@pytest.mark.parametrize(
    "genuine",
    [
        "“A frank discussion”",
        "Read the full statement below:",
        "Read the full text of the president’s speech:",
        "Watch the video below;",
        "See full speech below",
        "More than 30 people were injured.",
        "More so, the government has promised an inquiry.",
        "Also speaking at the event, the governor called for calm.",
        "Also on the ballot: three judges and a sheriff.",
        "Following the meeting, both sides published a note.",
        "Share prices fell by two per cent.",
        "Related to that is the question of who pays.",
        "Advertisers have many ways to reach their customers.",
        "Sign languages are taught at four schools.",
        "Comment: That the champions will win is no surprise to anyone.",
        "Listen to me carefully, because I will say this only once.",
        "“Subscribe to our newsletter,” he told the crowd, to laughter.",
        "Don't let criminals fool you into giving up personal information.",
        "Live-fire drills began near the island",
        "Related party transactions were not reported.",
        "The post office stayed closed.",
    ],
)
def test_genuine_lines_stay(run: Strip, genuine: str) -> None:
    assert run(with_line(genuine)).text == with_line(genuine)


def test_everything_removed_is_recorded_with_a_stable_rule(run: Strip) -> None:
    (removed,) = run(with_line(f"READ ALSO: {HEADLINE}")).removed
    assert removed.rule == "en.read-also"
    assert removed.start == len(f"{FIRST}\n\n{SECOND}\n\n")


def test_coverage_says_how_well_the_language_is_known(run: Strip) -> None:
    assert run(CLEAN).coverage == "proven"
    assert run(CLEAN, language="und").coverage == "none"


def test_nothing_left_is_no_error(run: Strip) -> None:
    assert run("").text == ""
    assert run("Advertisement").text == ""
