"""What an audit speaks of: outcomes as they are read from the headers of a record, faults, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from schemas.envelope import FORGET, ORIGIN, REPLAY
from schemas.errors import DataError
from schemas.record import Position
from streams.table import DEAD_LETTER, DUPLICATES, ENRICHED, RAW

Kind = Literal["enriched", "duplicate", "letter"]
FaultKind = Literal["missing", "unexpected", "contradicting"]
State = Literal["enriched", "duplicates", "letters", "under_way", "outcome_expired", "missing", "contradicting"]

EXAMPLES = 20
"""Faults of a kind that are reported with their place; all are counted."""

_FEEDS = b"/feeds/"
_DIGITS = 10

OUTCOMES: dict[str, Kind] = {DEAD_LETTER.name: "letter", DUPLICATES.name: "duplicate", ENRICHED.name: "enriched"}


class Place(Struct, frozen=True):
    """Where a record stands."""

    stream: str
    partition: int
    offset: int


class Outcome(Struct, frozen=True):
    """One record of an outcome stream, by its headers.

    Attributes:
        kind: What it says became of its origin.
        place: Where it stands.
        origin: The raw record it was made from; None where it names none.
        id: Its ``ce_id``: equal where the same decision was sent again.
        generation: Generation that decided, for enriched events.
        follow_up: An enriched event that replaces an earlier one on purpose: of a promotion, or of ``geowire forget``.
        of: For duplicates: the raw record that it repeats.
        redelivered: For duplicates: it was read again after later ones of its item, as when offsets were set back, or
            after the item was forgotten.
        refused: For dead letters: the record that was refused.
        feed: Id of the feed, where it says so.
    """

    kind: Kind
    place: Place
    origin: Position | None
    id: bytes = b""
    generation: int = 0
    follow_up: bool = False
    of: Position | None = None
    redelivered: bool = False
    refused: Place | None = None
    feed: str | None = None


class Fault(Struct, frozen=True):
    """Something that cannot be, and the record that shows it."""

    kind: FaultKind
    place: Place
    origin: str | None
    feed: str | None
    detail: str


class Row(Struct):
    """Origins of a feed, or of all. ``origins`` is the sum of the seven states below it."""

    origins: int = 0
    enriched: int = 0
    duplicates: int = 0
    letters: int = 0
    under_way: int = 0
    outcome_expired: int = 0
    missing: int = 0
    contradicting: int = 0
    retried: int = 0
    """Of these: had a dead letter, was sent again, and has another outcome now."""
    sent_again: int = 0
    """Of these: the same outcome came more than once, as after a crash."""
    redecided: int = 0
    """Of these: decided anew by another generation, or replaced on purpose."""


class Report(Struct, frozen=True, kw_only=True):
    """What an audit found.

    Attributes:
        total: All origins.
        feeds: The same by feed id.
        rekeyed: Raw records that are not origins: others, written again under their right key or by a retry.
        expired: Outcomes whose raw record is no longer kept.
        unexpected: Outcomes whose raw record never was.
        refused: Items that the poller refused; they never came onto news.raw.
        unclustered: Signatures that cluster refused: their items are in no story.
        faults: Examples, at most ``EXAMPLES`` of each kind.
    """

    total: Row
    feeds: dict[str, Row]
    rekeyed: int
    expired: int
    unexpected: int
    refused: int
    unclustered: int
    faults: tuple[Fault, ...]

    @property
    def complete(self) -> bool:
        """Whether every origin that is not under way has exactly one outcome, as far as that can still be known."""
        return not (self.total.missing or self.total.contradicting or self.unexpected)


def is_refusal(headers: Mapping[str, bytes]) -> bool:
    """Say whether a letter is the poller's: what it is about never came onto news.raw."""
    return headers.get("dlq_stage") == b"poll"


def is_of_cluster(headers: Mapping[str, bytes]) -> bool:
    """Say whether a letter is cluster's: the item it is about has an outcome besides."""
    return headers.get("dlq_stage") == b"cluster"


class _Notice(Struct):
    """What the headers of a duplicate notice lack."""

    of_origin: str | None = None
    why: str = ""


_notices = msgspec.json.Decoder(_Notice)
_NO_NOTICE = _Notice()


def _notice(value: bytes | None) -> _Notice:
    try:
        return _notices.decode(value or b"")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _NO_NOTICE


def outcome_of(place: Place, headers: Mapping[str, bytes], value: bytes | None = None) -> Outcome:
    """Read a record of an outcome stream.

    A letter names as origin what the refused record named. Where just that was what it was refused for, the letter is
    the outcome of the refused record itself.

    Args:
        place: Where it stands, the stream by its name in the table.
        headers: Its headers, the last of each name.
        value: Its value, which only a duplicate is asked for.
    """
    kind = OUTCOMES[place.stream]
    origin = position(headers.get(ORIGIN))
    refused = None
    if kind == "letter":
        refused = _refused(headers)
        if refused is not None and (origin is None or headers.get("dlq_code") == b"wrong-origin"):
            origin = _itself(refused, origin)
    notice = _notice(value) if kind == "duplicate" else _NO_NOTICE
    generation = headers.get("ce_generation", b"")
    return Outcome(
        kind=kind,
        place=place,
        origin=origin,
        id=headers.get("ce_id", b""),
        generation=int(generation) if generation.isdigit() and len(generation) < _DIGITS else 0,
        follow_up=kind == "enriched"
        and (REPLAY in headers or FORGET in headers or headers.get("ce_reason") == b"reprocessed"),
        of=position(notice.of_origin.encode("utf-8", "replace")) if notice.of_origin else None,
        redelivered=notice.why in ("redelivered", "suppressed"),
        refused=refused,
        feed=feed_of(headers),
    )


def position(carried: bytes | None) -> Position | None:
    """Return the origin that a header carries; None where there is none, or it is no position."""
    if carried is None:
        return None
    try:
        return Position.parse(carried)
    except DataError:
        return None


def feed_of(headers: Mapping[str, bytes]) -> str | None:
    """Return the feed that ``ce_source`` names."""
    source = headers.get("ce_source", b"")
    if not source.startswith(_FEEDS):
        return None
    return unquote(source[len(_FEEDS) :].decode("ascii", "replace")) or None


def _refused(headers: Mapping[str, bytes]) -> Place | None:
    stream = headers.get("dlq_stream", b"").decode("utf-8", "replace")
    place = position(headers.get("dlq_partition", b"") + b":" + headers.get("dlq_offset", b""))
    return Place(stream, place.partition, place.offset) if stream and place else None


def _itself(refused: Place, origin: Position | None) -> Position | None:
    """Return the origin of a record that was refused for its origin header."""
    at = Position(refused.partition, refused.offset)
    if refused.stream == RAW.name:
        return at
    # On news.unique the letter says the record's own place where no origin was given; it has none then.
    return None if origin == at else origin
