"""The dedupe agent's shell: what goes out beside a decision, so that the changelog can be trusted."""

from __future__ import annotations

import json

from agents.dedupe import agent, state
from schemas.record import Output, Record
from schemas.times import DAY_MS
from tests.items import encoded, partition_of, raw_item

_PARTITIONS = 8
_TTL = 90 * DAY_MS
_START = 1_770_000_000_000


class Store:
    """Entries in memory; ``swept`` is what the next sweep finds expired."""

    def __init__(self) -> None:
        self.entries: dict[tuple[int, bytes], bytes] = {}
        self.swept: list[bytes] = []
        self.asked: list[tuple[int, int, int]] = []

    def get(self, partition: int, key: bytes) -> bytes | None:
        return self.entries.get((partition, key))

    def put(self, partition: int, key: bytes, entry: bytes) -> None:
        self.entries[partition, key] = entry

    def delete(self, partition: int, key: bytes) -> None:
        self.entries.pop((partition, key), None)

    def sweep(self, partition: int, *, before: int, limit: int) -> list[bytes]:
        self.asked.append((partition, before, limit))
        return self.swept


def _record(offset: int, *, number: int = 1, title: str = "A report") -> Record:
    item = raw_item(f"https://wire.example/{number}", title=title, fetched=_START + offset)
    key = item["item_id"].encode()
    return Record("news.raw", partition_of(key, _PARTITIONS), offset, key, encoded(item), [], _START + offset)


def _handle(store: Store, record: Record) -> list[Output]:
    return agent.handler(store, partitions=_PARTITIONS, ttl=_TTL, committed=lambda _: 0)(record)


def test_what_changes_in_the_store_goes_out_with_the_output() -> None:
    store = Store()
    record = _record(7)
    unique, change = _handle(store, record)
    assert (unique.stream, change.stream) == ("news.unique", agent.CHANGELOG)
    assert (change.partition, change.key) == (record.partition, record.key)
    assert change.value == store.entries[record.partition, record.key or b""]
    assert state.decode(change.value or b"").versions[0].origin.offset == 7


def test_a_repetition_changes_nothing() -> None:
    store = Store()
    _handle(store, _record(7))
    assert [output.stream for output in _handle(store, _record(9))] == ["news.duplicates"]


def test_a_redelivered_record_sends_its_entry_again() -> None:
    """Files may hold an entry whose changelog record never went out: the process died in between."""
    store = Store()
    first = _handle(store, _record(7))
    assert [(o.stream, o.value) for o in _handle(store, _record(7))] == [(o.stream, o.value) for o in first]
    _handle(store, _record(8, title="An edited report"))
    repeated, change = _handle(store, _record(5))
    assert repeated.stream == "news.duplicates"
    assert change.value == store.entries[first[0].partition, first[0].key or b""]


def test_what_a_sweep_finds_expired_is_deleted_in_the_changelog() -> None:
    store = Store()
    store.swept = [b"forgotten"]
    handle = agent.handler(store, partitions=_PARTITIONS, ttl=_TTL, committed=lambda _: 0)
    outputs = [handle(_record(offset)) for offset in range(500)]
    partition = _record(0).partition
    assert store.asked == [(partition, _START + 499 - _TTL - DAY_MS, 1_000)]
    (tombstone,) = [output for output in outputs[-1] if output.stream == agent.CHANGELOG]
    assert (tombstone.partition, tombstone.key, tombstone.value) == (partition, b"forgotten", None)


def test_what_was_asked_to_be_forgotten_is_not_passed_on_and_its_entry_goes() -> None:
    store = Store()
    _handle(store, _record(7))
    record = _record(9, title="Another report")
    handle = agent.handler(store, partitions=_PARTITIONS, ttl=_TTL, committed=lambda _: 0, suppressed=lambda _: True)
    notice, change = handle(record)
    assert (notice.stream, change.stream, change.key, change.value) == (
        "news.duplicates",
        agent.CHANGELOG,
        record.key,
        None,
    )
    said = json.loads(notice.value or b"")
    assert (said["why"], said["of_origin"]) == ("suppressed", None)
    assert "report" not in (notice.value or b"").decode()
    assert store.entries == {}
