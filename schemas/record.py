"""A record read from a stream, and one to be written: what the steps take and give, without Kafka."""

from __future__ import annotations

from msgspec import Struct

from schemas.envelope import Headers
from schemas.errors import DataError

_LONGEST = 40


class Position(Struct, frozen=True, array_like=True):
    """A partition and offset of news.raw; as text, ``partition:offset``."""

    partition: int
    offset: int

    def __str__(self) -> str:
        """Return the form used in headers and events."""
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, carried: bytes) -> Position:
        """Read the form used in headers.

        Raises:
            DataError: ``wrong-origin``.
        """
        text = carried.decode("ascii", "replace")
        partition, colon, offset = text.partition(":")
        if len(text) > _LONGEST or not (colon and partition.isdecimal() and offset.isdecimal()):
            raise DataError("wrong-origin", f"origin is not partition:offset: {text[:40]!r}")
        return cls(int(partition), int(offset))


class Record(Struct, frozen=True):
    """A record as it was read.

    Attributes:
        stream: Name in the stream table.
        partition: Partition it was read from.
        offset: Offset in the partition.
        key: Key, None where it has none.
        value: Value, None for a tombstone.
        headers: Headers in order.
        time: Record time in milliseconds since the epoch.
    """

    stream: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    time: int


class Output(Struct, frozen=True):
    """A record to be written.

    Attributes:
        stream: Name in the stream table.
        partition: Everything downstream of raw keeps the partition number.
        key: Key.
        value: Value.
        headers: Headers in order.
        time: Record time in milliseconds; None where the broker's time is used.
    """

    stream: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    time: int | None = None
