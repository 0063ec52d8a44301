"""``python -m schemas`` writes the generated files.

``--check`` exits with 1 and names those that are stale; ``--keep 0.2.0`` keeps schemas and examples as a release's.
"""

from __future__ import annotations

import sys

from schemas.generate import keep, stale, write

match sys.argv[1:]:
    case []:
        write()
    case ["--check"]:
        outdated = stale()
        for path in outdated:
            sys.stderr.write(f"{path} is stale: run `make generate`\n")
        sys.exit(bool(outdated))
    case ["--keep", version]:
        keep(version)
    case _:
        sys.exit("usage: python -m schemas [--check | --keep VERSION]")
