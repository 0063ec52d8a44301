"""A program in a pseudo-terminal, and what its screen says."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")
_LINES, _COLUMNS = 45, 140
# Said twice: what COLUMNS says counts for more than the terminal, and pytest's own processes have one.
_TERMINAL = {"TERM": "xterm-256color", "NO_COLOR": "", "LINES": str(_LINES), "COLUMNS": str(_COLUMNS)}


class Terminal:
    """A command in a terminal of 140 × 45; ended, whatever happens, at the end of its ``with`` block."""

    def __init__(self, command: str, *arguments: str, environment: Mapping[str, str], directory: Path) -> None:
        self._child = pexpect.spawn(
            command,
            list(arguments),
            env={**os.environ, **_TERMINAL, **environment},
            cwd=str(directory),
            dimensions=(_LINES, _COLUMNS),
            encoding="utf-8",
            codec_errors="replace",
            timeout=5,
        )
        self._seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    def wait_for(self, pattern: str, *, seconds: float) -> re.Match[str]:
        """Wait until what was printed matches; the last match, on text without colours.

        Raises:
            AssertionError: It did not within the time, or the command ended before.
        """
        deadline = time.monotonic() + seconds
        while True:
            ended = not self._read()
            found = list(re.finditer(pattern, self.text))
            if found:
                return found[-1]
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} did not come; the end of what came:\n{self.text[-6000:]}")

    def interrupt(self) -> None:
        """Ctrl-C, as the terminal sends it."""
        self._child.sendintr()

    def type(self, line: str) -> None:
        """A line, as somebody types it."""
        self._child.sendline(line)

    def exit_code(self, *, seconds: float) -> int | None:
        """Wait for the end."""
        deadline = time.monotonic() + seconds
        while self._read():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end; the end of what came:\n{self.text[-6000:]}")
        self._child.close()
        code: int | None = self._child.exitstatus
        return code

    @property
    def text(self) -> str:
        """All that was printed, without colours and cursor movements."""
        return _ESCAPES.sub("", self._seen)

    def _read(self) -> bool:
        """Take what there is; False once the command has ended."""
        try:
            self._seen += self._child.read_nonblocking(65_536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True
