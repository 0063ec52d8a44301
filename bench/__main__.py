"""``python -m bench [core] …``: run the benchmarks named, or all."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import bench
from bench import page


def main(arguments: list[str]) -> int:
    """Run benchmarks; a part is any module of this package with ``run``."""
    names = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]
    parts = {name: importlib.import_module(f"bench.{name}") for name in names}
    runnable = [name for name, module in parts.items() if hasattr(module, "run")]
    unknown = [name for name in arguments if name not in runnable]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(runnable)}", file=sys.stderr)
        return 2
    where = os.environ.get("GEOWIRE_EVAL_DATA")
    for name in arguments or runnable:
        print(f"# {name}\n", flush=True)
        figures = parts[name].run(Path(where) if where else None)
        if figures is not None:
            page.note(name, figures)
    page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
