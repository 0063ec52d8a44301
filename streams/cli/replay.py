"""``geowire replay``: each command plans, and acts with ``--execute``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.cli.help import examples

if TYPE_CHECKING:
    from streams.replay.plan import Request

replay_cli = typer.Typer(
    help="Decide again what is kept, beside live; compare; make it live. Plans, and acts with --execute.",
    no_args_is_help=True,
)

Source = Annotated[
    Literal["unique", "raw"],
    typer.Option("--from", help="Stream to read: unique decides anew, raw deduplicates anew as well."),
]
Since = Annotated[str | None, typer.Option(help="From this record (fetch) time on: 2h, 3d, or an ISO time.")]
Until = Annotated[str | None, typer.Option(help="Up to this record time.")]
Offsets = Annotated[str | None, typer.Option(help="Offsets instead of times: 0:100-200,3:50- (partition:first-last).")]
Feed = Annotated[list[str] | None, typer.Option(help="Write only what is of this feed; may be repeated.")]
Key = Annotated[list[str] | None, typer.Option(help="Write only this item id; may be repeated.")]
Language = Annotated[list[str] | None, typer.Option(help="Write only what is in this language; may be repeated.")]
Rate = Annotated[float | None, typer.Option(min=0.1, help="Records a second at most.")]
Note = Annotated[str | None, typer.Option(help="Why, for the record.")]
Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without, it is only said what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
Id = Annotated[str, typer.Argument(help="Name of the replay.")]


@replay_cli.command(epilog=examples("geowire replay plan missiles --since 3d"))
def plan(
    replay_id: Annotated[str | None, typer.Argument(metavar="ID", help="Name it is to have.")] = None,
    source: Source = "unique",
    since: Since = None,
    until: Until = None,
    offsets: Offsets = None,
    feed: Feed = None,
    key: Key = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Say what a replay would read and cost. Changes nothing."""
    from streams.cli.replay_run import show_plan
    from streams.settings import Settings

    settings = Settings.from_env()
    request = _request(replay_id, source, since, until, offsets, feed, key, language, None)
    show_plan(settings, request, as_json=as_json)


@replay_cli.command(
    epilog=examples(
        "geowire replay run missiles --note 'terms for seizures' --execute",
        "geowire replay run --from raw --offsets 0:100-200,3:50- --execute",
    )
)
def run(
    replay_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Name it is to have; one that is there is gone on with.")
    ] = None,
    source: Source = "unique",
    since: Since = None,
    until: Until = None,
    offsets: Offsets = None,
    feed: Feed = None,
    key: Key = None,
    language: Language = None,
    rate: Rate = None,
    note: Note = None,
    execute: Execute = False,
) -> None:
    """Begin a replay and run it to its end, or go on with one that was interrupted."""
    from streams.cli.replay_run import begin_or_go_on
    from streams.settings import Settings

    settings = Settings.from_env()
    request = _request(replay_id, source, since, until, offsets, feed, key, language, note)
    begin_or_go_on(settings, request, rate=rate, execute=execute)


@replay_cli.command(epilog=examples("geowire replay status missiles"))
def status(replay_id: Id, as_json: AsJson = False) -> None:
    """Show how far a replay is."""
    from streams.cli.replay_run import show_status
    from streams.settings import Settings

    show_status(Settings.from_env(), replay_id, as_json=as_json)


@replay_cli.command("list", epilog=examples("geowire replay list"))
def list_replays(as_json: AsJson = False) -> None:
    """Show every replay there is and was."""
    from streams.cli.replay_run import show_list
    from streams.settings import Settings

    show_list(Settings.from_env(), as_json=as_json)


@replay_cli.command(
    epilog=examples("geowire replay diff missiles --examples 2", "geowire replay diff missiles --html missiles.html")
)
def diff(
    replay_id: Id,
    examples: Annotated[int, typer.Option(min=0, help="Examples of each kind of difference.")] = 5,
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(help="Write a page instead, to be opened in a browser.")] = None,
) -> None:
    """Show what a replay decides differently from what stands on news.enriched."""
    from streams.cli.replay_diff import run_diff
    from streams.settings import Settings

    run_diff(Settings.from_env(), replay_id, examples=examples, as_json=as_json, html=html)


@replay_cli.command(
    epilog=examples(
        "geowire replay promote missiles  # says what it would do",
        "geowire replay promote missiles --rate 200 --execute",
    )
)
def promote(replay_id: Id, rate: Rate = None, execute: Execute = False) -> None:
    """Make a replay live: publish what it decides differently, and let live go on with its knowledge."""
    from streams.cli.replay_promote import run_promote
    from streams.settings import Settings

    run_promote(Settings.from_env(), replay_id, rate=rate, execute=execute)


@replay_cli.command(epilog=examples("geowire replay abort missiles --execute"))
def abort(replay_id: Id, execute: Execute = False) -> None:
    """Delete the streams of a replay; what was done stays on record."""
    from streams.cli.replay_run import run_abort
    from streams.settings import Settings

    run_abort(Settings.from_env(), replay_id, execute=execute)


def _request(
    replay_id: str | None,
    source: Literal["unique", "raw"],
    since: str | None,
    until: str | None,
    offsets: str | None,
    feeds: list[str] | None,
    keys: list[str] | None,
    languages: list[str] | None,
    note: str | None,
) -> Request:
    from datetime import UTC, datetime

    from schemas.errors import ConfigError
    from schemas.replay import Scope
    from streams.audit import parse_when
    from streams.replay.plan import Request, parse_offsets

    if offsets and (since or until):
        raise ConfigError("--offsets and --since or --until exclude each other: both say which records are read")
    now = datetime.now(UTC)
    return Request(
        id=replay_id,
        source=source,
        since=parse_when(since, now) if since else None,
        until=parse_when(until, now) if until else None,
        offsets=parse_offsets(offsets) if offsets else None,
        scope=Scope(feeds=tuple(feeds or ()), keys=tuple(keys or ()), languages=tuple(languages or ())),
        note=note,
    )
