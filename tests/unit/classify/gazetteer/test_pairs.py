"""Which two countries meet in a sentence: the parties, not the circumstances."""

from __future__ import annotations

import pytest

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer
from agents.classify.gazetteer.pairs import pairs
from agents.classify.topics.topics import TopicDecision
from schemas.enriched import Geopolitical

GAZETTEER = load_gazetteer()[0]
SILENT = TopicDecision(Geopolitical(value=None), None, "none")


def _pairs(text: str, language: str = "en", title: str = "") -> dict[str, int]:
    document = Document(title=title, text=text, language=language, published="2025-06-01")
    found = pairs(document, find(document, GAZETTEER), SILENT, GAZETTEER)
    return {f"{pair.a}-{pair.b}": pair.sentences for pair in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chile handed a note to Peru, an Argentine newspaper reported.", {"CL-PE"}),
        ("Chile and Peru signed a treaty.", {"CL-PE"}),
        ("Chile and Peru accuse Bolivia of smuggling.", {"CL-PE", "BO-CL", "BO-PE"}),
        ("Norway lifted its ban on Chile, Peru, Bolivia and Ecuador.", {"CL-NO", "NO-PE", "BO-NO", "EC-NO"}),
        ("Norwegian police arrested five Chilean sailors on a Swedish ship.", {"CL-NO"}),
        ("Norway backs the Chile-Peru talks.", {"CL-NO", "NO-PE", "CL-PE"}),
        ("The Chilean president, Gabriel Boric, met Chilean miners.", set()),
        ("Norway votes. Chile votes.", set()),
    ],
)
def test_parties(text: str, expected: set[str]) -> None:
    assert set(_pairs(text)) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Chile y Perú firmaron un acuerdo.", "es"),
        ("Le Chili et le Pérou ont signé un accord.", "fr"),
        ("Chile und Peru unterzeichneten ein Abkommen.", "de"),
        ("Чили и Перу подписали соглашение.", "ru"),
        ("وقعت تشيلي وبيرو اتفاقا.", "ar"),
        ("智利和秘鲁签署了协议。", "zh"),
        ("チリとペルーが協定に署名した。", "ja"),
    ],
)
def test_two_that_are_named_as_one_party(text: str, language: str) -> None:
    assert set(_pairs(text, language)) == {"CL-PE"}


def test_a_pair_weighs_as_many_sentences_as_name_it() -> None:
    text = "Chile spoke to Peru. Peru answered Chile. Norway watched Chile."
    assert _pairs(text, title="Chile and Peru talk") == {"CL-PE": 3, "CL-NO": 1}


def test_a_country_that_is_only_mentioned_is_in_no_pair() -> None:
    text = "Chile and Peru signed a treaty. " + "Both called it good. " * 60 + "Norway had sent an observer to Peru."
    assert set(_pairs(text, title="Chile and Peru sign")) == {"CL-PE"}
