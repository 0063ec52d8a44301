"""Dedupe state on disk: entries by partition, the place in the changelog, files that cannot be used."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.dedupe import state as entries
from agents.dedupe.decide import Entry, Version
from schemas.errors import ConfigError, InfrastructureError
from schemas.record import Position
from streams.state import State
from tests.chaos.parts import SmallDisk


def _entry(number: int = 0, *, seen: int = 1_770_000_000_000) -> bytes:
    return entries.encode(Entry((Version(Position(0, number), "c", "2026-02-18T09:30:00.000Z", None),), seen))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State(tmp_path)
    yield opened
    opened.close()


def test_entries_are_kept_by_partition(state: State) -> None:
    state.put(1, b"item", b"one")
    state.put(2, b"item", b"two")
    assert (state.get(0, b"item"), state.get(1, b"item"), state.get(2, b"item")) == (None, b"one", b"two")
    state.delete(1, b"item")
    assert (state.get(1, b"item"), state.get(2, b"item")) == (None, b"two")
    state.drop(2)
    assert state.get(2, b"item") is None


def test_entries_and_place_are_there_after_a_stop(tmp_path: Path) -> None:
    first = State(tmp_path)
    first.put(3, b"item", b"entry")
    first.acknowledged(3, 41)
    first.close()
    second = State(tmp_path)
    place = second.place(3)
    assert second.get(3, b"item") == b"entry"
    assert place is not None
    assert place.next == 42
    assert second.place(4) is None
    second.close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from streams.state import State
state = State(Path(sys.argv[1]))
for number in range(50_000):
    state.put(0, b"item-%d" % number, os.urandom(1_000))
    state.acknowledged(0, number)
    if number % 100 == 99:
        state.save()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_after_a_kill_nothing_in_front_of_the_place_is_missing(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    assert ran.returncode == -signal.SIGKILL
    state = State(tmp_path)
    place = state.place(0)
    assert place is not None, "50 MB are more than is held back"
    assert 0 < place.next < 50_000, "what was written last is not in the files"
    assert all(state.get(0, b"item-%d" % number) is not None for number in range(place.next))
    state.close()


def test_two_workers_on_one_machine_have_state_of_their_own(tmp_path: Path) -> None:
    first, second = State(tmp_path), State(tmp_path)
    assert first.path != second.path
    second.close()
    third = State(tmp_path)
    assert third.path == second.path, "what a stopped worker left is gone on with"
    first.close()
    third.close()


def test_files_that_cannot_be_read_are_deleted(tmp_path: Path) -> None:
    first = State(tmp_path)
    first.put(0, b"item", b"entry")
    first.acknowledged(0, 1)
    first.close()
    for file in (first.path / "rocksdb").glob("MANIFEST*"):
        file.write_bytes(b"no manifest")
    second = State(tmp_path)
    assert second.get(0, b"item") is None
    assert second.place(0) is None
    second.close()


def test_a_file_in_the_way_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "worker").write_text("a file")
    with pytest.raises(ConfigError, match="GEOWIRE_DATA_DIR"):
        State(tmp_path / "worker")


def test_recovered_records_replace_and_delete(state: State) -> None:
    state.put(0, b"b", _entry(1))
    state.recovered(0, [(b"a", _entry(2)), (b"b", None), (b"a", _entry(3))], 17)
    assert state.get(0, b"a") == _entry(3)
    assert state.get(0, b"b") is None
    place = state.place(0)
    assert place is not None
    assert place.next == 17


@pytest.mark.parametrize("value", [b"no entry", b"", entries._encoder.encode((99, None))])
def test_a_record_that_is_no_entry_names_its_item_unless_it_is_put_right(state: State, value: bytes) -> None:
    assert state.recovered(5, [(b"the-item", value), (b"another", _entry())], 2) == [b"the-item"]
    with pytest.raises(InfrastructureError, match=r"the-item .* partition 5.*geowire streams tombstone"):
        state.check(5, b"the-item")
    state.recovered(5, [(b"the-item", None)], 3)
    state.check(5, b"the-item")


def test_a_sweep_goes_round_and_takes_what_is_old(state: State) -> None:
    for number in range(10):
        state.put(0, b"item-%d" % number, _entry(seen=number))
        state.put(1, b"item-%d" % number, _entry(seen=0))
    swept = [state.sweep(0, before=5, limit=4) for _ in range(4)]
    assert [len(keys) for keys in swept[:2]] == [4, 1]
    assert sorted(key for keys in swept for key in keys) == [b"item-%d" % number for number in range(5)]
    assert state.count(0) == 5
    assert state.count(1) == 10, "the other partition is another sweep's"


def test_a_full_disk_is_an_outage_and_no_fault_of_a_record(tmp_path: Path) -> None:
    """As a dead letter each record would be lost for as long as the disk is full."""
    disk = SmallDisk(tmp_path, 12)
    if disk.missing:
        pytest.skip(disk.missing)
    try:
        state = State(tmp_path)
        disk.fill()

        def write() -> None:
            for number in range(1_000_000):
                state.put(0, b"item-%036d" % number, bytes(60))

        with pytest.raises(InfrastructureError, match="No space left"):
            write()
        with pytest.raises(InfrastructureError, match="No space left"):
            State(tmp_path)
        state.close()
        disk.free()
        State(tmp_path).close()
    finally:
        disk.unmount()
