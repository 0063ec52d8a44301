"""Which records a replay looks at and writes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress

from schemas.envelope import header
from schemas.record import Output, Record
from schemas.replay import Scope
from streams.delivery import BatchHandle
from streams.outcomes import feed_of

Headers = Sequence[tuple[str, bytes]]
Handle = Callable[[Record], list[Output]]


def admits(scope: Scope, key: bytes | None, headers: Headers) -> bool:
    """Say whether a record is within the scope, as far as its key and headers tell.

    What a record does not say does not exclude it: only decisions say their language.
    """
    if scope.keys and (key or b"").decode("utf-8", "replace") not in scope.keys:
        return False
    if scope.feeds and feed_of(dict(headers)) not in scope.feeds:
        return False
    language = header(headers, "ce_lang")
    return not scope.languages or language is None or language.decode("utf-8", "replace") in scope.languages


def only_outputs(scope: Scope, handle: Handle, *, always: str | None = None) -> Handle:
    """Return a step that writes only what is within the scope.

    Args:
        scope: The scope.
        handle: The step.
        always: Stream that is written all the same: state is kept for every item.
    """
    if scope == Scope():
        return handle

    def scoped(record: Record) -> list[Output]:
        return [o for o in handle(record) if o.stream == always or admits(scope, o.key, o.headers)]

    return scoped


def within(scope: Scope, handle: BatchHandle) -> BatchHandle:
    """Return a step about batches that writes only what is within the scope, and decides only what may come to be."""
    if scope == Scope():
        return handle

    def scoped(records: Sequence[Record]) -> Iterator[Sequence[Output] | Exception]:
        admitted = [admits(scope, record.key, record.headers) for record in records]
        outcomes = iter(handle(list(compress(records, admitted))))
        for decided in admitted:
            outcome = next(outcomes) if decided else []
            yield outcome if isinstance(outcome, Exception) else [o for o in outcome if admits(scope, o.key, o.headers)]

    return scoped
