"""``geowire knowledge``: the operator's knowledge directory, checked, tried out, and compared with what ships."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.help import examples

knowledge_cli = typer.Typer(help="The knowledge files: your own over the shipped ones.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]
Directory = Annotated[
    Path | None,
    typer.Argument(
        help="A knowledge directory; without it GEOWIRE_KNOWLEDGE_DIR, else what ships.", show_default=False
    ),
]


@knowledge_cli.command("check", epilog=examples("geowire knowledge check", "geowire knowledge check my-knowledge"))
def knowledge_check(directory: Directory = None, as_json: AsJson = False) -> None:
    """Say what is wrong with a knowledge directory, else the shipped files. Exit code 1 where anything is."""
    from streams.cli.knowledge_show import show_check
    from streams.settings import Settings

    if not show_check(Settings.from_env(), directory, as_json=as_json):
        raise typer.Exit(1)


@knowledge_cli.command(
    "test",
    epilog=examples(
        "geowire knowledge test 'Greece and Turkey agree on talks' --language en",
        "geowire knowledge test article.txt --knowledge my-knowledge",
    ),
)
def knowledge_test(
    text: Annotated[str, typer.Argument(help="The text, the name of a file, or - for standard input.")],
    directory: Annotated[
        Path | None, typer.Option("--knowledge", help="Knowledge directory instead of GEOWIRE_KNOWLEDGE_DIR.")
    ] = None,
    title: Annotated[str, typer.Option(help="Headline.")] = "",
    language: Annotated[str | None, typer.Option(help="Language, instead of detecting it: en, pt, zh.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what matches in a text, and which file says so."""
    from streams.cli.knowledge_show import show_test
    from streams.settings import Settings

    show_test(Settings.from_env(), directory, text, title=title, language=language, as_json=as_json)


@knowledge_cli.command("diff", epilog=examples("geowire knowledge diff my-knowledge --sample items.jsonl"))
def knowledge_diff(
    directory: Directory = None,
    sample: Annotated[
        Path | None, typer.Option("--sample", help="Articles, as `geowire pipe` reads them: what becomes of them.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="How many changed articles are shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what a knowledge directory changes against the shipped files, and on a sample of articles."""
    from streams.cli.knowledge_show import show_diff
    from streams.settings import Settings

    show_diff(Settings.from_env(), directory, sample, examples=examples, as_json=as_json)
