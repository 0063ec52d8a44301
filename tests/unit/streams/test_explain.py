"""``geowire explain`` reads an article from whatever it comes in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.codec import encode
from schemas.enriched import Enriched
from schemas.errors import ConfigError
from schemas.generate import EXAMPLES
from streams.explain import explain
from streams.settings import Settings
from tests import site

_TITLE = "Chile and Peru reopen talks on their maritime border"
_BODY = """The foreign ministers of Chile and Peru met in Lima.

READ ALSO: Harvest festival draws record crowds

They will meet again."""
_PLAIN = f"{_TITLE}\n{_BODY}"
_HTML = "".join(f"<p>{part}</p>" for part in _BODY.split("\n\n"))
_FEED = site.rss(
    {"title": "Another story", "link": "https://daily.example/0", "html": "<p>Nothing.</p>"},
    {"title": _TITLE, "link": "https://daily.example/1", "html": _HTML},
)


def _explained(tmp_path: Path, content: bytes, number: int = 1) -> Enriched:
    file = tmp_path / "article"
    file.write_bytes(content)
    event, _ = explain(Settings(), str(file), title=None, language=None, number=number)
    return event


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (_PLAIN.encode(), 1),
        (f"<html><head><title>x</title></head><body><h1>{_TITLE}</h1>{_HTML}</body></html>".encode(), 1),
        (json.dumps({"title": _TITLE, "text": _BODY}).encode(), 1),
        (_FEED, 2),
    ],
    ids=["plain", "page", "line", "feed"],
)
def test_an_article_is_decided_whatever_it_comes_in(tmp_path: Path, content: bytes, number: int) -> None:
    event = _explained(tmp_path, content, number)
    assert event.title == _TITLE
    assert [span.rule for span in event.removed] == ["en.read-also"]
    assert {country.code for country in event.countries} == {"CL", "PE"}
    assert "diplomacy" in {topic.id for topic in event.topics or ()}


def test_an_enriched_event_is_shown_as_it_is(tmp_path: Path) -> None:
    content = (EXAMPLES / "enriched.json").read_bytes()
    assert json.loads(encode(_explained(tmp_path, content))) == json.loads(content)


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(ConfigError, match="no-such-file"):
        explain(Settings(), "no-such-file", title=None, language=None, number=1)


def test_an_article_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds 2 articles"):
        _explained(tmp_path, _FEED, 3)
