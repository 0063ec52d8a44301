"""What a dead letter says, and which letters are meant. Pure."""

from __future__ import annotations

from msgspec import Struct

from schemas.envelope import ORIGIN, RETRY, Headers, header
from schemas.record import Record
from schemas.settled import Settled
from streams.outcomes import feed_of

PREFIX = "dlq_"
"""Headers that a letter has beside those of the record it holds."""


class Letter(Struct, frozen=True, kw_only=True):
    """One dead letter.

    Attributes:
        place: Its partition and offset, ``partition:offset``.
        time: When it was written, milliseconds since the epoch.
        stage: The step that refused the record.
        code: Kind of fault.
        message: What was wrong.
        exception: Class of the error.
        feed: Id of the feed, where the record says so.
        stream: The stream the record was refused on; None for a letter of the poller, which has no record.
        refused: Place of the record on that stream.
        origin: The raw record it was made from.
        again: The letter that the record was in before, where it was tried again already.
        settled: What was done about it; None: nothing so far.
        size: Bytes of the record's value.
    """

    place: str
    time: int
    stage: str
    code: str
    message: str
    exception: str | None
    feed: str | None
    stream: str | None
    refused: str | None
    origin: str | None
    again: str | None
    settled: Settled | None
    size: int


class Wanted(Struct, frozen=True, kw_only=True):
    """Which letters are meant; what is not said does not matter.

    Attributes:
        places: These letters only.
        stage: Of this step.
        code: With this kind of fault.
        feed: Of this feed.
        since: Written from then on, milliseconds since the epoch.
        settled: Those as well about which something was done.
    """

    places: tuple[str, ...] = ()
    stage: str | None = None
    code: str | None = None
    feed: str | None = None
    since: int | None = None
    settled: bool = False

    def takes(self, letter: Letter) -> bool:
        """Say whether a letter is meant."""
        return (
            (not self.places or letter.place in self.places)
            and self.stage in (None, letter.stage)
            and self.code in (None, letter.code)
            and self.feed in (None, letter.feed)
            and (self.since is None or letter.time >= self.since)
            and (self.settled or letter.settled is None)
        )


def letter_of(record: Record, settled: Settled | None = None) -> Letter:
    """Read a record of news.dead-letter."""
    stream = _text(record.headers, "dlq_stream")
    partition, offset = _text(record.headers, "dlq_partition"), _text(record.headers, "dlq_offset")
    return Letter(
        place=f"{record.partition}:{record.offset}",
        time=record.time,
        stage=_text(record.headers, "dlq_stage") or "?",
        code=_text(record.headers, "dlq_code") or "?",
        message=_text(record.headers, "dlq_message") or "",
        exception=_text(record.headers, "dlq_exception"),
        feed=feed_of(dict(record.headers)),
        stream=stream,
        refused=f"{partition}:{offset}" if stream else None,
        origin=_text(record.headers, ORIGIN),
        again=_text(record.headers, RETRY),
        settled=settled,
        size=len(record.value or b""),
    )


def _text(headers: Headers, name: str) -> str | None:
    value = header(headers, name)
    return value.decode("utf-8", "replace") if value is not None else None
