"""``geowire dlq``: dead letters, looked at, tried again, laid to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.help import examples

if TYPE_CHECKING:
    from streams.dlq.letters import Wanted

dlq_cli = typer.Typer(
    help="Dead letters. What changes something only says what it would do, and acts with --execute.",
    no_args_is_help=True,
)

Places = Annotated[list[str] | None, typer.Argument(metavar="[LETTER]...", help="Letters by place: 3:17.")]
Stage = Annotated[str | None, typer.Option(help="Only letters of this step: poll, dedupe, enrich, cluster.")]
Code = Annotated[str | None, typer.Option(help="Only this kind of fault: invalid-json, internal-error.")]
Feed = Annotated[str | None, typer.Option(help="Only letters of this feed.")]
Since = Annotated[str | None, typer.Option(help="Only letters written from then on: 2h, 3d, or an ISO time.")]
Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without, it is only said what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]


@dlq_cli.command(
    "list", epilog=examples("geowire dlq list", "geowire dlq list --stage enrich --code internal-error --since 2h")
)
def list_letters(
    stage: Stage = None,
    code: Code = None,
    feed: Feed = None,
    since: Since = None,
    everything: Annotated[bool, typer.Option("--all", help="Those as well about which something was done.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the dead letters about which nothing was done."""
    from streams.cli.dlq_show import show_letters
    from streams.settings import Settings

    wanted = _wanted(None, stage, code, feed, since, everything=everything)
    show_letters(Settings.from_env(), wanted, limit=limit, as_json=as_json)


@dlq_cli.command(epilog=examples("geowire dlq show 3:17", "geowire dlq show 3:17 --value > record.json"))
def show(
    place: Annotated[str, typer.Argument(metavar="LETTER", help="The letter by its place: 3:17.")],
    value: Annotated[bool, typer.Option("--value", help="Only the record's value, byte for byte.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: what was wrong, and the record as it came."""
    from streams.cli.dlq_show import show_letter
    from streams.settings import Settings

    show_letter(Settings.from_env(), place, value=value, as_json=as_json)


@dlq_cli.command(
    epilog=examples(
        "geowire dlq retry --code internal-error  # says what it would do", "geowire dlq retry 3:17 3:18 --execute"
    )
)
def retry(
    places: Places = None,
    stage: Stage = None,
    code: Code = None,
    feed: Feed = None,
    since: Since = None,
    again: Annotated[bool, typer.Option("--again", help="Those as well that were tried again or dropped.")] = False,
    execute: Execute = False,
) -> None:
    """Put the records of letters back onto the streams they came from, once their cause is gone."""
    from streams.cli.dlq_show import run_retry
    from streams.settings import Settings

    run_retry(Settings.from_env(), _wanted(places, stage, code, feed, since, everything=again), execute=execute)


@dlq_cli.command(epilog=examples("geowire dlq drop --feed gulf-monitor --execute"))
def drop(
    places: Places = None,
    stage: Stage = None,
    code: Code = None,
    feed: Feed = None,
    since: Since = None,
    execute: Execute = False,
) -> None:
    """Lay letters to rest: they are no longer listed, and go when their retention is over."""
    from streams.cli.dlq_show import run_drop
    from streams.settings import Settings

    run_drop(Settings.from_env(), _wanted(places, stage, code, feed, since, everything=False), execute=execute)


def _wanted(
    places: list[str] | None,
    stage: str | None,
    code: str | None,
    feed: str | None,
    since: str | None,
    *,
    everything: bool,
) -> Wanted:
    from datetime import UTC, datetime

    from streams.audit import parse_when
    from streams.dlq.letters import Wanted

    return Wanted(
        places=tuple(places or ()),
        stage=stage,
        code=code,
        feed=feed,
        since=parse_when(since, datetime.now(UTC)) if since else None,
        settled=everything,
    )
