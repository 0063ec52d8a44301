"""Is this raw record a new item, a new version of one, or a repetition?

The trap here is the crash between "seen" and "sent": where an item is stored as seen and the process dies before its
output is out, the redelivered record must not be dropped as a duplicate, it would be lost. So an entry keeps the
versions it accepted, each with the raw record it came from (its origin):

* an origin that is listed is sent again exactly as it was;
* an origin at or below the item's last accepted one, but not listed, is a redelivered duplicate, never an edit;
* anything else is compared with the version that stands: same content is a duplicate, other content an edit.

A record that is tried again from a dead letter was never accepted, however many later ones were: it is passed on as new
where it is older than the version that stands, which goes on standing.

Redelivery can start several versions back, so versions are kept until their origin is committed. Expiry is pairwise,
by record time: a replay decides as the live pipe did, whenever it runs.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from schemas.enriched import Supersedes
from schemas.record import Position
from schemas.times import DAY_MS

_FOREIGN_KEPT = 16


class Version(Struct, frozen=True, array_like=True):
    """A version of an item that was passed on."""

    origin: Position
    content_hash: str
    fetched: str
    supersedes: Supersedes | None


class Entry(Struct, frozen=True, array_like=True):
    """What is known of one item.

    Attributes:
        versions: Accepted versions in order of acceptance; the last one stands.
        last_seen: Record time, in milliseconds, of the last sighting; refreshed at most once a day by duplicates, so
            that a repeated item does not write state each time.
    """

    versions: tuple[Version, ...]
    last_seen: int


class Sighting(Struct, frozen=True):
    """One raw record, as far as this decision looks at it."""

    origin: Position
    content_hash: str
    fetched: str
    time: int
    """Record time, milliseconds since the epoch."""
    retried: bool = False
    """It is tried again from a dead letter."""


class Accepted(Struct, frozen=True):
    """Pass the record on."""

    reason: Literal["new", "edited"]
    supersedes: Supersedes | None
    again: bool
    """The record was accepted before and is sent again, exactly as it was."""


class Repeated(Struct, frozen=True):
    """Do not pass the record on: it repeats ``of``."""

    of: Position
    why: Literal["same-content", "redelivered"]


class Decision(Struct, frozen=True):
    """The outcome, and the entry to store; None leaves the stored one as it is."""

    outcome: Accepted | Repeated
    entry: Entry | None


def decide(entry: Entry | None, sighting: Sighting, *, committed: Position, ttl: int) -> Decision:
    """Decide about one raw record.

    Args:
        entry: What is stored for the item, if anything.
        sighting: The record.
        committed: The partition the record was read from, and its first offset that is not committed: nothing below
            it can be redelivered, so versions from below it need not be kept.
        ttl: Milliseconds of record time after which an item that was not seen is forgotten.
    """
    if entry is not None and sighting.time - entry.last_seen > ttl:
        entry = None
    if entry is None:
        first = Version(sighting.origin, sighting.content_hash, sighting.fetched, None)
        return Decision(Accepted("new", None, again=False), Entry((first,), sighting.time))

    for version in entry.versions:
        if version.origin == sighting.origin:
            reason: Literal["new", "edited"] = "new" if version.supersedes is None else "edited"
            return Decision(Accepted(reason, version.supersedes, again=True), None)

    standing = entry.versions[-1]
    late = sighting.retried and sighting.fetched < standing.fetched
    if late and sighting.content_hash != standing.content_hash:
        return Decision(Accepted("new", None, again=False), None)
    if not sighting.retried and sighting.origin.offset <= max(
        (v.origin.offset for v in entry.versions if v.origin.partition == sighting.origin.partition),
        default=-1,
    ):
        return Decision(Repeated(standing.origin, "redelivered"), None)

    if sighting.content_hash == standing.content_hash:
        stale = sighting.time - entry.last_seen > DAY_MS
        return Decision(
            Repeated(standing.origin, "same-content"), Entry(entry.versions, sighting.time) if stale else None
        )

    supersedes = Supersedes(fetched=standing.fetched, content_hash=standing.content_hash, origin=str(standing.origin))
    edited = Version(sighting.origin, sighting.content_hash, sighting.fetched, supersedes)
    versions = (*_still_needed(entry.versions, committed), edited)
    return Decision(Accepted("edited", supersedes, again=False), Entry(versions, max(sighting.time, entry.last_seen)))


def _still_needed(versions: tuple[Version, ...], committed: Position) -> tuple[Version, ...]:
    """Drop the versions that no redelivery can ask for again.

    The standing version is dropped too once committed: its successor says what it superseded. A re-keyed record has
    its origin in another partition, whose commits this worker does not see: of those the last few are kept.
    """
    foreign = [v.origin for v in versions if v.origin.partition != committed.partition][-_FOREIGN_KEPT:]
    return tuple(
        v
        for v in versions
        if (v.origin.partition == committed.partition and v.origin.offset >= committed.offset) or v.origin in foreign
    )
