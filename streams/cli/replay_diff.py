"""How ``geowire replay diff`` shows a comparison: a table for people, JSON for scripts, a page for a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.errors import ConfigError
from streams.cli.audit import printable
from streams.cli.progress import bars
from streams.cli.show import console, write_json
from streams.replay import registry, watch
from streams.replay.compare import Look
from streams.replay.diff import Diff, Example
from streams.replay.diff import diff as compare
from streams.settings import Settings

_LISTED = 8
_TITLE = 110


def run_diff(settings: Settings, replay_id: str, *, examples: int, as_json: bool, html: Path | None) -> None:
    """Compare a replay with what stands, and show what differs.

    Raises:
        ConfigError: There is no such replay, it has ended, or the page cannot be written.
    """

    async def ask() -> Diff:
        replay = await registry.get(settings, replay_id)
        if replay.state in watch.ENDED:
            raise ConfigError(f"replay {replay_id} is {replay.state}: its streams are deleted")
        with bars() as progress:
            return await compare(settings, replay, examples=examples, progress=progress or (lambda *_: None))

    found = asyncio.run(ask())
    if as_json:
        write_json(msgspec.to_builtins(found))
    elif html is not None:
        try:
            html.write_text(page(found), "utf-8")
        except OSError as error:
            raise ConfigError(f"{html} cannot be written: {error.strerror}") from error
        console.print(f"{html}: {found.changed:,} changed of {found.compared:,}", highlight=False)
    else:
        show(found, console)


def show(found: Diff, out: Console) -> None:
    """Print a comparison for people."""
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(f"Replay {found.replay}")
    table.add_column("Events", justify="right")
    for name, count in _rows(found):
        table.add_row(name, f"{count:,}")
    out.print(table, highlight=False)
    for name, counts in (("gained", found.gained), ("lost", found.lost), ("languages", found.languages)):
        if counts:
            out.print(Text(f"{name:<10} {_counted(counts)}"), soft_wrap=True)
    for example in found.examples:
        out.print()
        for line in _lines(example):
            out.print(line, soft_wrap=True)


def _rows(found: Diff) -> Iterator[tuple[str, int]]:
    yield "compared", found.compared
    yield "same", found.same
    yield "changed", found.changed
    for kind, count in found.by_kind.items():
        yield f"  {kind}", count
    yield "added (had no decision)", found.added
    yield "gone (not passed on)", found.gone
    yield "refused (dead letter; the old stands)", found.refused


def _counted(counts: Mapping[str, int]) -> str:
    listed = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:_LISTED])
    return f"{listed}, …" if len(counts) > _LISTED else listed


def _lines(example: Example) -> Iterator[Text]:
    head = Text.assemble(
        (", ".join(example.what), "bold"), f"  {example.language}  {printable(example.title)[:_TITLE]}"
    )
    yield head
    yield Text(f"  {example.item_id}  {example.fetched}", style="dim")
    if example.old is not None and example.old != example.new:
        yield Text(f"  - {_said(example.old)}", style="red")
    if example.new is not None and example.old != example.new:
        yield Text(f"  + {_said(example.new)}", style="green")
    if example.text is not None:
        yield Text(f"  {printable(example.text)}")


def _said(look: Look) -> str:
    if look.topics is None:
        topics = "no decision"
    else:
        topics = ", ".join(look.topics) or ("geopolitical" if look.geopolitical else "not geopolitical")
    mentioned = f" ({' '.join(look.mentioned)})" if look.mentioned else ""
    return f"{topics} · {' '.join(look.countries) or '-'}{mentioned}"


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>geowire: replay {replay}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .2rem .8rem .2rem 0; text-align: left; }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; }} td.i {{ padding-left: 1.2rem; }}
article {{ border-top: 1px solid #ccc; padding: .6rem 0; }} h2 {{ font-size: 1rem; margin: .2rem 0; }}
small {{ color: #666; }} p {{ margin: .2rem 0; }}
del {{ color: #a40000; }} ins {{ color: #0a6b0a; text-decoration: none; }}
</style></head><body>
<h1>Replay {replay}</h1>
<table>{rows}</table>
{lists}
{examples}
</body></html>
"""


def page(found: Diff) -> str:
    """Return a comparison as a page of its own: nothing is loaded from elsewhere, every text is escaped."""
    rows = "".join(_row(name, count) for name, count in _rows(found))
    lists = "".join(
        f"<p><b>{name}</b> {escape(_counted(counts))}</p>"
        for name, counts in (("gained", found.gained), ("lost", found.lost), ("languages", found.languages))
        if counts
    )
    differing = found.changed + found.added + found.gone + found.refused
    shown = f"<p><small>{len(found.examples):,} of {differing:,} are shown</small></p>\n"
    examples = shown + "\n".join(_article(example) for example in found.examples)
    return _PAGE.format(replay=escape(found.replay), rows=rows, lists=lists, examples=examples)


def _row(name: str, count: int) -> str:
    part = " class=i" if name.startswith(" ") else ""
    return f"<tr><td{part}>{escape(name.strip())}</td><td class=n>{count:,}</td></tr>"


def _article(example: Example) -> str:
    title = escape(example.title)
    if example.url and example.url.startswith(("http://", "https://")):
        title = f'<a href="{escape(example.url)}" rel="noreferrer">{title}</a>'
    parts = [
        f"<h2>{escape(', '.join(example.what))} · <span lang='{escape(example.language)}' dir=auto>{title}</span></h2>"
    ]
    parts.append(f"<small>{escape(example.item_id)} · {escape(example.fetched)}</small>")
    if example.old is not None and example.old != example.new:
        parts.append(f"<p><del>{escape(_said(example.old))}</del></p>")
    if example.new is not None and example.old != example.new:
        parts.append(f"<p><ins>{escape(_said(example.new))}</ins></p>")
    if example.text is not None:
        marked = escape(example.text).replace("[-", "<del>").replace("-]", "</del>")
        parts.append(f"<p dir=auto>{marked.replace('{+', '<ins>').replace('+}', '</ins>')}</p>")
    return f"<article>{''.join(parts)}</article>"
