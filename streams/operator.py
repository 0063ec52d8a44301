"""Who is at the keyboard, and when: for what goes on record."""

from __future__ import annotations

import os
import platform
import pwd
import time

from schemas.times import from_milliseconds


def here() -> str:
    """Return user and host."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a user that has no name
        user = str(os.getuid())
    return f"{user}@{platform.node()}"


def now() -> int:
    """Return the time, in milliseconds since the epoch."""
    return round(time.time() * 1000)


def timestamp() -> str:
    """Return the time as the events write it."""
    return from_milliseconds(now())
