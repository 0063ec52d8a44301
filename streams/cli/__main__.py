"""``python -m streams.cli``: the same as ``geowire``."""

from streams.cli import main

main()
