"""Dead letters: looked at, tried again, or laid to rest. ``docs/dead-letters.md`` is the guide."""
