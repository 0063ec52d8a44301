"""How producers compress records."""

from __future__ import annotations

from aiokafka import codec

from streams.settings import Settings

LEVEL = 1
"""Of lz4. aiokafka takes 9 and lets nobody choose: five times the time for a fifth less (docs/performance.md)."""


def compression(settings: Settings) -> str:
    """Return what an aiokafka producer is given as ``compression_type``, and set the level of lz4."""
    codec.lz4_encode.__defaults__ = (LEVEL,)
    return settings.compression
