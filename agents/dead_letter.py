"""Dead letters: what could not be processed, bytes untouched, the reason in the headers.

The letter keeps key, value and headers of the record as they came, so that a retry can put it back; what went wrong
stands in ``dlq_*`` headers beside them (the same facts as in Kafka Streams' KIP-1034).
"""

from __future__ import annotations

from schemas.envelope import ORIGIN, TRACEPARENT, header, traceparent, without
from schemas.errors import DataError, Stage
from schemas.record import Output, Record

STREAM = "news.dead-letter"
_MESSAGE_MAX = 1_000
_HEADERS_MAX = 64 * 1024


def dead_letter(record: Record, stage: Stage, error: Exception) -> Output:
    """Return the letter for a record that a step refused.

    Args:
        record: The record as it was read.
        stage: The step.
        error: Why: a ``DataError``, or whatever a step's code raised (``internal-error``).
    """
    origin = header(record.headers, ORIGIN) or f"{record.partition}:{record.offset}".encode()
    headers = without(record.headers, frozenset({ORIGIN, TRACEPARENT}))
    if sum(len(key) + len(value) for key, value in headers) > _HEADERS_MAX:
        headers = []  # the letter must fit; the record itself stays at its offset
    headers += [
        (ORIGIN, origin),
        traceparent(header(record.headers, TRACEPARENT), seed=origin.decode("ascii", "replace"), hop="dead-letter"),
        ("dlq_stage", stage.encode()),
        ("dlq_code", error.code.encode() if isinstance(error, DataError) else b"internal-error"),
        ("dlq_exception", type(error).__name__.encode()),
        ("dlq_message", str(error)[:_MESSAGE_MAX].encode("utf-8", "replace")),
        ("dlq_stream", record.stream.encode()),
        ("dlq_partition", str(record.partition).encode()),
        ("dlq_offset", str(record.offset).encode()),
        ("dlq_time", str(record.time).encode()),
    ]
    return Output(STREAM, record.partition, record.key, record.value, headers)
