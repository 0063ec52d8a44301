"""Processes of geowire under a supervisor: whatever ends is started again, and how it ended is kept."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.processes import Part

_LIBFAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
_AGAIN_SECONDS = 1.5
_STOP_SECONDS = 60
_RESTART: set[int] = {-signal.SIGKILL, 0, 69, 75}
"""Ends that are none of geowire's mistakes: killed by us, told to stop, the world failed, stood still."""


class Slot:
    """A place for one process: ``geowire work`` or ``geowire poll``, kept running by a supervisor."""

    def __init__(self, name: str, *command: str, environment: Mapping[str, str], directory: Path) -> None:
        self.name = name
        self.directory = directory / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self._command = command
        self._environment = {**environment, "GEOWIRE_DATA_DIR": str(self.directory)}
        self._log = directory / f"{name}.log"
        self._clock = directory / f"{name}.clock"
        self.ends: Counter[int] = Counter()
        self.mistakes: list[str] = []
        self.part: Part | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = False
        self._told: set[int] = set()
        self.other_clock = False
        """Whether the process has a clock that can be set, from its next start on: that costs it a lot."""

    @property
    def pid(self) -> int | None:
        """Of the process, None where none runs at this moment."""
        return self.part.process.pid if self.part is not None and self.part.process.poll() is None else None

    def start(self) -> None:
        self._supervisor = asyncio.create_task(self._supervise())

    async def _supervise(self) -> None:
        while not self._stopping:
            environment = {**self._environment, **self._fake_clock()}
            with Part.geowire(*self._command, environment=environment, log=self._log) as self.part:
                code = await _ended(self.part)
                self.ends[code] += 1
                if code not in _RESTART | self._told:
                    self.mistakes.append(f"{self.name} ended with {code}:\n{self.part.said()[-2000:]}")
            if not self._stopping:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def stop(self) -> int | None:
        """End the supervision and, with SIGTERM, the process; its exit code."""
        if self._supervisor is None:
            return None
        self._stopping = True
        self._told = {-signal.SIGTERM}  # of one that had just begun
        if self.pid is not None and self.part is not None:
            self.part.process.terminate()
        await asyncio.wait_for(self._supervisor, _STOP_SECONDS)
        self._supervisor = None
        return self.part.process.returncode if self.part is not None else None

    def kill(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    def children(self) -> list[int]:
        """The processes that it started itself."""
        if self.pid is None:
            return []
        found = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def set_clock(self, seconds: int) -> None:
        """Have the process see a clock that is ahead (behind, where negative) of the machine's, from now on."""
        new = self._clock.with_suffix(".new")
        new.write_text(f"{seconds:+d}")
        new.replace(self._clock)

    def _fake_clock(self) -> dict[str, str]:
        if not self.other_clock:
            return {}
        return {
            "LD_PRELOAD": str(_LIBFAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_CACHE_DURATION": "1",
            # As when a machine's clock is set: what counts seconds goes on counting them.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


async def _ended(part: Part) -> int:
    """Wait for a process without a thread of its own."""
    while (code := part.process.poll()) is None:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.05)
    return code


def clock_reason() -> str | None:
    """Say why no clocks can be faked here, None where they can."""
    return None if _LIBFAKETIME.exists() else "libfaketime is not installed (Debian: libfaketime)"


class SmallDisk:
    """A tmpfs of some megabytes at a directory, which can be filled to the last byte."""

    def __init__(self, directory: Path, megabytes: int) -> None:
        self._directory = directory
        self._filler = directory / "filler"
        directory.mkdir(parents=True, exist_ok=True)
        options = f"size={megabytes}m"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "geowire-chaos", str(directory)],
            capture_output=True,
            text=True,
            check=False,
        )
        self.missing = None if mounted.returncode == 0 else f"no right to mount a tmpfs ({mounted.stderr.strip()})"

    def fill(self) -> None:
        """Take all the room there is."""
        block = b"\0" * 65_536
        with self._filler.open("ab", buffering=0) as filler:
            for size in (65_536, 4_096, 1):
                try:
                    while filler.write(block[:size]) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def unmount(self) -> None:
        if self.missing is None:
            subprocess.run(["umount", "-l", str(self._directory)], check=True)
