"""How far something is that takes a while: bars where somebody is looking, a line now and then where not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[str, int, int], None]
"""Called with what is under way, how much is done and how much there is."""

_LINE_SECONDS = 10.0


@contextmanager
def bars() -> Iterator[Advance | None]:
    """Show a bar with the time it will take for everything that is told of; None where nobody is looking."""
    stderr = Console(stderr=True)
    if not stderr.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description:>18}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as shown:
        tasks = {}

        def advance(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name)
            shown.update(tasks[name], completed=done, total=total)

        yield advance


@contextmanager
def bars_or_lines() -> Iterator[Advance]:
    """Show bars, or write a line every ten seconds where there is no terminal."""
    with bars() as shown:
        yield shown or lines()


def lines() -> Advance:
    """Return what writes a line to standard error now and then, and at the end."""
    due: dict[str, float] = {}

    def advance(name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= due.get(name, 0.0):
            print(f"{name}: {done:,} of {total:,}", file=sys.stderr, flush=True)
            due[name] = now + _LINE_SECONDS if done < total else float("inf")
        elif done >= total and due[name] != float("inf"):
            due[name] = 0.0
            advance(name, done, total)

    return advance
