"""What the command line says of itself: help, examples, docs/cli.md, completion, colours, exit codes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli import page
from streams.cli.help import complete_topic, listed

_LEAVES = {name: command for name, command in page.commands() if not hasattr(command, "commands")}


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={**os.environ, "TERM": "xterm-256color", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_docs_are_what_the_commands_say() -> None:
    docs = Path(__file__).parents[3] / "docs" / "cli.md"
    assert docs.read_text("utf-8") == page.page(), "make generate"


@pytest.mark.parametrize("name", sorted(_LEAVES))
def test_every_command_has_help_and_examples_that_it_takes(name: str) -> None:
    command = _LEAVES[name]
    assert command.help
    assert all(parameter.help for parameter in command.params if parameter.name != "help")
    lines = listed(command.epilog)
    assert lines
    for line in lines:
        words = shlex.split(line.partition(" > ")[0].partition(" < ")[0], comments=True)
        while "=" in words[0]:  # a setting, for this one command
            words.pop(0)
        assert words[: 1 + len(name.split())] == ["geowire", *name.split()]
        command.make_context(name, words[1 + len(name.split()) :])


def test_no_colours_where_nobody_looks() -> None:
    for arguments in (["--help"], ["tail", "--help"], ["config"], ["tail", "--nonsense"]):
        said = _run(*arguments)
        assert "\x1b" not in said.stdout + said.stderr
        assert said.stdout + said.stderr


def test_a_shell_completes_commands_options_streams_and_topics() -> None:
    def complete(line: str) -> list[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        return _run(**words, _GEOWIRE_COMPLETE="complete_bash").stdout.split()

    assert complete("geowire ta") == ["tail"]
    assert complete("geowire tail news.en") == ["news.enriched"]
    assert complete("geowire replay pro") == ["promote"]
    assert "sanctions" in complete_topic("")
    assert complete_topic("territorial") == ["territorial_disputes"]


def test_exit_codes_are_those_that_are_documented() -> None:
    said = _run("--version")
    assert (said.returncode, said.stdout[:8]) == (0, "geowire ")
    assert _run("config").returncode == 0
    assert _run("tail", "--nonsense").returncode == 2
    assert _run("config", GEOWIRE_PARTITIONS="many").returncode == 2
    assert _run("streams", "list", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1").returncode == 69
    bug = "import streams.settings as s; s.Settings.from_env = lambda: 1 / 0; import streams.cli; streams.cli.main()"
    bugged = subprocess.run([sys.executable, "-c", bug, "config"], capture_output=True, text=True, check=False)
    assert bugged.returncode == 70
    assert "ZeroDivisionError" in bugged.stderr
