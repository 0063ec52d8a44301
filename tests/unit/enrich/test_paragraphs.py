"""Short news of our own in 36 languages, of kinds that no data set has: topics, countries, what is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.classify.topics.topics import load_topics
from eval.data import decide
from streams.pipe import Line

PARAGRAPHS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "fixtures/paragraphs.yaml").read_text("utf-8")
)


@pytest.mark.parametrize("case", PARAGRAPHS, ids=lambda case: case["id"])
def test_what_a_paragraph_is_about(case: dict[str, Any]) -> None:
    event = decide(Line(title=case["title"], text=case["text"]))
    assert event.language.code == case["language"]
    assert [removed.text.strip() for removed in event.removed] == case.get("drop", [])
    if (topics := case.get("topics")) is not None:
        assert event.geopolitical.value is bool(topics)
        assert set(topics) <= {topic.id for topic in event.topics or ()}
    assert set(case.get("about", [])) <= {c.code for c in event.countries if c.role == "about"}
    assert not set(case.get("not", [])).intersection(c.code for c in event.countries)


def test_every_topic_has_paragraphs_and_so_have_many_languages() -> None:
    assert {topic for case in PARAGRAPHS for topic in case.get("topics", [])} == load_topics()[0].catalogue.keys()
    assert len({case["language"] for case in PARAGRAPHS}) >= 30
