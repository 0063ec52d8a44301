"""What one accuracy run says, and how it is printed."""

from __future__ import annotations

from msgspec import Struct


class Row(Struct, frozen=True, kw_only=True):
    """One figure.

    Attributes:
        data: The data set, and the slice of it (language, topic) where it is one.
        measure: What the number is, e.g. ``F1`` or ``hard negatives removed``.
        n: How many labelled cases it stands on.
        ours: The figure of the current code.
        bar: What it should reach; None where it is only reported.
        at_most: Whether the bar is an upper bound.
        floor: What earlier work or a published system reached.
        baselines: Trivial answers on the same cases, by name.
    """

    data: str
    measure: str
    n: int
    ours: float
    bar: float | None = None
    at_most: bool = False
    floor: float | None = None
    baselines: dict[str, float] = {}

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.bar is None:
            return None
        return self.ours <= self.bar if self.at_most else self.ours >= self.bar


class Section(Struct, frozen=True, kw_only=True):
    """The figures of one part (strip, stories, topics, countries).

    Attributes:
        title: Heading.
        rows: The figures.
        errors: For each kind of error, the ids of its worst cases; never text.
        notes: Sentences for the report.
    """

    title: str
    rows: tuple[Row, ...]
    errors: dict[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
