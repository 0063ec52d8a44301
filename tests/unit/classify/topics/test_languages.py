"""Every language that has terms: all topics, its own sentences, its own way of writing words together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer
from agents.classify.topics.termfile import read_term_file
from agents.classify.topics.topics import TopicDecision, decide, load_topics
from agents.knowledge import read_files

GAZETTEER = load_gazetteer()[0]
MODEL = load_topics()[0]
FILES = {file.stem: file for file in read_files("classify/topics/terms")}
SENTENCES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[3] / "fixtures/topics/sentences.yaml").read_text("utf-8")
)


def _decided(title: str, text: str, language: str) -> TopicDecision:
    document = Document(title=title, text=text, language=language)
    return decide(document, find(document, GAZETTEER).mentions, MODEL)


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: f"{case['language']}-{case['topic']}-{case['title'][:20]}")
def test_what_a_sentence_is_about(case: dict[str, Any]) -> None:
    decided = _decided(case["title"], case["text"], case["language"])
    if case["topic"] == "none":
        assert decided.geopolitical.value is False
        assert decided.topics == ()
    else:
        assert decided.geopolitical.value is True
        assert case["topic"] in {topic.id for topic in decided.topics or ()}


@pytest.mark.parametrize("language", FILES)
def test_every_language_has_terms_of_all_topics_genres_and_cases(language: str) -> None:
    content = read_term_file(FILES[language])
    assert {topic for topic, levels in content.topics.items() if levels.strong} == MODEL.catalogue.keys()
    assert content.vetoes
    assert content.state
    assert {"sport", "culture", "science", "health"} <= content.noise.keys()
    assert {"crime", "accident", "weather", "business"} <= content.domestic.keys()
    mine = [case for case in SENTENCES if case["language"] == language]
    assert len([case for case in mine if case["topic"] != "none"]) >= 2
    assert any(case["topic"] == "none" for case in mine)


def test_a_score_is_given_only_where_it_is_proven() -> None:
    for language in FILES:
        lexicon = MODEL.languages.get(language)
        assert lexicon is not None
        title = next(case["title"] for case in SENTENCES if case["language"] == language)
        assert (_decided(title, "", language).geopolitical.score is not None) == (lexicon.coverage == "proven")


@pytest.mark.parametrize(
    ("language", "text", "evidence"),
    [
        ("ar", "وصل الوفد إلى القاهرة وبالدبلوماسيين معه", "وبالدبلوماسيين"),
        ("de", "Die Friedensverhandlungen begannen in Genf", "Friedensverhandlungen"),
        ("zh", "外交部发言人说", "外交部"),
        ("ru", "Стороны начали мирные переговоры", "мирные переговоры"),
        ("el", "Οι ειρηνευτικές συνομιλίες άρχισαν", "ειρηνευτικές"),
        ("fr", "L’ambassadeur a été convoqué", "ambassadeur"),
        ("tr", "Büyükelçiliği İstanbul'da açıldı, ateşkes sürüyor", "ateşkes"),
    ],
)
def test_evidence_is_a_whole_word_as_it_is_written(language: str, text: str, evidence: str) -> None:
    lexicon = MODEL.languages.get(language)
    assert lexicon is not None
    found = [lexicon.word(text, start, end, pattern) for pattern, start, end in _settled(lexicon, text)]
    assert evidence in {text[start:end] for start, end in found}


def _settled(lexicon: Any, text: str) -> list[tuple[int, int, int]]:
    folded = lexicon.writing.fold(text)
    found = []
    for pattern, start, end in lexicon.find(folded):
        settled = lexicon.settle(folded, pattern, end)
        if settled is not None:
            found.append((settled[0], start, settled[1]))
    return found


def test_other_codes_of_a_language_find_its_terms() -> None:
    title = "Forsvarsministeren vil kjøpe flere kampfly"
    assert _decided(title, "", "no") == _decided(title, "", "nb")
    assert _decided("中國對美國加徵關稅", "", "zh-Hant").geopolitical.value is True
