"""The live view as a terminal screen, drawn anew from the tally."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.console import Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from schemas.feed_state import FeedState
    from streams.live.tally import Headline, Tally

_TOP_ROWS = 13
_NARROW = 100


class About(Struct, frozen=True):
    """What does not change while the view is open."""

    kafka: str
    feeds: str
    """Where the feed list is from."""
    notice: str | None
    """What the operator must know, e.g. that this is the sample newsroom."""
    hint: str
    """A command for another terminal."""
    console: str | None = None
    """Where the console is; None: it is not there yet."""


def draw(about: About, tally: Tally, log: Sequence[str], *, width: int, height: int) -> RenderableType:
    """Return the screen.

    Args:
        about: What does not change.
        tally: The counts.
        log: Newest log lines of the parts, for what went wrong.
        width: Columns.
        height: Lines.
    """
    root = Layout()
    log_rows = min(len(log), 4)
    parts = [Layout(_head(about, tally), size=3 if about.notice or tally.problem else 2)]
    parts.append(Layout(name="top", size=_TOP_ROWS))
    parts.append(Layout(_newest(tally.newest, width, rows=height - _TOP_ROWS - log_rows - 7), ratio=1))
    if log_rows:
        parts.append(
            Layout(Panel(Text("\n".join(log[-log_rows:])), title="log", title_align="left"), size=log_rows + 2)
        )
    parts.append(Layout(_foot(about), size=1))
    root.split_column(*parts)
    root["top"].split_row(Layout(_pipe(tally), size=36), Layout(_feeds(tally), ratio=1))
    return root


def _head(about: About, tally: Tally) -> RenderableType:
    up = int(time.time() - tally.started)
    line = Text.assemble(
        (" geowire ", "bold reverse"),
        f"  Kafka {about.kafka}  ·  {about.feeds}  ·  up {up // 3600}:{up // 60 % 60:02}:{up % 60:02}",
    )
    if tally.first_event is not None:
        line.append(f"  ·  first event after {tally.first_event:.0f} s", style="dim")
    if tally.problem:
        return Group(line, Text(f" {tally.problem}", style="bold red"))
    if about.notice:
        return Group(line, Text(f" {about.notice}", style="yellow"))
    return line


def _foot(about: About) -> Text:
    where = Text.assemble(" console ", (about.console, "bold"), " ·") if about.console is not None else Text()
    return where.append(f" Ctrl-C stops everything in order · {about.hint}", style="dim")


def _pipe(tally: Tally) -> Panel:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(justify="left")
    table.add_column(justify="right", style="bold")
    counts = tally.counts
    rows: list[tuple[str, int, str]] = [
        ("items in", counts["items"], ""),
        ("duplicates", counts["duplicates"], ""),
        ("edits", counts["edits"], ""),
        ("interjections removed", counts["removed"], "magenta"),
        ("events out", counts["events"], "green"),
        ("events in the last minute", tally.per_minute, ""),
        ("dead letters", counts["letters"], "red" if counts["letters"] else ""),
    ]
    for name, count, style in rows:
        table.add_row(name, Text(f"{count:,}", style=style))
    table.add_row("lag (records to do)", "…" if tally.lag is None else f"{tally.lag:,}")
    for code, count in tally.letters.most_common(2):
        table.add_row(Text(f"  {code}", style="red"), f"{count:,}")
    return Panel(table, title="pipe", title_align="left", border_style="blue")


def _feeds(tally: Tally) -> Panel:
    failing = tally.failing
    summary = Text.assemble(
        (f"{tally.feeds}", "bold"),
        " feeds   ",
        (f"{tally.healthy} ok", "green"),
        "   ",
        (f"{len(failing)} failing", "red" if failing else "dim"),
        "   ",
        (f"{tally.due} due", "dim"),
    )
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, ratio=2, overflow="ellipsis")
    table.add_column(no_wrap=True, ratio=3, overflow="ellipsis", style="red")
    table.add_column(no_wrap=True, justify="right", style="dim", width=8)
    rows = _TOP_ROWS - 5
    for state in failing[:rows]:
        table.add_row(state.feed_id, state.problem or "", _next(state))
    if len(failing) > rows:
        table.add_row(Text(f"… and {len(failing) - rows} more: geowire status", style="dim"), "", "")
    return Panel(Group(summary, Text(), table), title="feeds", title_align="left", border_style="blue")


def _next(state: FeedState) -> str:
    seconds = (datetime.fromisoformat(state.next_due) - datetime.now(UTC)).total_seconds()
    return "due" if seconds <= 0 else f"in {seconds:.0f} s" if seconds < 100 else f"in {seconds / 60:.0f} m"  # noqa: PLR2004


def _newest(headlines: Sequence[Headline], width: int, *, rows: int) -> Panel:
    table = Table(expand=True, box=None, pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("time", width=8, no_wrap=True)
    table.add_column("lang", width=4, no_wrap=True)
    table.add_column("cut", width=3, no_wrap=True, justify="right", style="magenta")
    table.add_column("headline", ratio=5, no_wrap=True, overflow="ellipsis")
    table.add_column("about", ratio=1, no_wrap=True, overflow="ellipsis", style="cyan")
    table.add_column("topics", ratio=3, no_wrap=True, overflow="ellipsis")
    if width >= _NARROW:
        table.add_column("source", ratio=2, no_wrap=True, overflow="ellipsis", style="dim")
    for headline in list(headlines)[: -max(rows, 1) - 1 : -1]:
        cells: list[RenderableType] = [
            datetime.fromtimestamp(headline.at).astimezone().strftime("%H:%M:%S"),
            headline.language,
            str(headline.removed) if headline.removed else "",
            _title(headline),
            " ".join(headline.countries),
            _topics(headline),
        ]
        if width >= _NARROW:
            cells.append(headline.source)
        table.add_row(*cells)
    waiting = Text("waiting for the first event …", style="dim")
    return Panel(table if headlines else waiting, title="newest events", title_align="left", border_style="blue")


def _title(headline: Headline) -> Text:
    text = Text(headline.title, style="" if headline.geopolitical else "dim", no_wrap=True, overflow="ellipsis")
    if headline.edited:
        text = Text.assemble(("edited ", "yellow"), text)
    return text


def _topics(headline: Headline) -> Text:
    if headline.geopolitical is None:
        return Text("language not known", style="dim italic")
    first, *others = [topic.replace("_", " ") for topic in headline.topics] or [""]
    return Text.assemble((first, "green"), "".join(f", {topic}" for topic in others))
