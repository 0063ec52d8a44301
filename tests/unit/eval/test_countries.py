"""The section on countries, on a few records of our own."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson

from eval.countries import section

GOLD: dict[str, Any] = {"countries_either": [], "topics_agreed": [], "date": "2025-05-01", "lang": "en"}
ITEMS: list[dict[str, Any]] = [
    {**GOLD, "id": "own-1", "title": "Chile and Peru sign", "text": "Both call it good.", "countries": ["CL", "PE"]},
    {**GOLD, "id": "own-2", "title": "Nothing is named", "text": "It rains.", "countries": ["NO"]},
]
SET: dict[str, Any] = {"title": None, "date": None, "lang": "en"}
PLOVER: list[dict[str, Any]] = [
    {**SET, "id": "own-3", "text": "Chile signed a treaty with Peru.", "countries": [], "dyads": [["PE", "CL"]]},
    {**SET, "id": "own-4", "text": "Chile accused Norway.", "countries": [], "dyads": None},
]


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = b"\n".join(map(orjson.dumps, records))
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)


def test_a_section_counts_countries_and_pairs(tmp_path: Path) -> None:
    data = tmp_path / "eval"
    _write(data / "gold/items_dev.jsonl", ITEMS)
    _write(data / "gold/articles_dev.jsonl", [])
    named = {**SET, "id": "own-5", "text": "Floods in Europe reached Austria.", "countries": ["AT", "PL"]}
    for name in ("geovirus", "lgl", "reuters21578"):
        _write(data / f"countries/{name}.jsonl.gz", [named])
    _write(data / "topics/plover_gsr.jsonl.gz", PLOVER)

    found = section(tmp_path)

    ours = {(row.data, row.measure): row for row in found.rows if not row.part}
    assert ours["gold", "about F1"].ours == 2 * 2 / (2 * 2 + 1)
    assert ours["geovirus", "about or mentioned F1"].ours == 2 / 3
    assert ours["geovirus, continents left out", "about or mentioned F1"].ours == 1.0
    assert ours["plover_gsr, sentences with a pair", "pairs precision"].ours == 1.0
    assert ours["plover_gsr, all sentences", "pairs precision"].ours == 1 / 2
    assert found.errors["gold, missed"] == ("own-2",)
    assert found.errors["plover_gsr, wrong"] == ("own-4",)
