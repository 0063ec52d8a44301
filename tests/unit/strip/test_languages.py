"""Every structure of interjections, in many languages: what was added goes, what is genuine stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec import Struct

from agents.normalise.language import detect
from agents.strip.forms import Forms
from tests.unit.strip.conftest import Strip

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "interjections.yaml"


class Text(Struct, frozen=True):
    first: str
    last: str
    headline: str
    labels: tuple[str, ...]
    furniture: tuple[str, ...]
    genuine: tuple[str, ...]


TEXTS = msgspec.convert(yaml.safe_load(_FIXTURE.read_text("utf-8")), dict[str, Text])
Structure = Callable[[Text, str], str]
STRUCTURES: dict[str, Structure] = {
    "one line": lambda text, label: f"{text.first}\n\n{label} {text.headline}\n\n{text.last}",
    "one line, no blank line": lambda text, label: f"{text.first}\n{label} {text.headline}\n{text.last}",
    "headline on the next line": lambda text, label: f"{text.first}\n\n{label}\n\n{text.headline}\n\n{text.last}",
    "headline lost": lambda text, label: f"{text.first}\n\n{label}\n\n{text.last}",
    "in brackets": lambda text, label: f"{text.first}\n\n[{label} {text.headline}]\n\n{text.last}",
    "glued behind a paragraph": lambda text, label: f"{text.first} {label} {text.headline}\n\n{text.last}",
    "link": lambda text, label: f"<p>{text.first}</p><p>{label} <a href='/x'>{text.headline}</a></p><p>{text.last}</p>",
}


def _lines(kind: str) -> Iterator[tuple[str, str]]:
    for language, text in TEXTS.items():
        for line in getattr(text, kind):
            yield language, line


def _detected(text: Text) -> str:
    return detect(f"{text.first} {text.last}").code


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(("language", "label"), list(_lines("labels")))
def test_what_was_added_goes(run: Strip, language: str, label: str, structure: str) -> None:
    if language == "th" and structure == "headline on the next line":
        pytest.skip("Thai closes no sentence with a sign: nothing tells a headline from a paragraph")
    text = TEXTS[language]
    gap = "\n" if "no blank" in structure else "\n\n"
    stripped = run(STRUCTURES[structure](text, label), language=_detected(text))
    assert stripped.text == f"{text.first}{gap}{text.last}"


@pytest.mark.parametrize(("language", "line"), list(_lines("furniture")))
def test_furniture_goes(run: Strip, language: str, line: str) -> None:
    text = TEXTS[language]
    stripped = run(f"{text.first}\n\n{line}\n\n{text.last}", language=_detected(text))
    assert stripped.text == f"{text.first}\n\n{text.last}"


@pytest.mark.parametrize(("language", "line"), list(_lines("genuine")))
def test_what_is_genuine_stays(run: Strip, language: str, line: str) -> None:
    text = TEXTS[language]
    whole = f"{text.first}\n\n{line}\n\n{text.last}"
    assert run(whole, language=_detected(text)).text == whole


@pytest.mark.parametrize("language", TEXTS)
def test_a_clean_text_stays_and_so_does_its_headline(run: Strip, language: str) -> None:
    text = TEXTS[language]
    whole = f"{text.headline}\n\n{text.first}\n\n{text.last}"
    assert run(whole, title=text.headline, language=_detected(text)).text == whole


@pytest.mark.parametrize("language", TEXTS)
def test_a_headline_of_the_page_needs_no_form(run: Strip, language: str) -> None:
    text = TEXTS[language]
    whole = f"{text.first}\n\nQwx Zvk: {text.headline}\n\n{text.last}"
    stripped = run(whole, language="und", siblings=(text.headline,))
    assert stripped.text == f"{text.first}\n\n{text.last}"


def test_there_are_forms_for_twenty_languages_and_more(forms: Forms) -> None:
    assert len(forms.coverage) >= 60
    assert forms.coverage.keys() >= TEXTS.keys()
    assert [language for language, coverage in forms.coverage.items() if coverage == "proven"] == ["en"]
