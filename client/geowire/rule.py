"""A consumer's rule: per item the greatest (fetched, generation) stands; the same id again is a repetition.

Records come at least once, and not always in the order of (fetched, generation): after a crash some come again, and a
promoted replay publishes new decisions about old versions. Who keeps a filter has one thing more to see to: a version
that no longer passes takes the place of one that did.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

MOST = 500_000
"""Items whose versions are remembered in memory; some 150 MB."""

Verdict = Literal["keep", "gone"]


class Version(Struct, frozen=True):
    """A version of an item.

    Attributes:
        fetched: When it was fetched.
        generation: Generation of knowledge and rules that decided.
        id: Id of the event.
        given: Whether it passed the filter, so that whoever asked has it.
    """

    fetched: str
    generation: int
    id: str
    given: bool


class Versions(Protocol):
    """What is known of items: the newest version of each."""

    complete: bool
    """Whether an item that is not known was never given."""

    def get(self, item_id: str) -> Version | None:
        """Return the newest version of an item, None where nothing is known."""

    def save(self, versions: Mapping[str, Version], positions: Mapping[int, int]) -> None:
        """Keep versions, and how far the partitions were read when these were the newest."""

    def close(self) -> None:
        """Let go of what is held."""


def stands(old: Version, new: Version) -> bool:
    """Whether the version that is known stands: the other is a repetition of it, or of an earlier one."""
    return new.id == old.id or (new.fetched, new.generation) < (old.fetched, old.generation)


def judge(new: Version, old: Version | None, *, reason: str, complete: bool) -> Verdict | None:
    """Say what an event that takes the place of what is known means to whoever keeps the items that pass a filter.

    Args:
        new: The event; ``given``: whether it passes the filter.
        old: The newest version that was known of the item.
        reason: The event's.
        complete: Whether an item that is not known was never given.

    Returns:
        ``keep``: it takes the place of what is kept of the item. ``gone``: the item is to be dropped. None: nothing.
    """
    if new.given and reason != "withdrawn":
        return "keep"
    had = old.given if old is not None else not complete and reason != "new"
    return "gone" if had else None


class InMemory:
    """The newest versions of as many items as fit; of others it is not known whether they were given."""

    complete = False

    def __init__(self) -> None:
        """Prepare."""
        self._versions: OrderedDict[str, Version] = OrderedDict()

    def get(self, item_id: str) -> Version | None:
        """Return the newest version of an item, None where nothing is known."""
        return self._versions.get(item_id)

    def save(self, versions: Mapping[str, Version], positions: Mapping[int, int]) -> None:  # noqa: ARG002
        """Keep versions."""
        for item_id, version in versions.items():
            self._versions[item_id] = version
            self._versions.move_to_end(item_id)
        while len(self._versions) > MOST:
            self._versions.popitem(last=False)

    def close(self) -> None:
        """Let go of nothing."""


class OnDisk:
    """The newest version of every item, and how far the partitions were read, in one SQLite file."""

    complete = True

    def __init__(self, path: Path, stream: str) -> None:
        """Open or make the file.

        Raises:
            ValueError: It belongs to another stream.
        """
        self._file = sqlite3.connect(path)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.executescript(
            """
            CREATE TABLE IF NOT EXISTS stream (name TEXT PRIMARY KEY);
            CREATE TABLE IF NOT EXISTS positions (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL);
            CREATE TABLE IF NOT EXISTS versions (item_id TEXT PRIMARY KEY, fetched TEXT NOT NULL,
                generation INTEGER NOT NULL, id TEXT NOT NULL, given INTEGER NOT NULL) WITHOUT ROWID;
            """
        )
        (of,) = self._file.execute("SELECT coalesce(max(name), '') FROM stream").fetchone()
        if of not in {"", stream}:
            self._file.close()
            raise ValueError(f"{path} holds the state of {of}, not of {stream}: give each subscription its own file")
        self._file.execute("INSERT OR IGNORE INTO stream VALUES (?)", (stream,))
        self._file.commit()

    def positions(self) -> dict[int, int]:
        """Return how far the partitions were read: the next offset of each."""
        return dict(self._file.execute("SELECT partition, next FROM positions").fetchall())

    def get(self, item_id: str) -> Version | None:
        """Return the newest version of an item, None where it has none."""
        row = self._file.execute(
            "SELECT fetched, generation, id, given FROM versions WHERE item_id = ?", (item_id,)
        ).fetchone()
        return Version(row[0], row[1], row[2], bool(row[3])) if row else None

    def save(self, versions: Mapping[str, Version], positions: Mapping[int, int]) -> None:
        """Keep versions and positions, both or neither."""
        with self._file:
            self._file.executemany(
                "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?)",
                [(item, v.fetched, v.generation, v.id, v.given) for item, v in versions.items()],
            )
            self._file.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?)", list(positions.items()))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
