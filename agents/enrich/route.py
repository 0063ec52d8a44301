"""Records of news.unique → one record each for news.enriched, and the signature of its text for news.signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from agents.cluster.route import signature_output
from agents.publish.publish import Provenance, identified
from agents.publish.withdraw import forgotten
from schemas.codec import decode, encode
from schemas.enriched import Enriched, RawRef, Reason, Supersedes
from schemas.envelope import (
    FORGET,
    ORIGIN,
    SUPERSEDES,
    TRACEPARENT,
    UNIQUE_TYPE,
    check_type,
    enriched_headers,
    header,
    traceparent,
)
from schemas.errors import DataError
from schemas.raw import RawItem
from schemas.record import Output, Position, Record

_raw_decoder = msgspec.json.Decoder(RawItem)
_supersedes_decoder = msgspec.json.Decoder(Supersedes)
_reasons: dict[bytes | None, Reason] = {b"new": "new", b"edited": "edited"}

Enrich = Callable[[Sequence[tuple[RawItem, Provenance]]], list[tuple[Enriched, str]]]


def route(
    records: Sequence[Record],
    enrich: Enrich,
    generation: Callable[[Record], int],
    suppressed: Callable[[RawItem], bool],
) -> list[tuple[Output, Output]]:
    """Decide about unique items; return the event and the signature of each.

    Args:
        records: Records of news.unique.
        enrich: The decision (``agents.enrich.enrich.enrich_batch``), its knowledge bound.
        generation: Says which generation of knowledge and rules decides a record.
        suppressed: Says whether an item was asked to be forgotten: its event then only withdraws it.

    Raises:
        DataError: A record is not a unique item as dedupe writes them.
    """
    items = []
    for record in records:
        check_type(record.headers, UNIQUE_TYPE)
        items.append((decode(_raw_decoder, record.value), _provenance(record.headers, generation(record))))
    return [
        _outputs(record, event, text, forget=suppressed(item))
        for record, (item, _), (event, text) in zip(records, items, enrich(items), strict=True)
    ]


def _outputs(record: Record, event: Enriched, text: str, *, forget: bool) -> tuple[Output, Output]:
    if forget:
        event = identified(forgotten(event))
    headers = enriched_headers(event)
    if forget:
        headers.append((FORGET, b"1"))
    trace = header(record.headers, TRACEPARENT)
    headers.append(traceparent(trace, seed=f"{event.raw.partition}:{event.raw.offset}", hop="enrich"))
    return (
        Output("news.enriched", record.partition, record.key, encode(event), headers),
        signature_output(event, text, trace),
    )


def _provenance(headers: Sequence[tuple[str, bytes]], generation: int) -> Provenance:
    origin = header(headers, ORIGIN)
    reason = _reasons.get(header(headers, "ce_reason"))
    if origin is None or reason is None:
        raise DataError(
            "wrong-origin", "a record of news.unique needs the headers origin and ce_reason (new or edited)"
        )
    position = Position.parse(origin)
    supersedes = header(headers, SUPERSEDES)
    return Provenance(
        reason=reason,
        supersedes=decode(_supersedes_decoder, supersedes) if supersedes else None,
        raw=RawRef(stream="news.raw", partition=position.partition, offset=position.offset),
        generation=generation,
    )
