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
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec import Struct

from schemas.record import Position
from streams import marks
from streams.outcomes import EXAMPLES, Fault, FaultKind, Outcome, Place, Report, Row
from streams.table import RAW

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
        self._rekeyed = self._expired = self._unexpected = self._refused = self._unclustered = 0
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
        flags = marks.OLD if time < self._known_from else 0
        if origin is None or origin == at:
            page.flags[index] |= flags if done else flags | marks.UNDER_WAY
            return
        page.flags[index] |= flags | marks.COPY
        self._rekeyed += 1
        self._note(origin, marks.COPIED, marks.COPIED_TWICE, done=done)

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
            self._note(origin, marks.UNIQUE, marks.UNIQUE_TWICE, done=done)

    def refused(self, feed: str | None) -> None:
        """Enter a letter of the poller: there is no raw record to it."""
        self._refused += self._only in (None, feed)

    def unclustered(self, feed: str | None) -> None:
        """Enter a letter of cluster: what it is about has its outcome besides."""
        self._unclustered += self._only in (None, feed)

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
                if number in names and marks.is_origin(flags):
                    for row in (total, rows.setdefault(names[number], Row())):
                        marks.count(row, flags, count)
        unaccounted = self._unaccounted(names) if total.missing or total.contradicting else ()
        return Report(
            total=total,
            feeds=dict(sorted(rows.items())),
            rekeyed=self._rekeyed,
            expired=self._expired,
            unexpected=self._unexpected,
            refused=self._refused,
            unclustered=self._unclustered,
            faults=tuple(_examples(chain(unaccounted, self._faults))),
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
            page.flags[index] |= (twice if page.flags[index] & once else once) | (0 if done else marks.UNDER_WAY)

    def _settle(self, page: _Page, index: int, outcome: Outcome) -> None:
        flags, check = page.flags[index], zlib.crc32(outcome.id)
        if outcome.follow_up or outcome.redelivered:
            page.flags[index] |= marks.FOLLOW_UP if outcome.follow_up else marks.REDELIVERED
            return
        bit, others = marks.BITS[outcome.kind], flags & marks.OTHERS[outcome.kind]
        if flags & bit and not others and outcome.kind != "letter":
            if check == page.check[index]:
                flags |= marks.AGAIN
            elif outcome.kind == "enriched" and outcome.generation != page.generation[index]:
                flags |= marks.REDECIDED
            else:
                flags = self._contradict(flags, page, index, outcome, f"another {outcome.kind} than before")
        elif flags & bit:
            flags |= marks.AGAIN
        flags |= bit
        if outcome.kind == "letter":
            flags |= marks.letter_of(outcome)
        if others and marks.was_sent_again(flags):
            flags |= marks.RETRIED
        elif others:
            before = " and ".join(kind for kind, other in marks.BITS.items() if others & other)
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
                there.flags[of.offset - there.span.start] |= marks.REPEATED
            return
        page.flags[index] = self._contradict(page.flags[index], page, index, outcome, detail)

    def _contradict(self, flags: int, page: _Page, index: int, outcome: Outcome, detail: str) -> int:
        if not flags & marks.CONTRADICTING and self._has_room("contradicting"):
            feed = next(name for name, number in self._feeds.items() if number == page.feed[index])
            self._faults.append(Fault("contradicting", outcome.place, str(outcome.origin), feed, detail))
        return flags | marks.CONTRADICTING

    def _unexpect(self, outcome: Outcome) -> None:
        if self._only not in (None, outcome.feed):
            return
        self._unexpected += 1
        if not self._has_room("unexpected"):
            return
        origin = str(outcome.origin) if outcome.origin else None
        detail = f"no raw record has the origin {origin}" if origin else "it names no origin"
        self._faults.append(Fault("unexpected", outcome.place, origin, outcome.feed, f"{outcome.kind}; {detail}"))

    def _has_room(self, kind: FaultKind) -> bool:
        return sum(fault.kind == kind for fault in self._faults) < EXAMPLES

    def _unaccounted(self, names: Mapping[int, str]) -> Iterator[Fault]:
        """Find the origins that no record of an outcome stream gave away, by partition and offset."""
        for partition, page in sorted(self._pages.items()):
            for index, (number, flags) in enumerate(zip(page.feed, page.flags, strict=True)):
                if number in names and marks.is_origin(flags) and not flags & marks.CONTRADICTING:
                    place = Place(RAW.name, partition, page.span.start + index)
                    origin = str(Position(place.partition, place.offset))
                    state = marks.state_of(flags)
                    if state == "missing":
                        yield Fault("missing", place, origin, names[number], marks.lost(flags))
                    elif state == "contradicting":
                        yield Fault("contradicting", place, origin, names[number], marks.NEVER_PASSED_ON)


def _examples(faults: Iterable[Fault]) -> Iterator[Fault]:
    shown: Counter[FaultKind] = Counter()
    for fault in faults:
        shown[fault.kind] += 1
        if shown[fault.kind] <= EXAMPLES:
            yield fault
