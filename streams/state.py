"""What dedupe knows of each item, on this worker's disk: RocksDB in front of the changelog.

The changelog is the truth. An entry is written here when it is decided, its changelog record goes out with the other
outputs, and the place up to which the changelog is known to hold everything is noted when the broker acknowledged it.
What is here beyond that place belongs to records whose offsets are not committed: they come again, and find themselves.

There is no write-ahead log: after a kill -9 the files are those of a moment before, place and entries alike, and the
rest is read from the changelog. Files that cannot be used (corrupt, of another changelog, older than the changelog
remembers deletions) are deleted, and all is read from there.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

import msgspec
from msgspec import Struct
from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteOptions

from agents.dedupe import state as entries
from agents.dedupe.agent import CHANGELOG
from schemas.errors import ConfigError, InfrastructureError

log = logging.getLogger(__name__)

_PARTITION = struct.Struct(">H")
_PLACES = b"\xff\xffplace"
"""Behind all partitions' keys."""
_SLOTS = 64
_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
"""May be over when the process is started again, unlike a directory that is not ours."""
_MIB = 1024 * 1024


class Place(Struct, frozen=True, array_like=True):
    """How far a partition's entries follow its changelog.

    Attributes:
        next: First changelog offset that may not be in here.
        noted: When this was so, seconds since the epoch.
    """

    next: int
    noted: float


P = ParamSpec("P")
R = TypeVar("R")


def _on_disk(call: Callable[P, R]) -> Callable[P, R]:
    """Have a failing disk end the process: it says nothing about the record that is being worked on."""

    @wraps(call)
    def called(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return call(*arguments, **options)
        except Exception as error:
            if type(error) is Exception:  # what rocksdict raises, whatever it is
                raise InfrastructureError(f"the state on disk cannot be read or written: {error}") from error
            raise

    return called


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[int, Place])


class State:
    """The entries of a worker's partitions."""

    def __init__(self, directory: Path) -> None:
        """Open the first state directory that no other worker on this machine uses.

        Args:
            directory: Where workers of this pipe keep their state; each takes a numbered directory below it.

        Raises:
            ConfigError: The directory cannot be written.
            InfrastructureError: The disk is full, or fails.
        """
        self._lock, self.path = _take(directory)
        try:
            self._db = _open(self.path / "rocksdb")
        except InfrastructureError:
            self._lock.close()
            raise
        found = self._db.get(_PLACES)
        self._places: dict[int, Place] = _decoder.decode(found) if found else {}
        self._cursors: dict[int, bytes] = {}

    @_on_disk
    def get(self, partition: int, key: bytes) -> bytes | None:
        """Return the entry of an item, or None."""
        found: bytes | None = self._db.get(_PARTITION.pack(partition) + key)
        return found

    @_on_disk
    def put(self, partition: int, key: bytes, entry: bytes) -> None:
        """Store the entry of an item."""
        self._db.put(_PARTITION.pack(partition) + key, entry)

    @_on_disk
    def delete(self, partition: int, key: bytes) -> None:
        """Forget an item."""
        self._db.delete(_PARTITION.pack(partition) + key)

    def place(self, partition: int) -> Place | None:
        """Return how far a partition follows its changelog; None where nothing of it is here."""
        return self._places.get(partition)

    def acknowledged(self, partition: int, offset: int) -> None:
        """Note that the broker has the changelog up to an offset; ``save`` makes it last."""
        self._places[partition] = Place(offset + 1, time.time())

    @_on_disk
    def save(self) -> None:
        """Note in the files how far they follow the changelog."""
        self._db.put(_PLACES, _encoder.encode(self._places))

    @_on_disk
    def recovered(self, partition: int, records: list[tuple[bytes, bytes | None]], following: int) -> list[bytes]:
        """Take over records of a partition's changelog.

        Args:
            partition: The partition.
            records: Key and entry of each, None where the item was forgotten.
            following: Offset behind the last of them.

        Returns:
            Keys of what is no entry; a later record may put it right.
        """
        prefix = _PARTITION.pack(partition)
        batch = WriteBatch(raw_mode=True)
        for key, entry in records:
            if entry is None:
                batch.delete(prefix + key)
            else:
                batch.put(prefix + key, entry)
        self._db.write(batch)
        self._places[partition] = Place(following, time.time())
        return [key for key, entry in records if entry is not None and _fault(entry)]

    def check(self, partition: int, key: bytes) -> None:
        """Make sure that what is stored for an item is an entry, if anything.

        Raises:
            InfrastructureError: It is none; says how to take it out.
        """
        entry = self.get(partition, key)
        fault = _fault(entry) if entry is not None else None
        if fault is not None:
            item = key.decode("utf-8", "replace")
            raise InfrastructureError(
                f"the dedupe changelog holds no entry but something else for {item} in partition {partition}: {fault}. "
                f"`geowire streams tombstone {CHANGELOG} {item} --partition {partition}` takes it out; the item is "
                "new when it comes again"
            )

    @_on_disk
    def drop(self, partition: int) -> None:
        """Delete everything of a partition: it will be read from the changelog."""
        prefix = _PARTITION.pack(partition)
        self._db.delete_range(prefix, _PARTITION.pack(partition + 1))
        self._places.pop(partition, None)
        self.save()

    @_on_disk
    def sweep(self, partition: int, *, before: int, limit: int) -> list[bytes]:
        """Look at some entries of a partition, going round; delete and return those not seen since a time.

        Args:
            partition: The partition.
            before: Milliseconds since the epoch, in record time.
            limit: Entries to look at.
        """
        prefix = _PARTITION.pack(partition)
        iterator = self._db.iter()
        iterator.seek(self._cursors.get(partition, prefix))
        expired = []
        for _ in range(limit):
            key = iterator.key() if iterator.valid() else None
            if key is None or not key.startswith(prefix):
                self._cursors.pop(partition, None)
                break
            if entries.decode(iterator.value()).last_seen < before:
                expired.append(key)
            iterator.next()
            self._cursors[partition] = key
        for key in expired:
            self._db.delete(key)
        return [key[len(prefix) :] for key in expired]

    def count(self, partition: int) -> int:
        """Count a partition's entries, by looking at all of them."""
        return sum(1 for _ in self._keys(partition))

    def estimate(self) -> int:
        """Return about how many entries there are; overwritten and deleted ones may still count."""
        return self._db.property_int_value("rocksdb.estimate-num-keys") or 0

    def _keys(self, partition: int) -> Iterator[bytes]:
        prefix = _PARTITION.pack(partition)
        iterator = self._db.iter()
        iterator.seek(prefix)
        while iterator.valid() and (key := iterator.key()).startswith(prefix):
            yield key
            iterator.next()

    def close(self) -> None:
        """Write everything to the files, and give the directory free.

        Where the disk does not take it, nothing is lost: the next worker reads it from the changelog.
        """
        for last in (self.save, self._db.flush, self._db.close):
            try:
                last()
            except Exception as error:  # noqa: BLE001 - rocksdict raises Exception itself
                log.warning("state in %s is not complete, the changelog is: %s", self.path, error)
        self._lock.close()


def _take(directory: Path) -> tuple[IO[str], Path]:
    for number in range(_SLOTS):
        path = directory / f"state-{number}"
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = (path / "lock").open("w")
        except OSError as error:
            if error.errno in _DISK_TROUBLE:
                raise InfrastructureError(f"cannot write to the data directory: {error}") from error
            raise ConfigError(f"cannot write to the data directory: {error}; set GEOWIRE_DATA_DIR") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return lock, path
    raise ConfigError(f"{_SLOTS} workers use {directory} already; set GEOWIRE_DATA_DIR to another directory")


def _open(path: Path) -> Rdict:
    try:
        return _database(path)
    except Exception as error:  # noqa: BLE001 - rocksdict raises Exception itself
        log.warning("state in %s cannot be used (%s): deleting it, the changelog has everything", path, error)
        shutil.rmtree(path, ignore_errors=True)
    try:
        return _database(path)
    except Exception as error:  # as above
        raise InfrastructureError(f"no state can be kept in {path}: {error}") from error


def _database(path: Path) -> Rdict:
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003 - its only argument
    # Measured with a million entries of 81 bytes: 57 MB of memory, 7 µs to read one, 1 µs to find that there is none.
    # Filters and indexes must stay in memory: kept in the block cache they are read from disk over and over (100 µs).
    options.set_write_buffer_size(8 * _MIB)
    options.set_max_write_buffer_number(3)
    options.set_max_open_files(256)
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(24 * _MIB))
    blocks.set_bloom_filter(10, block_based=False)
    options.set_block_based_table_factory(blocks)
    database = Rdict(str(path), options)
    writing = WriteOptions()
    writing.disable_wal = True  # type: ignore[method-assign, assignment]  # a property; the stubs are wrong
    database.set_write_options(writing)
    return database


def _fault(entry: bytes) -> str | None:
    try:
        entries.decode(entry)
    except msgspec.DecodeError as error:
        return str(error)
    return None
