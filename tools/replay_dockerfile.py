"""Replay the Dockerfile's steps in a clean directory, without a container engine: `make image-check`.

Each stage gets a directory that stands for the root of its file system, and a context that holds only what .dockerignore
lets through. Absolute paths of the steps are read below that directory. What only a container can do (packages of the
base image, users) is skipped and said. In the end the entry point answers, from the last stage alone.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_KNOWN = {"FROM", "RUN", "ENV", "WORKDIR", "COPY", "USER", "ENTRYPOINT", "CMD"}
_ONLY_IN_A_CONTAINER = ("apt-get", "useradd")
_ABSOLUTE = ("/opt/", "/src", "/var/lib/geowire")


class Step(NamedTuple):
    """An instruction and what stands behind it."""

    word: str
    rest: str


def steps(text: str) -> list[Step]:
    """Return the instructions of a Dockerfile; every one that is not known here is an error."""
    lines = text.replace("\\\n", " ").splitlines()
    found = [Step(*line.split(maxsplit=1)) for line in lines if line.strip() and not line.startswith("#")]
    unknown = {step.word for step in found} - _KNOWN
    if unknown:
        raise SystemExit(f"the Dockerfile has instructions that are not replayed: {', '.join(sorted(unknown))}")
    return found


def context(directory: Path) -> None:
    """Copy what .dockerignore lets through: it excludes everything, and then names exceptions."""
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    for name in kept:
        source, target = ROOT / name, directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


class Replay:
    """The stages so far, and where the current one stands."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._context = work / "context"
        context(self._context)
        self._stages: dict[str, Path] = {}
        self.entry: list[str] = []
        self._begin("")

    def _begin(self, name: str) -> None:
        self._root = self._work / f"stage-{len(self._stages)}"
        self._stages[name or str(len(self._stages))] = self._root
        self._root.mkdir(exist_ok=True)
        self._directory = self._root
        # Nothing of this checkout's environment: neither its packages nor its settings.
        self._environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._environment |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}

    def take(self, step: Step) -> None:
        """Replay one instruction."""
        print(f"{step.word} {step.rest[:100]}", flush=True)
        match step.word:
            case "FROM":
                self._begin(step.rest.partition(" AS ")[2])
            case "ENV":
                for pair in shlex.split(step.rest):
                    name, _, value = pair.partition("=")
                    old = self._environment.get(name, "")
                    self._environment[name] = self._below(value).replace(f"${name}", old)
            case "WORKDIR":
                self._directory = self._path(step.rest)
                self._directory.mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(step.rest.split())
            case "RUN":
                self._run(step.rest)
            case "ENTRYPOINT":
                self.entry = [word.strip(' "') for word in step.rest.strip("[]").split(",")]

    def ask(self, *arguments: str) -> None:
        """Run the entry point of the last stage."""
        print(f"{' '.join(self.entry)} {' '.join(arguments)}", flush=True)
        item = b'{"title": "Chile and Peru talk", "text": "The foreign ministers met in Lima."}\n'
        subprocess.run(  # noqa: S603
            [*self.entry, *arguments],
            env=self._environment,
            cwd=self._root,
            input=item,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _copy(self, words: list[str]) -> None:
        if words[0].startswith("--from="):
            base, words = self._stages[words[0].removeprefix("--from=")], words[1:]
            sources = [base / word.lstrip("/") for word in words[:-1]]
        else:
            sources = [self._context / word for word in words[:-1]]
        target = self._path(words[-1])
        for source in sources:
            into = target / source.name if words[-1].endswith("/") else target
            into.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True)
                self._moved(source, into)
            else:
                shutil.copy(source, into)

    def _moved(self, source: Path, into: Path) -> None:
        """Have scripts of a copied environment name its new place: in an image both are the same path."""
        for script in (into / "bin").glob("*") if (into / "bin").is_dir() else ():
            if script.is_file() and not script.is_symlink() and (body := script.read_bytes()).startswith(b"#!"):
                script.write_bytes(body.replace(str(source).encode(), str(into).encode()))

    def _run(self, command: str) -> None:
        parts = [part.strip() for part in command.split("&&")]
        for part in parts:
            if part.startswith((*_ONLY_IN_A_CONTAINER, "rm -rf /var/lib/apt", "install -d -o")):
                print(f"  only in a container: {part}")
                continue
            ran = subprocess.run(  # noqa: S602 - the Dockerfile's own steps
                self._below(part), shell=True, cwd=self._directory, env=self._environment, check=False
            )
            if ran.returncode != 0:
                raise SystemExit(f"this step failed: {part}")

    def _path(self, text: str) -> Path:
        if text.startswith("/"):
            return self._root / text.lstrip("/")
        return self._directory / text

    def _below(self, text: str) -> str:
        """Read absolute paths of the image below this stage's root."""
        for path in _ABSOLUTE:
            text = text.replace(path, f"{self._root}{path}")
        return text


def main() -> None:
    """Replay, ask the entry point, and say how large the environment is."""
    with tempfile.TemporaryDirectory(prefix="geowire-image-") as work:
        replay = Replay(Path(work))
        for step in steps((ROOT / "Dockerfile").read_text("utf-8")):
            replay.take(step)
        replay.ask("--help")
        replay.ask("config")
        replay.ask("pipe")
        size = sum(file.stat().st_size for file in Path(work).glob("stage-*/opt/**/*") if file.is_file()) / 2**20
        print(f"the image's steps work; both stages' environments together: {size:.0f} MiB")


if __name__ == "__main__":
    sys.exit(main())
