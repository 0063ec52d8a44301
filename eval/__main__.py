"""``python -m eval [strip] [stories] [topics] [countries] [pages]``: measure, print, write docs/accuracy.md.

A part is a module ``eval/<part>.py`` with ``section(data: Path) -> Section``; ``data`` is the directory that holds
``eval/``. A part that is not there is named and left out.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from eval.data import knowledge
from eval.markdown import merged, section

PARTS = ("strip", "stories", "topics", "countries", "pages")
_DOCUMENT = Path(__file__).parent.parent / "docs" / "accuracy.md"


def main(arguments: list[str]) -> int:
    """Measure the parts named, or all."""
    data = os.environ.get("GEOWIRE_EVAL_DATA")
    if not data or not (Path(data) / "eval").is_dir():
        print("GEOWIRE_EVAL_DATA must name the directory that holds eval/; found", data or "nothing", file=sys.stderr)
        return 2
    unknown = [part for part in arguments if part not in PARTS]
    if unknown:
        print(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    sections: dict[str, str] = {}
    missed = 0
    for part in arguments or PARTS:
        if find_spec(f"eval.{part}") is None:
            print(f"{part}: left out, there is no eval/{part}.py\n")
            continue
        started = time.monotonic()
        found = importlib.import_module(f"eval.{part}").section(Path(data))
        sections[part] = section(part, found, _measured(time.monotonic() - started))
        missed += sum(row.met is False for row in found.rows)
        print(sections[part])
    before = _DOCUMENT.read_text("utf-8") if _DOCUMENT.exists() else ""
    _DOCUMENT.write_text(merged(before, sections, PARTS), "utf-8")
    print(f"{missed} bars missed; written to docs/{_DOCUMENT.name}")
    return 0


def _measured(seconds: float) -> str:
    now = datetime.now(UTC)
    pipeline = knowledge().pipeline
    return (
        f"Measured {now:%Y-%m-%d} at {_commit()}, geowire {pipeline.version}, knowledge {pipeline.knowledge}, "
        f"in {seconds:.0f} s."
    )


def _commit() -> str:
    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], cwd=_DOCUMENT.parent, capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    changed = git("status", "--porcelain", "--", "agents", "streams", "schemas", "eval")
    return f"commit {git('rev-parse', '--short', 'HEAD')}{' with changes' if changed else ''}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
