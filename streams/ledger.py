"""The books of an audit: what became of each raw record. Pure: fed with what was read, asked for a report.

Every raw record is an *origin* and has exactly one outcome: enriched, duplicate or dead letter. The ledger is fed in
this order, so that whatever does not fit is recognised at the moment it is read, and its place is known: news.raw,
news.unique, news.dead-letter, news.duplicates, news.enriched.

An origin takes 16 bytes, in arrays by offset: a million of them 16 MB, whatever their feeds and ids are.
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct

from schemas.record import Position
from streams.outcomes import EXAMPLES, Fault, FaultKind, Kind, Outcome, Place, Report, Row, State
from streams.table import RAW, UNIQUE

# What is known of an origin, one bit each.
_COPY = 1  # not an origin: another raw record under its right key
_ENRICHED = 2
_DUPLICATE = 4
_LETTER = 8
_FOLLOW_UP = 16  # enriched again on purpose: reprocessed, corrected, withdrawn
_UNDER_WAY = 32
_OLD = 64  # its outcome may have expired
_AGAIN = 128
_REDECIDED = 256
_RETRIED = 512
_CONTRADICTING = 1024
_LETTER_OF_COPY = 2048
_LETTER_OF_UNIQUE = 4096
_COPIED, _COPIED_TWICE = 8192, 16384
_UNIQUE, _UNIQUE_TWICE = 32768, 65536
_REPEATED = 131072  # others are said to repeat it
_REDELIVERED = 262144  # a duplicate because it was read again
_PASSED_ON = _UNIQUE | _ENRICHED | _LETTER | _FOLLOW_UP
_OUTCOME = _ENRICHED | _DUPLICATE | _LETTER

_BITS: dict[Kind, int] = {"enriched": _ENRICHED, "duplicate": _DUPLICATE, "letter": _LETTER}
_OTHERS: dict[Kind, int] = {
    "enriched": _DUPLICATE | _LETTER,
    "duplicate": _ENRICHED | _LETTER,
    "letter": _ENRICHED | _DUPLICATE,
}

# Instead of a feed's number.
_NOBODY = 0  # no raw record stands here
_OUTSIDE = 1  # one does, but it is older than what is audited


class Span(Struct, frozen=True):
    """The offsets of one partition of news.raw."""

    kept: int
    """The first one that is kept."""
    start: int
    """The first one that is audited."""
    end: int


class _Page:
    """The origins of one partition, by offset."""

    def __init__(self, span: Span) -> None:
        self.span = span
        empty = bytes(4 * max(0, span.end - span.start))
        self.feed, self.flags, self.check, self.generation = (array("I", empty) for _ in range(4))


class Ledger:
    """What became of each raw record."""

    def __init__(self, spans: Mapping[int, Span], *, known_from: int = 0, only: str | None = None) -> None:
        """Open the books.

        Args:
            spans: The offsets of news.raw, by partition.
            known_from: Raw records from before this time (milliseconds) may have had outcomes that have expired.
            only: Keep them for this feed alone.
        """
        self._pages = {partition: _Page(span) for partition, span in spans.items()}
        self._known_from = known_from
        self._only = only
        self._feeds: dict[str, int] = {}
        self._rekeyed = self._expired = self._unexpected = self._refused = 0
        self._faults: list[Fault] = []

    @property
    def feeds(self) -> list[str]:
        """Ids of all feeds that were seen."""
        return sorted(self._feeds)

    def raw(self, at: Position, *, feed: str, time: int, origin: Position | None, done: bool) -> None:
        """Enter a record of news.raw.

        Args:
            at: Where it stands.
            feed: Id of its feed.
            time: Record time in milliseconds.
            origin: The raw record it repeats under another key, or to try it again; None where it is one itself.
            done: Its offset is committed: what it leads to is out.
        """
        found = self._find(at)
        if found is None:
            return
        page, index = found
        number = self._feeds.setdefault(feed, len(self._feeds) + 2)
        if self._only not in (None, feed):
            page.feed[index] = _OUTSIDE
            return
        page.feed[index] = number
        flags = _OLD if time < self._known_from else 0
        if origin is None or origin == at:
            page.flags[index] |= flags if done else flags | _UNDER_WAY
            return
        page.flags[index] |= flags | _COPY
        self._rekeyed += 1
        self._note(origin, _COPIED, _COPIED_TWICE, done=done)

    def outside(self, at: Position) -> None:
        """Enter a record of news.raw that is not audited, so that its outcome is not taken for an unexpected one."""
        found = self._find(at)
        if found is not None:
            page, index = found
            page.feed[index] = _OUTSIDE

    def unique(self, origin: Position | None, *, done: bool) -> None:
        """Enter a record of news.unique.

        Args:
            origin: The raw record it was made from.
            done: Its offset is committed: its outcome is out.
        """
        if origin is not None:
            self._note(origin, _UNIQUE, _UNIQUE_TWICE, done=done)

    def refused(self, feed: str | None) -> None:
        """Enter a letter of the poller: there is no raw record to it."""
        self._refused += self._only in (None, feed)

    def outcome(self, outcome: Outcome) -> None:
        """Enter a record of an outcome stream."""
        origin = outcome.origin
        if origin is None or origin.partition not in self._pages:
            self._unexpect(outcome)
            return
        page = self._pages[origin.partition]
        if origin.offset < page.span.start:
            self._expired += origin.offset < page.span.kept and self._only in (None, outcome.feed)
            return
        index = origin.offset - page.span.start
        if origin.offset >= page.span.end or page.feed[index] == _NOBODY:
            self._unexpect(outcome)
        elif page.feed[index] != _OUTSIDE:
            self._settle(page, index, outcome)
            if outcome.of is not None:
                self._repeat(page, index, outcome, outcome.of)

    def report(self) -> Report:
        """Close the books."""
        names = {number: name for name, number in self._feeds.items()}
        rows: dict[str, Row] = {}
        total = Row()
        for page in self._pages.values():
            for (number, flags), count in Counter(zip(page.feed, page.flags, strict=True)).items():
                if number in names and _is_origin(flags):
                    for row in (total, rows.setdefault(names[number], Row())):
                        _count(row, flags, count)
        unaccounted = list(self._unaccounted(names)) if total.missing or total.contradicting else []
        return Report(
            total=total,
            feeds=dict(sorted(rows.items())),
            rekeyed=self._rekeyed,
            expired=self._expired,
            unexpected=self._unexpected,
            refused=self._refused,
            faults=tuple(_examples([*unaccounted, *self._faults])),
        )

    def _find(self, at: Position) -> tuple[_Page, int] | None:
        page = self._pages.get(at.partition)
        if page is None or not page.span.start <= at.offset < page.span.end:
            return None
        return page, at.offset - page.span.start

    def _note(self, origin: Position, once: int, twice: int, *, done: bool) -> None:
        found = self._find(origin)
        if found is not None:
            page, index = found
            page.flags[index] |= (twice if page.flags[index] & once else once) | (0 if done else _UNDER_WAY)

    def _settle(self, page: _Page, index: int, outcome: Outcome) -> None:
        flags, check = page.flags[index], zlib.crc32(outcome.id)
        if outcome.follow_up or outcome.redelivered:
            page.flags[index] |= _FOLLOW_UP if outcome.follow_up else _REDELIVERED
            return
        bit, others = _BITS[outcome.kind], flags & _OTHERS[outcome.kind]
        if flags & bit and not others and outcome.kind != "letter":
            if check == page.check[index]:
                flags |= _AGAIN
            elif outcome.kind == "enriched" and outcome.generation != page.generation[index]:
                flags |= _REDECIDED
            else:
                flags = self._contradict(flags, page, index, outcome, f"another {outcome.kind} than before")
        elif flags & bit:
            flags |= _AGAIN
        flags |= bit
        if outcome.kind == "letter":
            flags |= _letter_of(outcome)
        if others and _was_sent_again(flags):
            flags |= _RETRIED
        elif others:
            before = " and ".join(kind for kind, other in _BITS.items() if others & other)
            flags = self._contradict(flags, page, index, outcome, f"{outcome.kind}, but also {before}")
        page.flags[index], page.check[index], page.generation[index] = flags, check, outcome.generation

    def _repeat(self, page: _Page, index: int, outcome: Outcome, of: Position) -> None:
        """Note which record a duplicate repeats; where that was not passed on either, an item was lost."""
        there = self._pages.get(of.partition)
        if of == outcome.origin:
            detail = "it is called a duplicate of itself: the item was never passed on"
        elif there is None or of.offset >= there.span.end:
            detail = f"it is called a duplicate of {of}, which never was"
        else:
            if of.offset >= there.span.start:
                there.flags[of.offset - there.span.start] |= _REPEATED
            return
        page.flags[index] = self._contradict(page.flags[index], page, index, outcome, detail)

    def _contradict(self, flags: int, page: _Page, index: int, outcome: Outcome, detail: str) -> int:
        if not flags & _CONTRADICTING:
            feed = next(name for name, number in self._feeds.items() if number == page.feed[index])
            self._keep(Fault("contradicting", outcome.place, str(outcome.origin), feed, detail))
        return flags | _CONTRADICTING

    def _unexpect(self, outcome: Outcome) -> None:
        if self._only not in (None, outcome.feed):
            return
        self._unexpected += 1
        origin = str(outcome.origin) if outcome.origin else None
        detail = f"no raw record has the origin {origin}" if origin else "it names no origin"
        self._keep(Fault("unexpected", outcome.place, origin, outcome.feed, f"{outcome.kind}; {detail}"))

    def _keep(self, fault: Fault) -> None:
        if sum(kept.kind == fault.kind for kept in self._faults) < EXAMPLES:
            self._faults.append(fault)

    def _unaccounted(self, names: Mapping[int, str]) -> Iterator[Fault]:
        """Find the origins that no record of an outcome stream gave away, by partition and offset."""
        for partition, page in sorted(self._pages.items()):
            for index, (number, flags) in enumerate(zip(page.feed, page.flags, strict=True)):
                if number in names and _is_origin(flags) and not flags & _CONTRADICTING:
                    place = Place(RAW.name, partition, page.span.start + index)
                    origin = str(Position(place.partition, place.offset))
                    state = state_of(flags)
                    if state == "missing":
                        yield Fault("missing", place, origin, names[number], _lost(flags))
                    elif state == "contradicting":
                        yield Fault("contradicting", place, origin, names[number], _NEVER_PASSED_ON)


def state_of(flags: int) -> State:
    """Return the state of an origin."""
    if flags & _REPEATED and flags & (_DUPLICATE | _REDELIVERED) and not flags & _PASSED_ON:
        return "contradicting"
    states: tuple[tuple[int, State], ...] = (
        (_CONTRADICTING, "contradicting"),
        (_ENRICHED, "enriched"),
        (_DUPLICATE, "duplicates"),
        (_LETTER, "letters"),
        (_FOLLOW_UP, "enriched"),
        (_REDELIVERED, "duplicates"),
        (_UNDER_WAY, "under_way"),
        (_OLD, "outcome_expired"),
    )
    return next((state for bit, state in states if flags & bit), "missing")


def _count(row: Row, flags: int, count: int) -> None:
    state = state_of(flags)
    setattr(row, state, getattr(row, state) + count)
    row.origins += count
    row.retried += count * bool(flags & _RETRIED)
    row.sent_again += count * bool(flags & _AGAIN or (flags & _REDELIVERED and flags & _OUTCOME))
    row.redecided += count * bool(flags & (_REDECIDED | _FOLLOW_UP))


def _is_origin(flags: int) -> bool:
    # A record that says it is a copy, but was refused as what it is, has its own outcome.
    return not flags & _COPY or bool(flags & _OUTCOME)


def _letter_of(letter: Outcome) -> int:
    if letter.refused is None or letter.refused.stream == UNIQUE.name:
        return _LETTER_OF_UNIQUE
    itself = Position(letter.refused.partition, letter.refused.offset) == letter.origin
    return 0 if itself else _LETTER_OF_COPY


def _was_sent_again(flags: int) -> bool:
    """Say whether the record that a letter refused stands in its stream once more."""
    if not flags & _LETTER:
        return False
    if flags & _LETTER_OF_UNIQUE:
        return bool(flags & _UNIQUE_TWICE)
    return bool(flags & (_COPIED_TWICE if flags & _LETTER_OF_COPY else _COPIED))


def _examples(faults: list[Fault]) -> Iterator[Fault]:
    shown: Counter[FaultKind] = Counter()
    for fault in faults:
        shown[fault.kind] += 1
        if shown[fault.kind] <= EXAMPLES:
            yield fault


_NEVER_PASSED_ON = "others are duplicates of it, but it was called a duplicate itself and never passed on"


def _lost(flags: int) -> str:
    if flags & _UNIQUE:
        return "it is on news.unique and committed there, but no outcome followed"
    if flags & _COPIED:
        return "it was written again under its right key and committed there, but nothing followed"
    return "its offset is committed, but it is neither on news.unique nor in any outcome"
