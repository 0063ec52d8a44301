"""The dedupe agent: news.raw → news.unique and news.duplicates. The only agent with state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

import msgspec

from agents.dedupe import state
from agents.dedupe.decide import Accepted, Decision, Entry
from agents.dedupe.route import Sighted, judge, output, rekeyed, sight
from agents.dedupe.route import suppressed as not_passed_on
from schemas.errors import InfrastructureError
from schemas.raw import RawItem
from schemas.record import Output, Record
from schemas.times import DAY_MS

CHANGELOG = "geowire-dedupe-changelog"
_SWEEP_EVERY = 500
_SWEEP_ENTRIES = 1_000
"""Two entries are looked at for each record: more than come in, so that state is bounded by what is seen in a TTL."""
_LATE_MS = DAY_MS
"""How far behind the newest record of its partition a record may be and still find the entry it needs."""


class Store(Protocol):
    """Entries by partition of news.raw and item id."""

    def get(self, partition: int, key: bytes) -> bytes | None:
        """Return the stored entry."""

    def put(self, partition: int, key: bytes, entry: bytes) -> None:
        """Store an entry."""

    def delete(self, partition: int, key: bytes) -> None:
        """Forget an entry."""

    def sweep(self, partition: int, *, before: int, limit: int) -> list[bytes]:
        """Look at ``limit`` entries, going round; delete those last seen before a time, and return their keys."""


def handler(
    store: Store,
    *,
    partitions: int,
    ttl: int,
    committed: Callable[[Record], int],
    suppressed: Callable[[RawItem], bool] = lambda _: False,
) -> Callable[[Record], list[Output]]:
    """Return what the agent does with a record.

    Args:
        store: The entries; what changes in it goes out as a changelog record beside the output.
        partitions: Partitions of the news streams.
        ttl: Milliseconds after which an item that was not seen is forgotten.
        committed: First offset of a record's partition that may still be redelivered.
        suppressed: Says whether an item was asked to be forgotten.
    """
    taken: Counter[int] = Counter()

    def handle(record: Record) -> list[Output]:
        sighted = sight(record)
        moved = rekeyed(sighted, partitions)
        if moved is not None:
            return [moved]
        if suppressed(sighted.item):
            outputs = _forgotten(sighted, store)
        else:
            outputs = _decided(sighted, store, ttl, committed(record))
        taken[record.partition] += 1
        if taken[record.partition] % _SWEEP_EVERY == 0:
            before = record.time - ttl - _LATE_MS
            gone = store.sweep(record.partition, before=before, limit=_SWEEP_ENTRIES)
            outputs += [Output(CHANGELOG, record.partition, key, None, []) for key in gone]
        return outputs

    return handle


def _forgotten(sighted: Sighted, store: Store) -> list[Output]:
    partition, key = sighted.record.partition, sighted.item.item_id.encode()
    store.delete(partition, key)
    return [not_passed_on(sighted), Output(CHANGELOG, partition, key, None, [])]


def _decided(sighted: Sighted, store: Store, ttl: int, committed: int) -> list[Output]:
    record, key = sighted.record, sighted.item.item_id.encode()
    stored = store.get(record.partition, key)
    entry = _entry(key, stored) if stored is not None else None
    decision = judge(sighted, entry, committed=committed, ttl=ttl)
    outputs = [output(sighted, decision.outcome)]
    if decision.entry is not None:
        changed = state.encode(decision.entry)
        store.put(record.partition, key, changed)
        outputs.append(Output(CHANGELOG, record.partition, key, changed, []))
    elif entry is not None and _is_again(sighted, entry, decision):
        # The entry is stored, but nobody knows whether its changelog record ever went out.
        outputs.append(Output(CHANGELOG, record.partition, key, stored, []))
    return outputs


def _is_again(sighted: Sighted, entry: Entry, decision: Decision) -> bool:
    """Say whether this record was decided before, perhaps without its outputs going out."""
    outcome = decision.outcome
    again = outcome.again if isinstance(outcome, Accepted) else outcome.why == "redelivered"
    return again or entry.last_seen == sighted.record.time


def _entry(key: bytes, stored: bytes) -> Entry:
    try:
        return state.decode(stored)
    except msgspec.DecodeError as error:
        raise InfrastructureError(f"dedupe state of {key.decode()} is corrupt: {error}") from error
