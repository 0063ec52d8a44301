"""The schemas and examples that others build on."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from schemas import generate
from schemas.codec import decode, encode
from schemas.errors import DataError
from tests.items import raw_item

NAMES = sorted(generate.EVENTS)


def _example(name: str) -> dict[str, Any]:
    example: dict[str, Any] = json.loads((generate.EXAMPLES / f"{name}.json").read_text("utf-8"))
    return example


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((generate.DIRECTORY / f"{name}.schema.json").read_text("utf-8")))


def test_the_committed_schemas_are_what_the_structs_say() -> None:
    assert generate.stale() == []
    assert set(generate.DIRECTORY.iterdir()) == {
        path for path, _ in generate.documents() if path.parent == generate.DIRECTORY
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(generate.schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_follows_its_schema(name: str) -> None:
    _validator(name).validate(_example(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_read_and_written_unchanged(name: str) -> None:
    example = _example(name)
    event = decode(msgspec.json.Decoder(generate.EVENTS[name]), json.dumps(example).encode())
    assert json.loads(encode(event)) == example


@pytest.mark.parametrize("name", NAMES)
def test_fields_of_later_versions_are_ignored(name: str) -> None:
    later = {**_example(name), "a_field_of_next_year": [1, 2]}
    _validator(name).validate(later)
    decode(msgspec.json.Decoder(generate.EVENTS[name]), json.dumps(later).encode())


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("title", 17, "$.title"),
        ("fetched", "yesterday", "$.fetched"),
        ("feed", {}, "$.feed"),
        ("item_id", "", "$.item_id"),
        ("authors", "A. Reporter", "$.authors"),
    ],
)
def test_wrong_values_are_refused_with_their_place(field: str, value: object, named: str) -> None:
    wrong = {**_example("raw"), field: value}
    with pytest.raises(ValidationError):
        _validator("raw").validate(wrong)
    with pytest.raises(DataError) as refused:
        decode(msgspec.json.Decoder(generate.EVENTS["raw"]), json.dumps(wrong).encode())
    assert refused.value.code == "wrong-type"
    assert named in str(refused.value)


@pytest.mark.parametrize("field", ["item_id", "feed", "title", "fetched", "content_hash"])
def test_what_a_raw_item_needs_is_required(field: str) -> None:
    lacking = {key: value for key, value in _example("raw").items() if key != field}
    with pytest.raises(ValidationError):
        _validator("raw").validate(lacking)


def test_a_foreign_producers_item_follows_the_schema() -> None:
    _validator("raw").validate(raw_item("https://wire.example/1", title="A report", fetched=1_770_000_000_000))


def test_the_enriched_example_keeps_its_offsets() -> None:
    event = _example("enriched")
    text = event["text"]
    for span in event["removed"]:
        text = text[: span["start"]] + span["text"] + text[span["start"] :]
    assert "READ ALSO" in text
    assert all(text[span["start"] : span["end"]] == span["text"] for span in event["removed"])
    spoken = [e for kind in ("topics", "countries", "places", "actors") for x in event[kind] for e in x["evidence"]]
    assert spoken
    assert all(event[e["field"]][e["start"] : e["end"]] == e["text"] for e in spoken)
