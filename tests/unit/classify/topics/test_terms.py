"""How terms are written in a file, and what of a text they find."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.classify.gazetteer.gazetteer import load_gazetteer
from agents.classify.topics.fold import fold
from agents.classify.topics.lexicon import STRONG, VETO, Lexicon
from agents.classify.topics.termfile import Levels, TermFile, Writing
from agents.classify.topics.topics import load_topics
from schemas.errors import ConfigError

TOPICS = ["trade", "war"]


def _lexicon(*, trade: str = "", war: str = "", vetoes: str = "", file: TermFile | None = None) -> Lexicon:
    given_file = file or TermFile(language="xx", plurals=("s",))
    topics = {"trade": Levels(strong=trade), "war": Levels(strong=war)}
    content = TermFile(
        language=given_file.language,
        boundary=given_file.boundary,
        plurals=given_file.plurals,
        inner=given_file.inner,
        prefixes=given_file.prefixes,
        fold=given_file.fold,
        topics=topics,
        vetoes=vetoes,
    )
    return Lexicon([content], TOPICS)


def _found(lexicon: Lexicon, text: str) -> list[str]:
    """Return what is found, as it is written in the text; a veto in brackets."""
    folded = lexicon.writing.fold(text)
    found: list[str] = []
    until = 0
    for pattern, start, end in lexicon.find(folded):
        settled = lexicon.settle(folded, pattern, end)
        if settled is None or start < until:
            continue
        until = settled[1]
        begin, stop = lexicon.word(text, start, settled[1], settled[0])
        written = text[begin:stop]
        found.append(f"[{written}]" if lexicon.entries[settled[0]][1] == VETO else written)
    return found


@given(st.text())
def test_folding_keeps_the_length(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert len(fold(text, [("ё", "е")])) == len(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Cease-fire", "cease fire"),
        ("the women’s rights", "the women s rights"),
        ("İSTANBUL", "istanbul"),
        ("“Guerre”\u00a0: l’ONU", " guerre    l onu"),
        ("中国，美国。", "中国 美国 "),
    ],
)
def test_what_folding_makes_of_a_text(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("war", "The war and wars, not warning or postwar", ["war", "wars"]),
        ("protest*", "Protesters protested", ["Protesters", "protested"]),
        ("*gipfel", "Der Krisengipfel endet", ["gipfel"]),
        ("trade war", "trade wars; trade. war", ["trade wars"]),
        ("(cease|seize) fire", "a cease-fire", ["cease-fire"]),
        ("sale(|s) of arms", "sale of arms, sales of arms", ["sale of arms", "sales of arms"]),
        ("negotiat* peace*", "negotiators of peace negotiated peacefully", ["negotiated peacefully"]),
        ("U.N. envoy", "the U.N. envoy", ["U.N. envoy"]),
    ],
)
def test_how_a_term_is_written(term: str, text: str, found: list[str]) -> None:
    assert _found(_lexicon(war=term), text) == found


def test_a_plus_stands_for_the_inner_endings() -> None:
    lexicon = _lexicon(war="kalt+ krieg", file=TermFile(language="xx", inner=("en", "er")))
    text = "Im kalten Krieg, ein kalter Krieg, kalt Krieg, kalte Krieg"
    assert _found(lexicon, text) == ["kalten Krieg", "kalter Krieg", "kalt Krieg"]


def test_the_longest_term_wins_and_a_veto_hides_what_it_covers() -> None:
    lexicon = _lexicon(trade="trade, trade war", war="war", vetoes="price war")
    assert _found(lexicon, "trade war, war, price war, trade") == ["trade war", "war", "[price war]", "trade"]


def test_a_longer_term_whose_word_goes_on_leaves_the_shorter_one() -> None:
    lexicon = _lexicon(war="river basin, river basin commission")
    assert _found(lexicon, "the river basin commissioners met") == ["river basin"]


def test_one_term_may_speak_for_two_topics() -> None:
    lexicon = _lexicon(trade="blockade", war="blockade")
    ((pattern, _, _),) = lexicon.find(lexicon.writing.fold("blockade"))
    assert lexicon.senses[pattern] == ((0, STRONG), (1, STRONG))


def test_without_word_boundaries_terms_stand_anywhere() -> None:
    file = TermFile(language="xx", boundary="none")
    assert _found(_lexicon(war="战争", file=file), "这场战争持续") == ["战争"]


def test_what_is_written_in_front_of_a_word_belongs_to_it() -> None:
    file = TermFile(language="xx", prefixes=("و", "ال", "وال"))
    assert _found(_lexicon(war="حرب", file=file), "والحرب حرب") == ["والحرب", "حرب"]


def test_letters_that_are_written_in_two_ways_are_one() -> None:
    file = TermFile(language="xx", fold="ёе")
    assert _found(_lexicon(war="самолет", file=file), "Самолёт") == ["Самолёт"]


@pytest.mark.parametrize("term", ["*", "…", "w*r", "(a|b|c|d|e) (a|b|c|d|e) (a|b|c|d|e) (a|b|c|d|e)"])
def test_a_term_that_cannot_be_read_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match="term"):
        list(Writing(TermFile(language="xx")).patterns(term))


def test_names_are_ids_of_the_gazetteer() -> None:
    gazetteer, _ = load_gazetteer()
    model, _ = load_topics()
    known = gazetteer.tables.actors.keys() | gazetteer.tables.places.keys() | {"two-states"}
    assert model.names.numbers.keys() <= known


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("terms/en.yaml", "language: de\n", "the file's name says 'en'"),
        ("terms/en.yaml", "language: en\ntopics: {trade: {strong: 'w*r'}}\n", "asterisk"),
        ("terms/xx.yaml", "language: xx\nfold: 'abc'\n", "pairs of letters"),
        ("names.yaml", "topics: {nonsense: {strong: un}}\n", "nonsense"),
        (
            "decision.yaml",
            "geopolitical: {a: 1}\ntopic: {b: 1}\ngeopolitical_from: 0.5\ntopic_from: 0.5\ntopics_max: 1\n",
            "constant",
        ),
    ],
)
def test_a_broken_file_of_the_operator_is_refused_at_the_start(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    file = tmp_path / "classify/topics" / name
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(ConfigError, match=says):
        load_topics(tmp_path)


def test_a_language_of_the_operators_own(tmp_path: Path) -> None:
    file = tmp_path / "classify/topics/terms/eo.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("language: eo\ntopics: {peace_process: {strong: 'batalhalto, packonferenco'}}\n")
    model, _ = load_topics(tmp_path)
    lexicon = model.languages.get("eo")
    assert lexicon is not None
    assert _found(lexicon, "Batalhalto en Sudano") == ["Batalhalto"]
