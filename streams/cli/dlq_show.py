"""What ``geowire dlq`` prints and does."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from rich.table import Table
from rich.text import Text

from schemas.errors import ConfigError
from schemas.times import from_milliseconds
from streams.cli.audit import printable
from streams.cli.progress import bars
from streams.cli.show import console, span, write_json
from streams.dlq import work
from streams.dlq.letters import PREFIX, Letter, Wanted
from streams.operator import now
from streams.settings import Settings

_HEAD = 600
_NAMED = 10


def show_letters(settings: Settings, wanted: Wanted, *, limit: int, as_json: bool) -> None:
    """Print the newest letters that are meant, and how many there are of which kind."""
    with bars() as told:
        letters = asyncio.run(work.letters(settings, wanted, progress=told))
    if as_json:
        for letter in letters[-limit:]:
            write_json({**msgspec.to_builtins(letter), "time": from_milliseconds(letter.time)})
        return
    table = Table("Letter", "Age", "Step", "Fault", "Feed", "Message", header_style="bold", box=None, pad_edge=False)
    time = now()
    for letter in letters[-limit:]:
        message = letter.message if letter.settled is None else f"({letter.settled.what}) {letter.message}"
        table.add_row(
            letter.place,
            span(max(0, time - letter.time)),
            printable(letter.stage),
            Text(printable(letter.code)),
            Text(printable(letter.feed or "")),
            Text(printable(message), overflow="ellipsis", no_wrap=True),
        )
    if letters:
        console.print(table)
        console.print()
    if len(letters) > limit:
        console.print(f"the newest {limit} of {len(letters):,}; --limit shows more")
    console.print(_counted(letters), highlight=False)


def show_letter(settings: Settings, place: str, *, value: bool, as_json: bool) -> None:
    """Print one letter.

    Raises:
        ConfigError: There is none at that place.
    """
    found = asyncio.run(work.find(settings, Wanted(places=(place,), settled=True)))
    work.check_places([place], [one.letter for one in found])
    letter, record = found[0].letter, found[0].record
    content = record.value or b""
    if value:
        sys.stdout.buffer.write(content)
        return
    text = content.decode("utf-8", "replace")
    headers = {key: v.decode("utf-8", "replace") for key, v in record.headers if not key.startswith(PREFIX)}
    if as_json:
        write_json(
            {**msgspec.to_builtins(letter), "time": from_milliseconds(letter.time), "headers": headers, "value": text}
        )
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Letter", f"{letter.place}, written {from_milliseconds(letter.time)}")
    facts.add_row("Fault", Text(printable(f"{letter.stage}: {letter.code} ({letter.exception})")))
    facts.add_row("", Text(printable(letter.message)))
    facts.add_row("Record", Text(printable(f"{letter.stream or 'none'} {letter.refused or ''}")))
    facts.add_row("Origin", Text(printable(letter.origin or "none")))
    if letter.again:
        facts.add_row("Again", Text(printable(f"tried again from letter {letter.again}, and refused again")))
    if letter.settled is not None:
        facts.add_row("Settled", f"{letter.settled.what} {letter.settled.at} by {printable(letter.settled.by)}")
    for name, header in headers.items():
        facts.add_row("Header", Text(printable(f"{name}: {header}")))
    console.print(facts, highlight=False)
    console.print()
    console.print(Text(printable(text[:_HEAD])), soft_wrap=True)
    if len(text) > _HEAD:
        console.print(f"… {letter.size:,} bytes; --value prints all of it", style="dim")


def run_retry(settings: Settings, wanted: Wanted, *, execute: bool) -> None:
    """Try letters again; without ``execute``, say which.

    Raises:
        ConfigError: A letter that was named is not there.
    """

    async def ask() -> work.Done:
        with bars() as told:
            found = await work.find(settings, wanted, progress=told)
        work.check_places(wanted.places, [one.letter for one in found])
        return await work.retry(settings, found, execute=execute)

    done = asyncio.run(ask())
    for letter, reason in done.refused:
        console.print(
            Text(f"{letter.place} cannot be tried again: {printable(reason)}", style="yellow"), soft_wrap=True
        )
    targets = Counter(letter.stream or "?" for letter in done.sent)
    goes = ", ".join(f"{count:,} to {stream}" for stream, count in targets.most_common()) or "none"
    if execute:
        console.print(f"sent again: {goes}", highlight=False)
    else:
        console.print(
            f"{_counted(done.sent)}\nwould be sent again: {goes}\n\nNothing was done: --execute does it.",
            highlight=False,
        )


def run_drop(settings: Settings, wanted: Wanted, *, execute: bool) -> None:
    """Lay letters to rest; without ``execute``, say which.

    Raises:
        ConfigError: A letter that was named is not there, or none is said to be meant.
    """
    if wanted == Wanted():
        raise ConfigError("say which letters: name them, or give --stage, --code, --feed or --since")

    async def ask() -> list[Letter]:
        with bars() as told:
            letters = await work.letters(settings, wanted, progress=told)
        work.check_places(wanted.places, letters)
        if execute:
            await work.settle(settings, letters, "dropped")
        return letters

    letters = asyncio.run(ask())
    said = "dropped" if execute else "would be dropped"
    console.print(f"{_counted(letters)} {said}", highlight=False)
    if not execute:
        console.print("\nNothing was done: --execute does it.")


def _counted(letters: Iterable[Letter]) -> str:
    listed: Sequence[Letter] = list(letters)
    kinds = Counter(f"{letter.stage} {letter.code}" for letter in listed).most_common(_NAMED)
    counts = ", ".join(f"{printable(kind)} {count:,}" for kind, count in kinds)
    return f"{len(listed):,} letters{f': {counts}' if counts else ''}"
