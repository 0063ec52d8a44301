"""What ``geowire forget`` says and does."""

from __future__ import annotations

import asyncio

from streams.cli.progress import bars
from streams.cli.show import console
from streams.forget import Found, Target, find, forget, remember
from streams.settings import Settings
from streams.table import SUPPRESSED


def run_forget(settings: Settings, wanted: Target, *, note: str | None, undo: bool, execute: bool) -> None:
    """Forget something, or take it off the list; without ``execute``, say what that would be.

    Raises:
        ConfigError: It is not on the list.
    """
    what = f"feed {wanted.source}" if wanted.source is not None else f"item {wanted.item}"
    if undo:
        if execute:
            asyncio.run(remember(settings, wanted))
            console.print(f"{what} is off the list: what comes of it from now on is passed on again", highlight=False)
        else:
            console.print(f"{what} would be taken off {SUPPRESSED.name}\n\nNothing was done: --execute does it.")
        return
    with bars() as told:
        does = forget(settings, wanted, note=note, progress=told) if execute else find(settings, wanted, progress=told)
        found = asyncio.run(does)
    _say(what, found, done=execute)


def _say(what: str, found: Found, *, done: bool) -> None:
    standing = sum(not one.withdrawn for one in found.items.values())
    console.print(f"{what}: items {'withdrawn' if done else 'to be withdrawn'}: {standing:,}", highlight=False)
    for stream, count in found.records.items():
        if count:
            console.print(f"  {stream}: {count:,} records, which go when their retention is over", highlight=False)
    if done:
        console.print(f"It is on {SUPPRESSED.name}: nothing of it is passed on, replayed or tried again.")
    else:
        console.print("\nNothing was done: --execute does it.")
