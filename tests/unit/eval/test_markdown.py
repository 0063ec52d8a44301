from __future__ import annotations

from eval.data import Count
from eval.markdown import merged, section
from eval.report import Row, Section

ROWS = (
    Row(data="own", measure="F1", n=40, ours=0.9, bar=0.8, baselines={"constant": 0.5}),
    Row(data="own", measure="lost lines", n=40, ours=3, bar=0, at_most=True, count=True),
    Row(data="own", measure="F1", part="fr", n=4, ours=None, bar=0.8),
)


def test_a_row_knows_whether_its_bar_is_met() -> None:
    assert [row.met for row in ROWS] == [True, False, None]


def test_a_section_prints_bars_baselines_and_ids() -> None:
    text = section("strip", Section(title="Strip", rows=ROWS, errors={"Lost": tuple(map(str, range(30)))}), "now")
    assert "| own | F1 | 40 |  | constant 0.500 | ≥ 0.800 | 0.900 | met |" in text
    assert "| own | lost lines | 40 |  |  | ≤ 0 | 3 | **missed** |" in text
    assert "| own: fr | F1 | 4 |  |  | ≥ 0.800 | not measured |  |" in text
    assert "Lost (30): `0`, `1`" in text
    assert "`20`" not in text


def test_one_section_is_written_anew_and_the_others_stay() -> None:
    first = merged("", {"b": "<!-- b -->\nold\n<!-- /b -->\n", "a": "<!-- a -->\none\n<!-- /a -->\n"}, ("a", "b"))
    second = merged(first, {"b": "<!-- b -->\nnew\n<!-- /b -->\n"}, ("a", "b"))
    assert second == first.replace("old", "new")
    assert second.index("one") < second.index("new")


def test_count() -> None:
    count = Count()
    count.add({"a", "b"}, {"b", "c", "d"}, ignored={"d"})
    assert (count.precision, count.recall, count.f1) == (0.5, 0.5, 0.5)
    assert Count().f1 == 0.0
