"""The parts of geowire as real processes, for tests that start, stop and kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


class Part:
    """A process, of geowire mostly; ended, whatever happens, at the end of its ``with`` block."""

    def __init__(self, *command: str, environment: Mapping[str, str], log: Path, program: str = sys.executable) -> None:
        self.log = log
        self._output = log.open("ab")
        self.process = subprocess.Popen(
            [program, *command],
            env={**os.environ, **environment},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @classmethod
    def geowire(cls, *arguments: str, environment: Mapping[str, str], log: Path) -> Self:
        return cls("-m", "streams.cli", *arguments, environment=environment, log=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._output.close()

    def kill(self) -> None:
        """kill -9: no handler, no flush, no goodbye."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM, as a supervisor would; the exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""
