"""``python -m schemas`` writes the generated files; ``--check`` exits with 1 and names those that are stale."""

from __future__ import annotations

import sys

from schemas.generate import stale, write

if sys.argv[1:] == ["--check"]:
    outdated = stale()
    for path in outdated:
        sys.stderr.write(f"{path} is stale: run `make generate`\n")
    sys.exit(bool(outdated))
elif sys.argv[1:]:
    sys.exit("usage: python -m schemas [--check]")
write()
