"""The command line: ``geowire``. Errors made on purpose are one line and an exit code; a bug shows where it is."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import NoReturn

EXIT_CODES = {
    0: "done, or stopped in order",
    1: "a check found something: `status`, `audit`, `feeds check`, `knowledge check`",
    2: "a mistake in options, settings or files: trying again does not help",
    69: "the world around failed, the broker mostly: trying again may help; supervisors restart",
    70: "a bug: please report what was printed; supervisors restart",
    75: "work waited and nothing was done, the watchdog ended the process; supervisors restart",
    130: "Ctrl-C, where it is not the way to stop in order",
    141: "whoever read the output went away, as `head` does",
}
"""Every code a command ends with, and what it means (sysexits.h, and 128 + the signal as shells have it)."""


def main() -> NoReturn:
    """Run the command line."""
    try:
        code = _run()
        sys.stdout.flush()  # left to Python, which does it after us, it could fail where nobody can answer
    except BrokenPipeError:
        # `geowire tail … | head`: the reader went away, which is how it says that it has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


def _run() -> str | int | None:
    from schemas.errors import GeowireError
    from streams.cli.commands import cli

    # What it cannot do it raises, and we say it once; services set up log lines of their own.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        cli(prog_name="geowire")
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # typer and rich make it code 1
            raise ended.__context__ from None
        return ended.code
    except GeowireError as error:
        print(f"geowire: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001 - Python's own code for it is 1, which says that a check found something
        traceback.print_exc()
        return 70
    return 0
