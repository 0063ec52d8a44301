"""The command line: ``geowire``. Errors made on purpose are one line and an exit code; nothing else is caught."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    from schemas.errors import GeowireError
    from streams.cli.commands import cli

    # What it cannot do it raises, and we say it once; services set up log lines of their own.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        cli()
    except GeowireError as error:
        print(f"geowire: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # `geowire tail … | head`: the reader went away, which is how it says that it has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(0)
