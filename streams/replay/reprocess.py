"""What a promotion puts onto news.enriched: decisions of the replay, as events of the new generation. Pure."""

from __future__ import annotations

import msgspec

from agents.cluster.route import signature_output
from agents.publish.publish import identified
from agents.publish.withdraw import emptied, superseded
from schemas.codec import decode, encode
from schemas.enriched import Enriched, Reason, Supersedes
from schemas.envelope import REPLAY, enriched_headers, traceparent
from schemas.record import Output
from schemas.replay import Replay
from streams.table import ENRICHED

_decoder = msgspec.json.Decoder(Enriched)


def read(value: bytes) -> Enriched:
    """Decode an event."""
    return decode(_decoder, value)


def reprocessed(event: Enriched, *, old: Supersedes, generation: int) -> Enriched:
    """Return a decision of the replay as the one that takes the place of an earlier one.

    A publisher's own withdrawal or correction stays what it is: that is why consumers look at ``reason``.
    """
    return identified(msgspec.structs.replace(event, generation=generation, reason=_reason(event), supersedes=old))


def added(event: Enriched, *, generation: int) -> Enriched:
    """Return a decision about a version that had none before."""
    return identified(msgspec.structs.replace(event, generation=generation))


def withdrawn(event: Enriched, *, generation: int) -> Enriched:
    """Return the withdrawal of a version that the replay no longer passes on."""
    empty = emptied(event)
    return identified(msgspec.structs.replace(empty, generation=generation, supersedes=superseded(event)))


def carried(event: Enriched, *, gone: Enriched, generation: int) -> Enriched:
    """Return the version of an item that stands, in the place of a later one that does not any more.

    A consumer keeps the greatest fetch time: without this the withdrawn version would hide the one that stands.
    """
    return identified(
        msgspec.structs.replace(
            event, fetched=gone.fetched, generation=generation, reason=_reason(event), supersedes=superseded(gone)
        )
    )


def outputs(event: Enriched, *, partition: int, key: bytes | None, replay: Replay) -> list[Output]:
    """Return the record that an event is published as, and that of its signature.

    Where events do not carry their text there is none: the signature of the version before stays.
    """
    published = _output(event, partition=partition, key=key, replay_id=replay.id)
    signed = event.reason == "withdrawn" or replay.text == "full"
    return [published, signature_output(event, event.text)] if signed else [published]


def _output(event: Enriched, *, partition: int, key: bytes | None, replay_id: str) -> Output:
    seed = f"{event.raw.partition}:{event.raw.offset}"
    headers = [
        *enriched_headers(event),
        traceparent(None, seed=seed, hop="promote"),
        (REPLAY, replay_id.encode()),
    ]
    return Output(ENRICHED.name, partition, key, encode(event), headers)


def _reason(event: Enriched) -> Reason:
    return event.reason if event.reason in ("withdrawn", "corrected") else "reprocessed"
