"""What one accuracy run says: figures, tables and the ids of the worst errors of each part."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, frozen=True, kw_only=True):
    """One figure.

    Attributes:
        data: The data set, e.g. ``gold/items_dev``.
        measure: What the number is, e.g. ``F1`` or ``hard negatives removed``.
        n: How many labelled cases it stands on.
        ours: The figure of the current code; None where it is not measured (too few cases).
        part: The slice of the data (a language, a topic); empty for the whole. Slices are printed apart.
        bar: What it should reach; None where it is only reported.
        at_most: Whether the bar is an upper bound.
        floor: What earlier work or a published system reached.
        baselines: Trivial answers on the same cases, by name.
        count: Whether the figure counts something, rather than being a share.
    """

    data: str
    measure: str
    n: int
    ours: float | None
    part: str = ""
    bar: float | None = None
    at_most: bool = False
    floor: float | None = None
    baselines: dict[str, float] = {}
    count: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none, or nothing was measured."""
        if self.bar is None or self.ours is None:
            return None
        return self.ours <= self.bar if self.at_most else self.ours >= self.bar


class Table(Struct, frozen=True, kw_only=True):
    """Figures that are no rows: a reliability table, say."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Section(Struct, frozen=True, kw_only=True):
    """The figures of one part (strip, stories, topics, countries).

    Attributes:
        title: Heading.
        rows: The figures.
        sizes: How many records of each data set were read.
        tables: Other tables.
        errors: For each kind of error, the ids of its cases, the worst first; never text. Twenty are printed.
        notes: Paragraphs for the report, in Markdown.
    """

    title: str
    rows: tuple[Row, ...]
    sizes: dict[str, int] = {}
    tables: tuple[Table, ...] = ()
    errors: dict[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
