"""A dead letter → the record that tries it again. Pure.

It goes to the stream that the letter came from, with the origin it has: so dedupe does not take it for a repetition of
itself, what it becomes is counted for the raw record that it is, and trying it twice gives the same event twice.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from agents.identity.partitions import partition_of
from schemas.envelope import ORIGIN, RETRY, header
from schemas.errors import DataError
from schemas.record import Output, Record
from schemas.times import DAY_MS, to_milliseconds
from streams.dlq.letters import PREFIX, letter_of
from streams.table import RAW, STREAMS


class Refusal(Struct, frozen=True):
    """Why a letter cannot be tried again."""

    reason: str


class _Item(Struct):
    """What is needed of a raw item to put it into its right place."""

    item_id: str
    fetched: str


_items = msgspec.json.Decoder(_Item)


def again(
    record: Record,
    *,
    partitions: int,
    now: int,
    retention_ms: dict[str, int | None],
    suppressed: Callable[[str, str | None], bool] = lambda *_: False,
) -> Output | Refusal:
    """Return the record that tries a letter again, or why there is none.

    Args:
        record: The letter.
        partitions: Partitions of the news streams.
        now: The time, milliseconds since the epoch.
        retention_ms: How long each stream keeps a record; None: for ever.
        suppressed: Says of an item id and a feed id whether they were asked to be forgotten.
    """
    letter = letter_of(record)
    if letter.stream is None:
        return Refusal("the poller refused the item: there is no record to try again")
    if letter.stream not in {stream.name for stream in STREAMS}:
        return Refusal(f"it came from {letter.stream}, which is no stream of this version")
    item = _item(record.value)
    if suppressed(item.item_id if item is not None else (record.key or b"").decode("utf-8", "replace"), letter.feed):
        return Refusal("it was asked to be forgotten")
    time = _time(record, item if letter.code == "fetched-ahead" else None, now)
    kept = retention_ms[letter.stream]
    if kept is not None and time < now - kept:
        days = (now - time) // DAY_MS
        return Refusal(
            f"its record is {days} days old and {letter.stream} keeps {kept // DAY_MS}: it would expire at once"
        )
    # Whoever set an origin that was refused for it meant no raw record of ours.
    own = letter.stream == RAW.name and letter.code == "wrong-origin"
    origin = letter.refused if own or letter.origin is None else letter.origin
    headers = [
        (key, value) for key, value in record.headers if not key.startswith(PREFIX) and key not in (ORIGIN, RETRY)
    ]
    headers += [(ORIGIN, (origin or "").encode()), (RETRY, letter.place.encode())]
    key, partition = record.key, int((letter.refused or "0:0").partition(":")[0])
    if letter.stream == RAW.name and item is not None:
        # It may have been refused before anybody saw that it was in the wrong place.
        key = item.item_id.encode()
        partition = partition_of(key, partitions)
    return Output(letter.stream, partition, key, record.value, headers, time)


def _item(value: bytes | None) -> _Item | None:
    try:
        return _items.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _time(record: Record, item: _Item | None, now: int) -> int:
    """Return the record time: as it was, or when the item was fetched, where that lay ahead and is past by now.

    Args:
        record: The letter.
        item: The item, where it was refused for its time.
        now: The time.
    """
    carried = header(record.headers, "dlq_time")
    time = int(carried) if carried and carried.isdigit() else record.time
    try:
        fetched = to_milliseconds(item.fetched) if item is not None else time
    except DataError:
        fetched = time
    return fetched if time < fetched <= now else time
