"""Which countries are named, and which names are something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer
from agents.classify.gazetteer.mentions import Found
from agents.classify.gazetteer.pairs import pairs
from agents.classify.gazetteer.sentences import sentences
from agents.classify.topics.topics import TopicDecision
from schemas.enriched import Geopolitical
from schemas.errors import ConfigError

GAZETTEER = load_gazetteer()[0]
LANGUAGES = sorted(GAZETTEER.tables.countries)


def _found(title: str, text: str = "", language: str = "en", published: str | None = None) -> Found:
    return find(Document(title=title, text=text, language=language, published=published), GAZETTEER)


def _codes(text: str, language: str = "en") -> set[str]:
    return {country.code for country in _found("", text, language).countries}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("South Korea and North Korea agreed to talk.", {"KR", "KP"}),
        ("The North Koreans denied it.", {"KP"}),
        ("Papua New Guinea votes on Sunday.", {"PG"}),
        ("Equatorial Guinea and Guinea-Bissau sent envoys.", {"GQ", "GW"}),
        ("Niger borders Nigeria.", {"NE", "NG"}),
        ("The Dominican Republic closed its border with Haiti.", {"DO", "HT"}),
        ("DR Congo accuses Rwanda.", {"CD", "RW"}),
        ("The Kremlin rejected the offer from Kyiv.", {"RU", "UA"}),
        ("Talks between the White House and Beijing go on.", {"US", "CN"}),
        ("Brussels as the seat of the European Union", {"EU"}),
        ("He told us that it is over.", set()),
        ("The turkey was fine china on the table.", set()),
        ("Georgia Tech beat the Bulldogs.", set()),
        ("Michael Jordan opened a restaurant.", set()),
        ("Paris Hilton sang.", set()),
        ("Cuba Gooding won a prize.", set()),
        ("according to the Washington Post", set()),
        ("Roman roads and woman doctors", set()),
        ("Hamas and Hezbollah", {"PS", "LB"}),
        ("NATO met.", set()),
        ("Taiwan's president, Taipei said", {"TW"}),
        ("Kosovo police", {"XK"}),
        ("The Palestinians in Gaza", {"PS"}),
        ("U.S. officials and the UK", {"US", "GB"}),
    ],
)
def test_names(text: str, codes: set[str]) -> None:
    assert _codes(text) >= codes
    assert _codes(text) - codes <= {"BE"}, "nothing else is named"


@pytest.mark.parametrize(
    ("text", "language", "codes"),
    [
        ("Переговоры России и Китая о газе", "ru", {"RU", "CN"}),
        ("Он сказал того и этого", "ru", set()),
        ("Verhandlungen zwischen Frankreich und Deutschland", "de", {"FR", "DE"}),
        ("Las relaciones entre España y Marruecos", "es", {"ES", "MA"}),
        ("日本と韓国の首脳会談", "ja", {"JP", "KR"}),
        ("محادثات بين مصر وإثيوبيا", "ar", {"EG", "ET"}),
        ("Türkiye'nin Yunanistan ile ilişkileri", "tr", {"TR", "GR"}),
    ],
)
def test_names_in_other_languages(text: str, language: str, codes: set[str]) -> None:
    assert _codes(text, language) == codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_can_be_read(language: str) -> None:
    forms = dict(GAZETTEER.tables.countries[language])
    name = forms["FR"].split("|")[0]
    assert "FR" in _codes(f"{name}", language)


def test_a_headline_in_capitals_is_read() -> None:
    assert {c.code for c in _found("RUSSIA AND UKRAINE EXCHANGE PRISONERS NEAR THE BORDER").countries} == {"RU", "UA"}


def test_where_the_reporter_sits_is_not_what_it_is_about() -> None:
    found = _found("", "PARIS, March 3 (Agency) - Sudan and Chad closed their border, the government of Sudan said.")
    assert "FR" not in {country.code for country in found.countries}


def test_about_is_more_than_mentioned() -> None:
    text = (
        "The foreign ministers of Chile and Peru met in Lima. Chile and Peru share a long border. Peru's minister said "
        "that Chile had agreed. The talks go on in Santiago. " + "Nothing else was said about the matter. " * 20
    ) + "A treaty with Japan was mentioned in passing."
    roles = {country.code: country.role for country in _found("Chile and Peru talk", text).countries}
    assert roles == {"CL": "about", "PE": "about", "JP": "mentioned"}


def test_evidence_stands_where_it_says() -> None:
    text = "In Tehran, Iranian officials met the Chinese ambassador near the Strait of Hormuz."
    found = _found("Iran and China meet", text)
    fields = {"title": "Iran and China meet", "text": text}
    spans = [e for kind in (found.countries, found.places, found.actors) for x in kind for e in x.evidence]
    assert spans
    assert all(fields[e.field][e.start : e.end] == e.text for e in spans)
    assert [place.id for place in found.places] == ["hormuz-strait"]


def test_pairs_are_countries_in_one_sentence() -> None:
    document = Document(
        title="Chile and Peru talk",
        text="Chile spoke to Peru. Chile left. Peru stayed. Peru and Chile wait.",
        language="en",
    )
    found = find(document, GAZETTEER)
    silent = TopicDecision(Geopolitical(value=None), None, "none")
    (pair,) = pairs(document, found, silent, GAZETTEER)
    assert (pair.a, pair.b, pair.sentences) == ("CL", "PE", 3)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two. Three.", 3),
        ("The U.S. government said so. It was true.", 2),
        ("Mr. Lee met Gen. Kim. They talked.", 2),
        ("“It is over.” He left.", 2),
        ("第一句。第二句。", 2),
        ("One line\nAnother line", 2),
        ("Version 3.5 is out", 1),
        ("", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_the_operators_names_are_laid_over(tmp_path: Path) -> None:
    names = tmp_path / "classify/gazetteer/names"
    names.mkdir(parents=True)
    (names / "en.tsv").write_text("kind\tid\tforms\nseat\tCL\tPalacio Azul\nname\tFR\t-France\n")
    gazetteer, files = load_gazetteer(tmp_path)
    text = "Palacio Azul wrote to France."
    found = find(Document(title="", text=text, language="en"), gazetteer)
    assert {country.code for country in found.countries} == {"CL"}
    assert any(file.overlay for file in files)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    names = tmp_path / "classify/gazetteer/names"
    names.mkdir(parents=True)
    (names / "en.tsv").write_text("kind\tid\tforms\nseat\tQQ\tPalacio Azul\n")
    with pytest.raises(ConfigError, match="QQ"):
        load_gazetteer(tmp_path)
