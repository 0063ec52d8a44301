"""The marks an origin gets in the books of an audit, and what they come to. Pure."""

from __future__ import annotations

from schemas.record import Position
from streams.outcomes import Kind, Outcome, Row, State
from streams.table import UNIQUE as UNIQUE_STREAM

# What is known of an origin, one bit each.
COPY = 1 << 0  # not an origin: another raw record under its right key
ENRICHED = 1 << 1
DUPLICATE = 1 << 2
LETTER = 1 << 3
FOLLOW_UP = 1 << 4  # enriched again on purpose: by a promotion, or by geowire forget
UNDER_WAY = 1 << 5
OLD = 1 << 6  # its outcome may have expired
AGAIN = 1 << 7
REDECIDED = 1 << 8
RETRIED = 1 << 9
CONTRADICTING = 1 << 10
LETTER_OF_COPY = 1 << 11
LETTER_OF_UNIQUE = 1 << 12
# Seen once, and more than once, behind the raw record itself.
COPIED, COPIED_TWICE = 1 << 13, 1 << 14
UNIQUE, UNIQUE_TWICE = 1 << 15, 1 << 16
REPEATED = 1 << 17  # others are said to repeat it
REDELIVERED = 1 << 18  # a duplicate because it was read again
PASSED_ON = UNIQUE | ENRICHED | LETTER | FOLLOW_UP
OUTCOME = ENRICHED | DUPLICATE | LETTER

BITS: dict[Kind, int] = {"enriched": ENRICHED, "duplicate": DUPLICATE, "letter": LETTER}
OTHERS: dict[Kind, int] = {
    "enriched": DUPLICATE | LETTER,
    "duplicate": ENRICHED | LETTER,
    "letter": ENRICHED | DUPLICATE,
}

NEVER_PASSED_ON = "others are duplicates of it, but it was called a duplicate itself and never passed on"


def state_of(flags: int) -> State:
    """Return the state of an origin."""
    if flags & REPEATED and flags & (DUPLICATE | REDELIVERED) and not flags & PASSED_ON:
        return "contradicting"
    states: tuple[tuple[int, State], ...] = (
        (CONTRADICTING, "contradicting"),
        (ENRICHED, "enriched"),
        (DUPLICATE, "duplicates"),
        (LETTER, "letters"),
        (FOLLOW_UP, "enriched"),
        (REDELIVERED, "duplicates"),
        (UNDER_WAY, "under_way"),
        (OLD, "outcome_expired"),
    )
    return next((state for bit, state in states if flags & bit), "missing")


def count(row: Row, flags: int, origins: int) -> None:
    """Add some origins with the same marks to a row."""
    state = state_of(flags)
    setattr(row, state, getattr(row, state) + origins)
    row.origins += origins
    row.retried += origins * bool(flags & RETRIED)
    row.sent_again += origins * bool(flags & AGAIN or (flags & REDELIVERED and flags & OUTCOME))
    row.redecided += origins * bool(flags & (REDECIDED | FOLLOW_UP))


def is_origin(flags: int) -> bool:
    """Say whether a raw record counts as one."""
    # A record that says it is a copy, but was refused as what it is, has its own outcome.
    return not flags & COPY or bool(flags & OUTCOME)


def letter_of(letter: Outcome) -> int:
    """Return the mark that says which record a letter refused: the raw one, its copy, or the one on news.unique."""
    if letter.refused is None or letter.refused.stream == UNIQUE_STREAM.name:
        return LETTER_OF_UNIQUE
    itself = Position(letter.refused.partition, letter.refused.offset) == letter.origin
    return 0 if itself else LETTER_OF_COPY


def was_sent_again(flags: int) -> bool:
    """Say whether the record that a letter refused stands in its stream once more."""
    if not flags & LETTER:
        return False
    if flags & LETTER_OF_UNIQUE:
        return bool(flags & UNIQUE_TWICE)
    return bool(flags & (COPIED_TWICE if flags & LETTER_OF_COPY else COPIED))


def lost(flags: int) -> str:
    """Say how far a missing origin got."""
    if flags & UNIQUE:
        return "it is on news.unique and committed there, but no outcome followed"
    if flags & COPIED:
        return "it was written again under its right key and committed there, but nothing followed"
    return "its offset is committed, but it is neither on news.unique nor in any outcome"
