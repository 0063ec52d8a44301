"""One raw record → where it goes: news.unique, news.duplicates, back to news.raw under its right key, dead letters.

Pure: what is known of the item comes in, what is to be stored and sent comes out.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from agents.dedupe.decide import Accepted, Decision, Entry, Repeated, Sighting, decide
from agents.identity.ids import duplicate_event_id, raw_event_id
from agents.identity.partitions import partition_of
from schemas.codec import decode, encode
from schemas.duplicate import Duplicate
from schemas.envelope import (
    DUPLICATE_TYPE,
    FORGET,
    ORIGIN,
    RAW_TYPE,
    RETRY,
    SUPERSEDES,
    TRACEPARENT,
    UNIQUE_TYPE,
    Headers,
    check_type,
    cloudevent,
    header,
    traceparent,
)
from schemas.errors import DataError
from schemas.raw import RawItem
from schemas.record import Output, Position, Record
from schemas.times import to_milliseconds

MAX_AHEAD_MS = 300_000
"""How far a fetch time may lie ahead of the record's own time."""

_raw_decoder = msgspec.json.Decoder(RawItem)


class Sighted(Struct, frozen=True):
    """A raw record that can be processed: decoded, validated, its origin known."""

    record: Record
    item: RawItem
    origin: Position


def sight(record: Record) -> Sighted:
    """Decode and check a raw record.

    Raises:
        DataError: It is not a raw item of this version, or its times are impossible.
    """
    check_type(record.headers, RAW_TYPE)
    item = decode(_raw_decoder, record.value)
    ahead = to_milliseconds(item.fetched) - record.time
    if ahead > MAX_AHEAD_MS:
        raise DataError(
            "fetched-ahead",
            f"fetched {item.fetched} is {ahead // 1000} s ahead of the record's own time: a clock is wrong",
        )
    carried = header(record.headers, ORIGIN)
    return Sighted(record, item, Position.parse(carried) if carried else Position(record.partition, record.offset))


def rekeyed(sighted: Sighted, partitions: int) -> Output | None:
    """Return the record under its right key and partition, or None where it has them.

    A producer with another partitioner, or without a key, puts an item where its versions do not meet. It is written
    to news.raw once more, with the origin it has, and processed there.

    Raises:
        DataError: It was re-keyed before and is still in the wrong place: its origin header is not ours.
    """
    record = sighted.record
    key = sighted.item.item_id.encode()
    partition = partition_of(key, partitions)
    if record.key == key and record.partition == partition:
        return None
    if header(record.headers, ORIGIN) is not None:
        raise DataError("wrong-origin", "the record carries an origin header but is not in its item's partition")
    headers = [*record.headers, (ORIGIN, str(sighted.origin).encode())]
    return Output("news.raw", partition, key, record.value, headers, record.time)


def judge(sighted: Sighted, entry: Entry | None, *, committed: int, ttl: int) -> Decision:
    """Decide about the item; see ``agents.dedupe.decide``."""
    sighting = Sighting(
        origin=sighted.origin,
        content_hash=sighted.item.content_hash,
        fetched=sighted.item.fetched,
        time=sighted.record.time,
        retried=header(sighted.record.headers, RETRY) is not None,
    )
    return decide(entry, sighting, committed=Position(sighted.record.partition, committed), ttl=ttl)


def output(sighted: Sighted, outcome: Accepted | Repeated) -> Output:
    """Return the record that the decision sends."""
    if isinstance(outcome, Accepted):
        return _unique(sighted, outcome)
    return _notice(sighted, duplicate(sighted, outcome), [])


def _unique(sighted: Sighted, accepted: Accepted) -> Output:
    record, item = sighted.record, sighted.item
    headers: Headers = cloudevent(
        type=UNIQUE_TYPE,
        id=raw_event_id(item.item_id, item.fetched, item.content_hash),
        source=item.feed.id,
        time=item.fetched,
        subject=item.item_id,
    )
    headers += [("ce_reason", accepted.reason.encode()), *_trail(sighted, "dedupe")]
    if accepted.supersedes is not None:
        headers.append((SUPERSEDES, encode(accepted.supersedes)))
    # The value goes on byte for byte: nothing is lost that this version of geowire does not know.
    return Output("news.unique", record.partition, record.key, record.value, headers, record.time)


def suppressed(sighted: Sighted) -> Output:
    """Return the record that says that an item is not passed on, because it was asked to be forgotten."""
    return _notice(sighted, _duplicate(sighted, of=None, why="suppressed"), [(FORGET, b"1")])


def duplicate(sighted: Sighted, repeated: Repeated) -> Duplicate:
    """Return the notice that a raw record repeats another."""
    return _duplicate(sighted, of=str(repeated.of), why=repeated.why)


def _duplicate(
    sighted: Sighted, *, of: str | None, why: Literal["same-content", "redelivered", "suppressed"]
) -> Duplicate:
    item = sighted.item
    return Duplicate(
        id=duplicate_event_id(item.item_id, item.fetched, str(sighted.origin)),
        item_id=item.item_id,
        feed=item.feed,
        fetched=item.fetched,
        content_hash=item.content_hash,
        origin=str(sighted.origin),
        of=item.item_id,
        of_origin=of,
        why=why,
    )


def _notice(sighted: Sighted, notice: Duplicate, more: Headers) -> Output:
    record, item = sighted.record, sighted.item
    headers = cloudevent(
        type=DUPLICATE_TYPE, id=notice.id, source=item.feed.id, time=item.fetched, subject=item.item_id
    )
    return Output(
        "news.duplicates",
        record.partition,
        record.key,
        encode(notice),
        [*headers, *_trail(sighted, "dedupe"), *more],
    )


def _trail(sighted: Sighted, hop: str) -> Headers:
    origin = str(sighted.origin)
    return [
        (ORIGIN, origin.encode()),
        traceparent(header(sighted.record.headers, TRACEPARENT), seed=origin, hop=hop),
    ]
