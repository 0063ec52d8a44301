"""Events evolve: whatever an earlier version wrote is read, and what others read stays readable for them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from schemas import generate
from schemas.codec import decode
from schemas.compatibility import breaking

_KEPT = sorted(
    (version.name, name)
    for version in generate.HISTORY.iterdir()
    for name in generate.EVENTS
    if (version / f"{name}.schema.json").exists()
)

Change = Callable[[dict[str, Any]], object]


def _load(version: str, name: str, kind: str) -> Any:
    return json.loads((generate.HISTORY / version / f"{name}.{kind}.json").read_text("utf-8"))


@pytest.mark.parametrize(("version", "name"), _KEPT)
def test_nothing_breaks_against_an_earlier_version(version: str, name: str) -> None:
    old = _load(version, name, "schema")
    assert breaking(old, generate.schema(name), published=name in generate.PUBLISHED) == []


@pytest.mark.parametrize(("version", "name"), _KEPT)
def test_earlier_examples_are_read_and_ours_by_earlier_readers(version: str, name: str) -> None:
    example = _load(version, name, "example")
    Draft202012Validator(generate.schema(name)).validate(example)
    decode(msgspec.json.Decoder(generate.EVENTS[name]), json.dumps(example).encode())
    if name in generate.PUBLISHED:
        now = json.loads((generate.EXAMPLES / f"{name}.json").read_text("utf-8"))
        Draft202012Validator(_load(version, name, "schema")).validate(now)


def test_what_is_published_is_kept() -> None:
    assert {name for _, name in _KEPT} >= generate.PUBLISHED, "python -m schemas --keep VERSION"


def _gone(schema: dict[str, Any]) -> object:
    return schema["properties"].pop("title")


def _retyped(schema: dict[str, Any]) -> object:
    return schema["properties"].update(title={"type": "integer"})


def _required(schema: dict[str, Any]) -> object:
    return schema["required"].append("updated")


def _optional(schema: dict[str, Any]) -> object:
    return schema["required"].remove("fetched")


def _word_less(schema: dict[str, Any]) -> object:
    return schema["properties"]["reason"]["enum"].remove("edited")


def _word_more(schema: dict[str, Any]) -> object:
    return schema["properties"]["reason"]["enum"].append("translated")


def _never_null(schema: dict[str, Any]) -> object:
    return schema["properties"].update(url={"type": "string"})


def _null_too(schema: dict[str, Any]) -> object:
    return schema["properties"].update(title={"anyOf": [{"type": "string"}, {"type": "null"}]})


def _deep(schema: dict[str, Any]) -> object:
    return schema["$defs"]["Evidence"]["properties"].pop("start")


def _narrower(schema: dict[str, Any]) -> object:
    return schema["properties"]["item_id"].update(maxLength=20)


def _closed(schema: dict[str, Any]) -> object:
    return schema.update(additionalProperties=False)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_gone, "$.title: is gone"),
        (_retyped, "$.title: string is allowed no longer"),
        (_required, "$.updated: is required now"),
        (_optional, "$.fetched: is required no longer"),
        (_word_less, "$.reason: 'edited' is allowed no longer"),
        (_word_more, "$.reason: 'translated' is new"),
        (_never_null, "$.url: null is allowed no longer"),
        (_null_too, "$.title: null is new there"),
        (_deep, ".evidence[].start: is gone"),
        (_narrower, "$.item_id: maxLength 20 is narrower"),
        (_closed, "$: unknown fields are refused now"),
    ],
)
def test_what_breaks_is_found(change: Change, says: str) -> None:
    old = generate.schema("enriched")
    new = copy.deepcopy(old)
    change(new)
    assert any(says in fault for fault in breaking(old, new, published=True))


@pytest.mark.parametrize("change", [_optional, _word_more, _null_too])
def test_what_only_others_would_mind_is_free_where_nobody_else_reads(change: Change) -> None:
    old = generate.schema("enriched")
    new = copy.deepcopy(old)
    change(new)
    assert breaking(old, new, published=False) == []


def test_a_field_more_breaks_nothing() -> None:
    old = generate.schema("enriched")
    new = copy.deepcopy(old)
    new["properties"]["mood"] = {"type": "string", "default": "grim"}
    assert breaking(old, new, published=True) == []
