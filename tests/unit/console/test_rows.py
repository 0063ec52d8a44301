"""What the live list shows of an event, and which events pass a filter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from schemas.codec import encode
from schemas.enriched import Enriched
from schemas.envelope import enriched_headers
from schemas.errors import ConfigError
from streams.console.rows import Row, as_text, positions_of, row_of, wanted_of

EXAMPLE = msgspec.json.decode(Path("schemas/examples/enriched.json").read_bytes(), type=Enriched)
NOON = 1_771_416_000_000


def record(event: Enriched = EXAMPLE, *, value: bytes | None = None, offset: int = 7) -> ConsumerRecord[bytes, bytes]:
    headers = enriched_headers(event)
    content = encode(event) if value is None else value
    return ConsumerRecord(
        "news.enriched", 3, offset, NOON, 1, event.item_id.encode(), content, None, 0, len(content), headers
    )


def row(**changes: Any) -> Row:
    made = row_of(record(msgspec.structs.replace(EXAMPLE, **changes)))
    assert made is not None
    return made


def test_a_row_says_what_is_listed_and_no_more() -> None:
    shown = json.loads(row().encoded)
    assert shown["h"] == EXAMPLE.title
    assert (shown["p"], shown["o"], shown["t"], shown["i"]) == (3, 7, NOON, EXAMPLE.item_id)
    assert shown["k"] == ["diplomacy", "territorial_disputes"]
    assert shown["c"] == ["CL", "PE"]
    assert (shown["l"], shown["s"], shown["g"], shown["r"], shown["x"]) == ("en", "The Daily Example", True, "new", 1)
    assert len(shown["e"]) <= 200
    assert row().delay == NOON - 1_771_407_000_000


def test_what_is_no_event_is_no_row() -> None:
    for value in (b"", b"no JSON", b'{"title": 7}', b"\xff"):
        assert row_of(record(value=value)) is None


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ({}, True),
        ({"topic": "diplomacy"}, True),
        ({"topic": "trade,diplomacy"}, True),
        ({"topic": "trade"}, False),
        ({"country": "pe"}, True),
        ({"country": "CN"}, False),
        ({"pair": "PE-CL"}, True),
        ({"pair": "CL-CN"}, False),
        ({"language": "en"}, True),
        ({"language": "es"}, False),
        ({"source": "daily-example"}, True),
        ({"source": "other"}, False),
        ({"geo": "true"}, True),
        ({"geo": "false,unknown"}, False),
        ({"q": "SANTIAGO treaty"}, True),
        ({"q": "santiago tariffs"}, False),
        ({"topic": "diplomacy", "country": "CN"}, False),
    ],
)
def test_any_of_each_kind_and_every_word(query: dict[str, str], passes: bool) -> None:  # noqa: FBT001
    assert wanted_of(query).passes(row()) is passes


@pytest.mark.parametrize("query", [{"geo": "yes"}, {"pair": "CN"}, {"pair": "CN-US-RU"}])
def test_a_filter_of_no_known_form_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        wanted_of(query)


def test_positions_are_written_as_they_are_read() -> None:
    assert positions_of("0:12,3:40") == {0: 12, 3: 40}
    assert positions_of("") == {}
    assert as_text({3: 40, 0: 12}) == "0:12,3:40"
    for wrong in ("0", "a:b", "0:1:2", "-1:3"):
        with pytest.raises(ConfigError):
            positions_of(wrong)
