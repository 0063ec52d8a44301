"""A section as Markdown, for the terminal and for docs/accuracy.md, which keeps one section a part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from eval.report import Row, Section, Table

_WORST = 20
_INTRODUCTION = """# Accuracy

Written by `make eval` (`make eval ONLY=strip` writes one section anew). It scores the shipped code, through the same
pure functions as the stream, against labelled data below `GEOWIRE_EVAL_DATA`. That data is third-party text and not
part of this repository: errors are listed by the id they have there, at most twenty of a kind, the worst first.

*Floor*: what earlier work or a published system reached. *Baselines*: trivial answers on the same cases; no figure
counts unless it beats them. *n*: labelled cases. "not measured": too few cases.
"""


def section(part: str, found: Section, measured: str) -> str:
    """Return a section as Markdown.

    Args:
        part: Its name, e.g. ``strip``.
        found: Its figures.
        measured: When, by which code, how long it took.
    """
    blocks = [f"## {found.title}", measured]
    if found.sizes:
        blocks.append("Read: " + ", ".join(f"{name} {size:,}" for name, size in found.sizes.items()) + ".")
    blocks += found.notes
    whole = [row for row in found.rows if not row.part]
    slices = [row for row in found.rows if row.part]
    if whole:
        blocks.append(_figures(whole))
    if slices:
        blocks += ["Slices:", _figures(slices)]
    for table in found.tables:
        blocks += [f"{table.title}:", _table(table)]
    for kind, ids in found.errors.items():
        shown = ", ".join(f"`{id_}`" for id_ in ids[:_WORST])
        blocks.append(f"{kind} ({len(ids)}): {shown}." if ids else f"{kind}: none.")
    return f"<!-- {part} -->\n" + "\n\n".join(blocks) + f"\n<!-- /{part} -->\n"


def merged(document: str, sections: dict[str, str], order: Sequence[str]) -> str:
    """Return the document with these sections in place of its own of the same names, the others as they were."""
    found = {part: text for part in order if (text := sections.get(part) or _section_of(document, part))}
    return "\n".join([_INTRODUCTION, *found.values()])


def _section_of(document: str, part: str) -> str | None:
    match = re.search(rf"<!-- {part} -->\n.*?<!-- /{part} -->\n", document, re.DOTALL)
    return match[0] if match else None


def _figures(rows: Sequence[Row]) -> str:
    header = ("data", "measure", "n", "floor", "baselines", "bar", "ours", "")
    return _table(Table(title="", header=header, rows=tuple(map(_cells, rows))))


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≤" if row.at_most else "≥"
    return (
        f"{row.data}: {row.part}" if row.part else row.data,
        row.measure,
        f"{row.n:,}",
        _number(row.floor, row),
        ", ".join(f"{name} {_number(value, row)}" for name, value in row.baselines.items()),
        f"{sign} {_number(row.bar, row)}" if row.bar is not None else "",
        _number(row.ours, row) or "not measured",
        {True: "met", False: "**missed**", None: ""}[row.met],
    )


def _number(value: float | None, row: Row) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if row.count else f"{value:.4f}" if 0.99 <= value < 1 else f"{value:.3f}"


def _table(table: Table) -> str:
    lines = [table.header, tuple("---" for _ in table.header), *table.rows]
    return "\n".join(f"| {' | '.join(_escaped(cells))} |" for cells in lines)


def _escaped(cells: Iterable[str]) -> Iterable[str]:
    return (cell.replace("|", r"\|") for cell in cells)
