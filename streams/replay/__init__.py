"""Deciding again what is kept: plan, run, compare with what stands, promote. ``docs/replay.md`` is the guide."""
