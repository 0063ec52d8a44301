"""Publishers' notices are recognised in every language that has forms, and what looks like them is not."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from agents.enrich.enrich import Knowledge, enrich, load_knowledge
from agents.knowledge import read_files
from agents.normalise.normalise import normalise, normalise_title
from agents.notices.notices import find_notice, load_notices
from agents.publish.publish import EventText, Provenance
from schemas.codec import encode
from schemas.enriched import Enriched, RawRef, Reason
from schemas.errors import ConfigError
from streams.pipe import Line, raw_item

_CASES = yaml.safe_load((Path(__file__).parents[2] / "fixtures" / "notices.yaml").read_text("utf-8"))
_REASONS: dict[str, Reason] = {"kill": "withdrawn", "correction": "corrected", "neither": "edited"}


@cache
def _knowledge() -> Knowledge:
    return load_knowledge()


def _event(language: str, written: str, text: EventText = "full", *, knowledge: Knowledge | None = None) -> Enriched:
    title, bar, body = written.rpartition(" || ")
    item = raw_item(Line(title=title if bar else "Ministers meet in Lima", text=body, language=language))
    raw = RawRef(stream="news.raw", partition=0, offset=0)
    provenance = Provenance(reason="edited", supersedes=None, raw=raw, generation=1)
    return enrich(item, provenance, knowledge or _knowledge(), text=text)


def _cases() -> Iterator[tuple[str, str, str]]:
    for language, kinds in _CASES.items():
        for kind, written in kinds.items():
            for one in written:
                yield language, kind, one


@pytest.mark.parametrize(("language", "kind", "written"), list(_cases()))
def test_a_notice_makes_the_reason(language: str, kind: str, written: str) -> None:
    event = _event(language, written)
    assert event.reason == _REASONS[kind], event
    assert (event.notice.kind if event.notice else "neither") == kind


def test_every_file_of_forms_has_cases_of_both_kinds() -> None:
    languages = {file.stem for file in read_files("notices/forms")}
    assert len(languages) >= 10
    assert {language for language, kinds in _CASES.items() if kinds.keys() >= {"kill", "correction"}} == languages


def test_a_withdrawal_says_nothing_of_the_story() -> None:
    event = _event("en", "KILL: Minister resigns over border talks || Editors, please kill the story on the minister.")
    assert (event.title, event.text, event.topics, event.countries) == ("", "", None, ())
    assert event.geopolitical.value is None
    assert "inister" not in encode(event).decode()


def test_a_correction_keeps_the_text_and_points_at_the_notice() -> None:
    event = _event("en", "Talks end || The ministers met in Lima.\n\nCorrection: they met on Monday.")
    assert event.notice is not None
    assert event.text[event.notice.start : event.notice.end] == "Correction: they met on Monday."
    titled = _event("en", "CORRECTED-Ministers meet || They met.")
    assert titled.notice is not None
    assert titled.title[titled.notice.start : titled.notice.end] == "CORRECTED"


def test_a_shortened_event_does_not_point_behind_its_text() -> None:
    written = f"Talks end || {'The ministers met in Lima again. ' * 20}\n\nCorrection: they met on Monday."
    event = _event("en", written, "excerpt")
    assert (event.reason, event.notice is not None and event.notice.field) == ("corrected", None)


def test_an_operators_forms_are_added(tmp_path: Path) -> None:
    forms = tmp_path / "notices" / "forms" / "en.yaml"
    forms.parent.mkdir(parents=True)
    forms.write_text('language: en\nkill:\n  titles: "SPIKED"\ncorrection:\n  labels: "put right"\n')
    knowledge = load_knowledge(tmp_path)
    assert _event("en", "SPIKED: Minister resigns || No.", knowledge=knowledge).reason == "withdrawn"
    assert _event("en", "Talks || They met.\n\nPut right: on Monday.", knowledge=knowledge).reason == "corrected"
    assert _event("en", "This article has been withdrawn.", knowledge=knowledge).reason == "withdrawn"
    assert knowledge.pipeline.knowledge != _knowledge().pipeline.knowledge
    forms.write_text('language: en\nkill:\n  texts: "this <nothing> is gone"\n')
    with pytest.raises(ConfigError, match="there is no word set <nothing>"):
        load_knowledge(tmp_path)


@pytest.mark.eval_data
def test_real_articles_are_not_taken_for_notices(eval_data: Path) -> None:
    """Nigerian papers, 2021: one of 12,000 versions carries a correction, and none is a kill."""
    found: Counter[str] = Counter()
    notices, _ = load_notices()
    with gzip.open(eval_data / "eval/stream_ngr_2021.jsonl.gz") as lines:
        for article in map(json.loads, lines):
            notice = find_notice(normalise_title(article["title"]), normalise(article["text"]).text, "en", notices)
            found[notice.kind if notice else "none"] += 1
    assert found.total() == 12_000
    assert (found["kill"], found["correction"]) == (0, 1)
