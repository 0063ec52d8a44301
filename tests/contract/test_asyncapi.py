"""The AsyncAPI document: up to date, valid, complete, true of what is written, and a page."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from schemas.enriched import Enriched
from schemas.envelope import enriched_headers
from schemas.generate import EXAMPLES
from streams import asyncapi
from streams.serving.contract import page
from streams.table import STREAMS

_SCHEMA = Path(__file__).parents[1] / "fixtures" / "asyncapi-3.0.0.schema.json.gz"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi.shipped()


def test_it_is_what_the_tables_say(document: dict[str, Any]) -> None:
    assert document == json.loads(asyncapi.encoded()), "make generate"
    assert {channel["address"] for channel in document["channels"].values()} == {stream.name for stream in STREAMS}


def test_it_is_valid(document: dict[str, Any]) -> None:
    validator = Draft7Validator(json.loads(gzip.decompress(_SCHEMA.read_bytes())))
    assert list(validator.iter_errors(document)) == []
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))
    for reference in references:
        found: Any = document
        for step in reference.split("/"):
            found = found[step]


def test_examples_follow_their_schemas(document: dict[str, Any]) -> None:
    messages = [message for message in document["components"]["messages"].values() if "payload" in message]
    assert len(messages) >= 10
    for message in messages:
        schema = {"$ref": message["payload"]["$ref"], "components": document["components"]}
        for example in message["examples"]:
            Draft202012Validator(schema).validate(example["payload"])


def test_headers_that_are_written_are_documented(document: dict[str, Any]) -> None:
    event = msgspec.json.decode((EXAMPLES / "enriched.json").read_bytes(), type=Enriched)
    written = {name: value.decode() for name, value in enriched_headers(event)}
    documented = document["components"]["messages"]["news-enriched"]["headers"]
    assert written.keys() <= documented["properties"].keys()
    Draft7Validator(documented).validate(written)


def test_the_page_shows_all_of_it_and_runs_nothing(document: dict[str, Any]) -> None:
    hostile = json.loads(json.dumps(document))
    hostile["channels"]["news-raw"]["summary"] = "<script>alert(1)</script> and `code`"
    html = page(hostile)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; and <code>code</code>" in html
    assert "style=" not in html
    for name, channel in document["channels"].items():
        assert f'<section id="{name}"><h2>{channel["address"]}</h2>' in html
    for name in document["components"]["schemas"]:
        assert f'id="type-{name}"' in html
    targets = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= targets
