"""The dedupe agent: news.raw → news.unique and news.duplicates. The only agent with state."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

import msgspec

from agents.dedupe import state
from agents.dedupe.route import judge, output, rekeyed, sight
from schemas.errors import InfrastructureError
from schemas.record import Output, Record

CHANGELOG = "geowire-dedupe-changelog"


def handler(
    store: MutableMapping[bytes, bytes], *, partitions: int, ttl: int, committed: Callable[[Record], int]
) -> Callable[[Record], list[Output]]:
    """Return what the agent does with a record.

    Args:
        store: Entries by item id; what is written to it goes out as a changelog record beside the output.
        partitions: Partitions of the news streams.
        ttl: Milliseconds after which an item that was not seen is forgotten.
        committed: First offset of a record's partition that may still be redelivered.
    """

    def handle(record: Record) -> list[Output]:
        sighted = sight(record)
        moved = rekeyed(sighted, partitions)
        if moved is not None:
            return [moved]
        key = sighted.item.item_id.encode()
        stored = store.get(key)
        try:
            entry = state.decode(stored) if stored is not None else None
        except msgspec.DecodeError as error:
            raise InfrastructureError(f"dedupe state of {key.decode()} is corrupt: {error}") from error
        decision = judge(sighted, entry, committed=committed(record), ttl=ttl)
        outputs = [output(sighted, decision.outcome)]
        if decision.entry is not None:
            store[key] = encoded = state.encode(decision.entry)
            outputs.append(Output(CHANGELOG, record.partition, key, encoded, []))
        return outputs

    return handle
