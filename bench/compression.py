"""What compressing events costs, by codec, and the room they take then.

Batches of 1, 5 and 20 events: a producer that is in no hurry fills few of its batches, one under load fills all.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from aiokafka import codec

from agents.enrich.enrich import enrich, load_knowledge
from bench.core import PROVENANCE, corpora, cpu_seconds
from schemas.codec import encode
from streams.broker.compression import LEVEL
from streams.pipe import raw_item

_CODECS = {
    "lz4": partial(codec.lz4_encode, level=LEVEL),
    "zstd": codec.zstd_encode,
    "lz4, as aiokafka does it": partial(codec.lz4_encode, level=9),
    "snappy": codec.snappy_encode,
    "gzip": codec.gzip_encode,
}
_BATCHES = (1, 5, 20)
_SIZE = 2_200


def run(data: Path | None) -> dict[str, Any]:
    """Print and return µs an event, and the size left, for each codec and size of batch."""
    knowledge = load_knowledge()
    name, lines = next(corpora(data, (_SIZE,)))
    events = [encode(enrich(raw_item(line), PROVENANCE, knowledge)) for line in lines]
    print(f"{name}: {len(events)} events of {sum(map(len, events)) / len(events):,.0f} bytes\n")
    figures = []
    for size in _BATCHES:
        batches = [b"".join(events[at : at + size]) for at in range(0, len(events), size)]
        for called, compress in _CODECS.items():
            seconds = cpu_seconds(compress, [(batch,) for batch in batches]) * len(batches) / len(events)
            left = sum(len(compress(batch)) for batch in batches) / sum(map(len, batches))
            print(f"{size:>3} a batch  {called:<26}{seconds * 1e6:7.1f} µs an event, {left:.0%} of the size")
            figures.append({"batch": size, "codec": called, "us": seconds * 1e6, "left": left})
    return {"corpus": name, "codecs": figures}
