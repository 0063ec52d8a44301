"""docs/cli.md, from the commands themselves: ``python -m streams.cli.page``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, get_args

import typer

from streams.cli import EXIT_CODES
from streams.cli.commands import cli
from streams.cli.help import listed

_HEAD = """# Commands

`geowire COMMAND --help` says what stands here; in a checkout it is `.venv/bin/geowire`. Settings are environment
variables ([configuration.md](configuration.md)). What changes something that cannot be had back only says what it would
do, until `--execute` stands there. This page is written by `make generate` from `streams/cli/`.

**Output.** Results go to standard output, everything else (bars, log lines, errors) to standard error. Colours and bars
only where somebody looks at a terminal; `NO_COLOR=1` does without there, too. Commands with `--json` write one JSON
object, or one a line.

**Completion** of commands, options, streams and topics: `geowire --install-completion`, then open a new shell
(`--show-completion` prints it for packagers).

**Errors** are one line on standard error that says what is wrong and what to do. Exit codes:

| Code | Means |
|---|---|
"""
_READ = {
    "poll": "feeds.md",
    "status": "accounting.md",
    "audit": "accounting.md",
    "forget": "corrections.md",
    "pipe": "stories.md",
    "feeds": "feeds.md",
    "feeds check": "reading-feeds.md#looking-at-a-feed",
    "replay": "replay.md",
    "dlq": "dead-letters.md",
    "knowledge": "knowledge.md",
    "console": "console.md",
}
"""Where more is said of a command."""

_SHOWN = {
    "tail": """$ geowire tail --country GR --no-follow --limit 1
11:02:14       4:0  diplomacy,territorial_disputes · GR,TR · en · new Greek foreign minister opens talks in Ankara …""",
    "pipe": """$ echo '{"title": "Chile and Peru talk", "text": "The foreign ministers met in Lima."}' | geowire pipe
{"kind":"enriched","id":"…","item_id":"…","reason":"new","title":"Chile and Peru talk", …}""",
    "explain": """Greek foreign minister opens talks in Ankara on disputed waters
stdin  ·  no address  ·  no date  ·  language en (99%)  ·  coverage proven

The Greek foreign minister met his Turkish counterpart in Ankara on Monday to
calm a dispute over the waters of the eastern Aegean.

[-READ ALSO: Harvest festival draws record crowds despite the rain-]

Both ministries called the talks useful. A joint declaration is expected before
the summit in Athens.

geopolitical  yes 0.99
topic         diplomacy (primary) 0.94  “foreign minister”, “joint declaration”, “summit”, “talks”
topic         territorial_disputes 0.81  “disputed waters”, “Aegean”, “waters”
about         GR (3: Greek, Athens), TR (3: Ankara, Turkish)
pairs         GR-TR in 2 sentences (diplomacy, territorial_disputes)
places        Aegean Sea
removed       READ ALSO: Harvest festival draws record crowds despite the rain  interjection, en.read-also""",
}
"""What a command prints."""


def commands() -> Iterator[tuple[str, Any]]:
    """Yield the commands with their names, groups before what is in them."""
    yield from _below("", typer.main.get_command(cli))


def _below(prefix: str, group: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield prefix + name, command
        if hasattr(command, "commands"):
            yield from _below(f"{prefix}{name} ", command)


def page() -> str:
    """Return docs/cli.md."""
    parts = [_HEAD + "".join(f"| `{code}` | {meaning} |\n" for code, meaning in EXIT_CODES.items())]
    parts.append("\n| Command | Does |\n|---|---|\n")
    leaves = [(name, command) for name, command in commands() if not hasattr(command, "commands")]
    parts += [f"| [`{name}`](#geowire-{name.replace(' ', '-')}) | {_first(command)} |\n" for name, command in leaves]
    parts += [_section(name, command) for name, command in commands()]
    return "".join(parts)


def _section(name: str, command: Any) -> str:
    group = hasattr(command, "commands")
    level = "##" if group or " " not in name else "###"
    parts = [f"\n{level} geowire {name}\n\n{command.help}"]
    if name in _READ:
        parts.append(f" [More]({_READ[name]}).")
    parts.append("\n")
    if group:
        return "".join(parts)
    if lines := listed(command.epilog):
        parts.append("\n```sh\n" + "\n".join(lines) + "\n```\n")
    if rows := [_row(parameter) for parameter in command.params if parameter.name != "help"]:
        parts.append("\n| Option | |\n|---|---|\n" + "".join(rows))
    if name in _SHOWN:
        parts.append(f"\n```\n{_SHOWN[name]}\n```\n")
    return "".join(parts)


def _row(parameter: Any) -> str:
    flag = bool(getattr(parameter, "is_flag", False))
    if parameter.param_type_name == "argument":
        names = (parameter.metavar or str(parameter.name).upper()).replace("|", "\\|")
        shown = f"`{names}`" if parameter.required or names.startswith("[") else f"`[{names}]`"
    else:
        choices = get_args(parameter.type_descriptor.annotation)
        value = (
            "\\|".join(choices)
            if choices and all(isinstance(one, str) for one in choices)
            else str(parameter.name).rpartition("_")[2].upper()
        )
        forms = [f"{form} {value}" if not flag and form.startswith("--") else form for form in parameter.opts]
        shown = ", ".join(f"`{form}`" for form in (*forms, *parameter.secondary_opts))
    default = parameter.default
    said = f" Default: `{default}`." if not flag and default not in {None, ""} else ""
    return f"| {shown} | {parameter.help or ''}{said} |\n"


def _first(command: Any) -> str:
    """Return the first paragraph of a command's help."""
    return " ".join((command.help or "").partition("\n\n")[0].split())


if __name__ == "__main__":
    sys.stdout.write(page())
