"""How ``geowire audit`` shows its report: a table for people, one JSON object for scripts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.times import from_milliseconds
from streams import audit
from streams.cli.progress import bars
from streams.cli.show import console, write_json
from streams.outcomes import EXAMPLES, Fault, Report, Row
from streams.settings import Settings

_FEEDS_SHOWN = 25
_COLUMNS = (
    ("Raw", "origins"),
    ("Enriched", "enriched"),
    ("Dupl.", "duplicates"),
    ("Letters", "letters"),
    ("Under way", "under_way"),
    ("Expired", "outcome_expired"),
    ("Missing", "missing"),
    ("Contrad.", "contradicting"),
)
_FAULTY = ("missing", "contradicting")


def run_audit(settings: Settings, *, when: str | None, feed: str | None, as_json: bool) -> bool:
    """Audit, print the report, and return whether it is complete.

    Raises:
        BrokerError: A stream cannot be read.
        ConfigError: ``when`` is no time, or there is no such feed.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said by our own errors
    now = datetime.now(UTC)
    since = audit.parse_when(when, now) if when is not None else None
    with bars() as progress:
        report = asyncio.run(audit.audit(settings, since=since, feed=feed, progress=progress))
    if as_json:
        scope = {"since": from_milliseconds(since) if since is not None else None, "feed": feed}
        write_json({"complete": report.complete, **scope, **msgspec.to_builtins(report)})
    else:
        show_report(report, console)
    return report.complete


def printable(text: str) -> str:
    """Return a text from a record without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def show_report(report: Report, out: Console) -> None:
    """Print a report for people."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("Feed", no_wrap=True, overflow="ellipsis", max_width=30)
    for title, _ in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    shown = _worth_showing(report)
    for name in shown:
        table.add_row(Text(printable(name)), *_cells(report.feeds[name]))
    table.add_row("all feeds", *_cells(report.total), style="bold")
    out.print(table)
    if len(shown) < len(report.feeds):
        out.print(
            Text(f"({len(report.feeds) - len(shown):,} more feeds without a fault: --json shows all)", style="dim")
        )
    out.print()
    for line in _notes(report):
        out.print(Text(f"  {line}", style="dim"))
    for fault in _examples(report):
        out.print(_line(fault), soft_wrap=True)
    out.print(_verdict(report))


def _worth_showing(report: Report) -> list[str]:
    """Return the feeds with faults, and the largest of the others, by name."""
    faulty = {name for name, row in report.feeds.items() if any(getattr(row, state) for state in _FAULTY)}
    largest = sorted(report.feeds, key=lambda name: (name not in faulty, -report.feeds[name].origins))
    return sorted(largest[: max(_FEEDS_SHOWN, len(faulty))])


def _examples(report: Report) -> list[Fault]:
    """Return as many faults as are printed, some of each kind."""
    kinds = {fault.kind for fault in report.faults}
    each = EXAMPLES // max(1, len(kinds))
    return [f for kind in sorted(kinds) for f in [fault for fault in report.faults if fault.kind == kind][:each]]


def _line(fault: Fault) -> Text:
    place = f"{fault.place.stream} {fault.place.partition}:{fault.place.offset}"
    line = Text.assemble((f"  ! {fault.kind:<13} ", "red"), f"{place}  {printable(fault.detail)}")
    if fault.kind == "contradicting":
        line.append(f"  (origin {fault.origin})")
    return line


def _cells(row: Row) -> list[Text]:
    cells = []
    for _, field in _COLUMNS:
        count = getattr(row, field)
        style = "red" if field in _FAULTY and count else "" if count else "dim"
        cells.append(Text(f"{count:,}", style=style))
    return cells


def _notes(report: Report) -> Iterator[str]:
    """Say what the table does not: each is as it should be."""
    total = report.total
    notes = (
        (total.sent_again, "sent again with the same id, as after a crash"),
        (total.redecided, "decided anew by another generation, or replaced on purpose"),
        (total.retried, "had a dead letter, were sent again, and have another outcome now"),
        (
            total.outcome_expired,
            "without an outcome, older than the outcome streams are kept: it cannot be told any more",
        ),
        (report.rekeyed, "raw records repeat another: under its right key, or to try it again"),
        (report.expired, "outcomes of raw records that are no longer kept"),
        (report.refused, "items were refused by the poller and never came onto news.raw"),
        (report.unclustered, "signatures were refused by cluster: their items are in no story"),
    )
    for count, meaning in notes:
        if count:
            yield f"{count:,} {meaning}"


def _verdict(report: Report) -> Text:
    total = report.total
    if report.complete and not total.origins:
        return Text("no raw records to account for", style="bold")
    if report.complete:
        checked = total.origins - total.under_way - total.outcome_expired
        rest = f"; {total.under_way:,} still under way" if total.under_way else ""
        return Text(f"complete: {checked:,} raw records, each with exactly one outcome{rest}", style="bold green")
    found = (
        (total.missing, "missing"),
        (total.contradicting, "contradicting"),
        (report.unexpected, "unexpected"),
    )
    return Text("faults: " + ", ".join(f"{count:,} {name}" for count, name in found if count), style="bold red")
