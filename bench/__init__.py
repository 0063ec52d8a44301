"""Benchmarks: how fast each part is, on its own, as ratios that another machine can be held against.

``python -m bench`` (or ``make bench``; ``make bench ONLY=core``) runs every part it finds: a part is a module
``bench/<part>.py`` with ``run(data: Path | None) -> None``, which prints its figures.
"""
