"""Where the console that runs on a data directory is, for others on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.settings import Settings


def address_file(settings: Settings) -> Path:
    """Return where the address is announced to others on this machine."""
    return settings.data_dir.expanduser() / f"{settings.stream('console')}.json"


def running_address(settings: Settings) -> str | None:
    """Return the address of the console that runs on the data directory, or None."""
    try:
        announced = json.loads(address_file(settings).read_text("utf-8"))
        os.kill(announced["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return str(announced["address"])
