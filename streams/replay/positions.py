"""Where in news.raw the records of news.unique up to some offsets end.

Generations and commits of the enriching step are offsets of news.unique; a replay from raw needs them as offsets of
news.raw. Records keep their partition and their order, so behind the newest record below an offset everything is later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from schemas.envelope import ORIGIN
from streams.outcomes import position
from streams.scan import Bounds, scan, scan_bounds
from streams.table import UNIQUE

if TYPE_CHECKING:
    from streams.settings import Settings


async def raw_positions(settings: Settings, vectors: Sequence[Mapping[int, int]]) -> list[dict[int, int]]:
    """Return, for each vector of offsets of news.unique, the offsets of news.raw that it comes to.

    All of news.unique up to the greatest offsets is read: after a crash earlier records stand in it once more, and how
    far back that goes nobody knows.

    Raises:
        BrokerError: A stream cannot be read.
    """
    found: list[dict[int, int]] = [{} for _ in vectors]
    bounds = await scan_bounds(settings, settings.stream(UNIQUE.name))
    end = {p: max(bounds.start[p], *(v.get(p, 0) for v in vectors)) for p in bounds.end} if vectors else {}
    async for record in scan(settings, settings.stream(UNIQUE.name), Bounds(bounds.kept, bounds.start, end)):
        origin = position(dict(record.headers).get(ORIGIN))
        # A record that was re-keyed comes from another partition; its neighbours tell where it stood.
        if origin is None or origin.partition != record.partition:
            continue
        for vector, raw in zip(vectors, found, strict=True):
            if record.offset < vector.get(record.partition, 0):
                raw[record.partition] = max(raw.get(record.partition, 0), origin.offset + 1)
    return found


async def decided_in_raw(settings: Settings, committed: Mapping[int, int], read: Mapping[int, int]) -> dict[int, int]:
    """Return the offsets of news.raw below which everything is decided and out.

    Args:
        settings: The settings.
        committed: Committed offsets of news.unique.
        read: Committed offsets of news.raw.
    """
    (found,) = await raw_positions(settings, [committed])
    ends = (await scan_bounds(settings, settings.stream(UNIQUE.name))).end
    # Where nothing waits on news.unique, what was read of news.raw is decided, repetitions behind the last item too.
    return {p: read.get(p, 0) if committed.get(p, 0) >= ends[p] else found.get(p, 0) for p in ends}
