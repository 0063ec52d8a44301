"""``geowire pipe``: never crashes, one line out for each line in, and what comes out follows the contract."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agents.enrich.enrich import Knowledge, enrich_whole, load_knowledge
from agents.normalise.normalise import normalise
from schemas.generate import schema
from streams.pipe import pipe

_LINES_AN_EXAMPLE = 200
_EXAMPLES = 500
"""Together the 100,000 lines that were promised."""

_KNOWLEDGE: Knowledge = load_knowledge()
_VALIDATORS = {kind: Draft202012Validator(schema(kind)) for kind in ("enriched", "duplicate")}

_PHRASES = [
    *(
        "READ ALSO: Fair opens in Lima\n\n",
        "<p>The ministers met in Kyiv.</p>",
        "Advertisement\n",
        "sanctions against Iran",
    ),
    *(
        "\u202e",
        "\ud800",
        "\x00",
        "é",
        "e\u0301",
        "İ",
        "ẞ",
        "🛰️",
        "<b>",
        "</p>",
        "&amp;",
        "&#0;",
        "中国外交部",
        "الصين",
        "Россия",
    ),
    *(
        "\n\n",
        " ",
        "Lire aussi : Une foire",
        "Translate This News In\n",
        "the US",
        "<a href='/x'>x</a>",
        "{",
        "\\",
        '"',
    ),
]
_texts = st.one_of(
    st.lists(st.sampled_from(_PHRASES), max_size=12).map("".join), st.text(max_size=40), st.sampled_from(["", " "])
)
_values = st.one_of(_texts, st.none(), st.integers(), st.floats(), st.booleans(), st.lists(_texts, max_size=2))
_items = st.fixed_dictionaries(
    {"title": _texts, "text": _texts},
    optional={
        "id": st.sampled_from(["1", "2", 3]),
        "url": st.sampled_from(["https://news.example/1", "http://www.news.example/1/", "ftp://x", ""]),
        "published": st.sampled_from(
            ["2026-02-18", "Wed, 18 Feb 2026 08:55:00 GMT", "never", "0001-01-01", "9999-12-31"]
        ),
        "feed": _texts,
        "language": st.sampled_from(["en", "xx", "de-AT", ""]),
    },
)
_broken = st.one_of(
    st.binary(max_size=60).map(lambda b: b.replace(b"\n", b"")),
    st.dictionaries(st.sampled_from(["title", "text", "id", "fetched", "siblings", "x"]), _values).map(
        lambda value: json.dumps(value).encode()
    ),
    st.sampled_from(
        [b"", b"null", b"[]", b"{", b'{"title": "a", "text": "b", "fetched": "x"}', b"[" * 5_000, b"\xff\xfe"]
    ),
)
_lines = st.one_of(_items.map(lambda item: json.dumps(item).encode()), _broken)


@cache
def _decide() -> Any:
    return partial(enrich_whole, knowledge=_KNOWLEDGE)


@settings(
    max_examples=_EXAMPLES,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(_lines, min_size=8, max_size=8), st.booleans(), st.randoms(use_true_random=False))
@pytest.mark.timeout(600)
def test_any_lines_agree_with_the_contract(drawn: list[bytes], stateless: bool, random: Any) -> None:  # noqa: FBT001
    # Each example plays its lines in many orders: what is new, edited or repeated depends on what came before.
    lines = [random.choice(drawn) for _ in range(_LINES_AN_EXAMPLE)]
    outputs = [json.loads(line) for line in pipe(lines, _decide(), stateless=stateless)]
    assert len(outputs) == len(lines)
    for line, output in _distinct(lines, outputs):
        _check(line, output)


def _distinct(lines: list[bytes], outputs: list[dict[str, Any]]) -> list[tuple[bytes, dict[str, Any]]]:
    """Each line with each kind of outcome once: checking the same again says nothing new."""
    return list(
        {
            (line, output["kind"], output.get("reason")): (line, output)
            for line, output in zip(lines, outputs, strict=True)
        }.values()
    )


def _check(line: bytes, output: dict[str, Any]) -> None:
    kind = output.pop("kind")
    if kind == "dead-letter":
        assert output["code"] != "internal-error", (line, output)
        assert output["message"]
        return
    _VALIDATORS[kind].validate(output)
    if kind == "enriched":
        text = output["text"]
        for span in output["removed"]:
            text = text[: span["start"]] + span["text"] + text[span["start"] :]
        assert text == normalise(json.loads(line)["text"]).text
        spoken = [e for x in (*(output["topics"] or ()), *output["countries"]) for e in x["evidence"]]
        assert all(output[e["field"]][e["start"] : e["end"]] == e["text"] for e in spoken)


def test_one_line_out_for_each_line_in_order() -> None:
    story = {"title": "Talks go on", "text": "The ministers of Chile and Peru met.", "url": "https://news.example/1"}
    edited = {**story, "text": "The ministers of Chile and Peru broke off their talks."}
    lines = [json.dumps(line).encode() for line in (story, story, edited, story)] + [b"no JSON"]
    kinds = [(o["kind"], o.get("reason")) for o in map(json.loads, pipe(lines, _decide()))]
    assert kinds == [
        ("enriched", "new"),
        ("duplicate", None),
        ("enriched", "edited"),
        ("enriched", "edited"),
        ("dead-letter", None),
    ]
    stateless = [json.loads(line)["kind"] for line in pipe(lines[:4], _decide(), stateless=True)]
    assert stateless == ["enriched"] * 4


def test_the_same_lines_give_the_same_bytes() -> None:
    lines = [
        json.dumps({"title": f"Report {n}", "text": "Sanctions against Iran.", "id": n}).encode() for n in range(20)
    ]
    assert list(pipe(lines, _decide())) == list(pipe(lines, _decide()))
