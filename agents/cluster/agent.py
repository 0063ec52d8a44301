"""The cluster agent: news.signatures → news.stories. One partition by design; who has it has all of the window."""

from __future__ import annotations

from collections.abc import Mapping

from agents.cluster.resume import resume
from agents.cluster.route import change_outputs, told_since
from agents.cluster.state import decoded
from agents.cluster.stories import Stories
from schemas.envelope import ORIGIN, SIGNATURE_TYPE, check_type, header
from schemas.errors import DataError
from schemas.record import Output, Position, Record
from schemas.signature import decode_signature

LATENESS = 86_400_000
"""How much later than others a signature may come and still meet what it is like, milliseconds of stream time."""


class Cluster:
    """What the agent knows, and what it does with a record."""

    def __init__(self, window: int) -> None:
        """Begin without a state: ``take_over`` gives it one.

        Args:
            window: How far apart in time copies may be, milliseconds.
        """
        self._window = window
        self._next = -1
        self._pending: list[Output] = []
        self.stories = self._empty()

    def follows(self, offset: int) -> bool:
        """Whether the state is that before the record at an offset: not so after the partition was elsewhere."""
        return offset == self._next

    def forget(self) -> None:
        """Drop the state: it is taken over anew with the next record."""
        self._next = -1
        self.stories = self._empty()

    def take_over(self, stored: Mapping[bytes, tuple[int, bytes]], offset: int) -> None:
        """Go on from what is stored with the record at an offset: nothing from there on counts as told.

        Args:
            stored: Changelog offset and value of each entry, by key.
            offset: The record of news.signatures that comes next.

        Raises:
            InfrastructureError: Something is stored that is no entry.
        """
        self.stories = self._empty()
        changes = resume(self.stories, decoded(stored), at=offset)
        self._pending = [
            *change_outputs(self.stories, changes),
            *told_since(self.stories, offset),
        ]
        self._next = offset

    def handle(self, record: Record) -> list[Output]:
        """Return what a signature changes.

        Raises:
            DataError: It is no signature of this version.
        """
        self._next = record.offset + 1
        outputs, self._pending = self._pending, []
        try:
            check_type(record.headers, SIGNATURE_TYPE)
            signature = decode_signature(record.value)
            origin = _origin(record)
            changes = self.stories.apply(signature, at=record.offset, origin=str(origin), origin_offset=origin.offset)
        except DataError:
            self._pending = outputs
            raise
        return [*outputs, *change_outputs(self.stories, changes)]

    def _empty(self) -> Stories:
        return Stories(window=self._window, kept=self._window + LATENESS)


def _origin(record: Record) -> Position:
    carried = header(record.headers, ORIGIN)
    if carried is None:
        raise DataError("wrong-origin", "a record of news.signatures needs the header origin")
    return Position.parse(carried)
