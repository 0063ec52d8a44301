"""The headers around an event: CloudEvents 1.0 in binary mode, filters, W3C trace context.

Every record carries the CloudEvents attributes as ``ce_*`` headers, so that a reader filters by topic, country or
language without decoding a value. ``origin`` names the raw record a record was made from. ``traceparent`` is the same
trace through every hop; it is derived, not drawn, so that redeliveries and replays trace alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from schemas.errors import DataError

if TYPE_CHECKING:
    from schemas.enriched import Enriched

Headers = list[tuple[str, bytes]]
"""Kafka record headers, in order."""

RAW_TYPE = "geowire.item.raw.v1"
UNIQUE_TYPE = "geowire.item.unique.v1"
ENRICHED_TYPE = "geowire.item.enriched.v1"
DUPLICATE_TYPE = "geowire.item.duplicate.v1"
SIGNATURE_TYPE = "geowire.item.signature.v1"
STORY_TYPE = "geowire.story.v1"
FEED_STATUS_TYPE = "geowire.feed.status.v1"

ORIGIN = "origin"
SUPERSEDES = "supersedes"
TRACEPARENT = "traceparent"
FORGET = "forget"
"""Header on what says nothing of an item because it was asked to be forgotten."""
REPLAY = "replay"
"""Header on what a promotion publishes: the replay's id."""
RETRY = "retry"
"""Header on a record that is tried again: the dead letter it was in."""

_SPEC_VERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", b"application/json")
_TRACEPARENT = re.compile(rb"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def cloudevent(*, type: str, id: str, source: str, time: str, subject: str) -> Headers:  # noqa: A002 - the spec's names
    """Return the CloudEvents attributes every record has.

    Args:
        type: Kind and version of the event.
        id: Deterministic id: the same event has it again.
        source: Id of the feed.
        time: When the item was fetched.
        subject: The item id.
    """
    return [
        _SPEC_VERSION,
        ("ce_type", type.encode()),
        ("ce_id", id.encode()),
        ("ce_source", b"/feeds/" + quote(source, safe="").encode()),
        ("ce_time", time.encode()),
        ("ce_subject", subject.encode()),
        _CONTENT_TYPE,
    ]


def enriched_headers(event: Enriched) -> Headers:
    """Return the headers of an enriched event: CloudEvents attributes and filters.

    ``ce_topics`` and ``ce_countries`` (the countries it is about) are comma-separated, the primary topic first;
    ``ce_geo`` is ``true``, ``false`` or ``unknown``; ``ce_generation`` with ``ce_time`` orders the versions of an item.
    """
    about = ",".join(country.code for country in event.countries if country.role == "about")
    return [
        *cloudevent(
            type=ENRICHED_TYPE,
            id=event.id,
            source=event.source.feed_id,
            time=event.fetched,
            subject=event.item_id,
        ),
        ("ce_geo", _GEO[event.geopolitical.value]),
        ("ce_topics", ",".join(topic.id for topic in event.topics or ()).encode()),
        ("ce_countries", about.encode()),
        ("ce_lang", event.language.code.encode()),
        ("ce_reason", event.reason.encode()),
        ("ce_generation", str(event.generation).encode()),
        (ORIGIN, f"{event.raw.partition}:{event.raw.offset}".encode()),
    ]


def signature_headers(event: Enriched, id_: str) -> Headers:
    """Return the headers of the signature of an event: MessagePack, else as the event's."""
    attributes = cloudevent(
        type=SIGNATURE_TYPE, id=id_, source=event.source.feed_id, time=event.fetched, subject=event.item_id
    )
    return [
        *attributes[:-1],
        ("content-type", b"application/vnd.msgpack"),
        ("ce_reason", event.reason.encode()),
        ("ce_generation", str(event.generation).encode()),
        (ORIGIN, f"{event.raw.partition}:{event.raw.offset}".encode()),
    ]


def story_headers(*, name: str, id_: str, time: str | None, sequence: int, origin: str) -> Headers:
    """Return the headers of what is said of a story.

    Args:
        name: Its name.
        id_: Deterministic id.
        time: When its last item was fetched.
        sequence: Offset of the signature that changed it: of two records of a story the one with the greater counts.
        origin: The raw record that signature is of.
    """
    headers = [
        _SPEC_VERSION,
        ("ce_type", STORY_TYPE.encode()),
        ("ce_id", id_.encode()),
        ("ce_source", b"/cluster"),
        ("ce_subject", name.encode()),
        ("ce_sequence", str(sequence).encode()),
        _CONTENT_TYPE,
        (ORIGIN, origin.encode()),
    ]
    return headers if time is None else [*headers, ("ce_time", time.encode())]


_GEO = {True: b"true", False: b"false", None: b"unknown"}


def header(headers: Sequence[tuple[str, bytes]], name: str) -> bytes | None:
    """Return the value of the last header of that name, or None."""
    for key, value in reversed(headers):
        if key == name:
            return value
    return None


def header_text(headers: Sequence[tuple[str, bytes]], name: str, default: str = "") -> str:
    """Return the value of the last header of that name as text, whatever its bytes; the default where there is none."""
    value = header(headers, name)
    return value.decode("utf-8", "replace") if value else default


def header_words(headers: Sequence[tuple[str, bytes]], name: str) -> list[str]:
    """Return what a header lists with commas between: topics, countries."""
    return [word for word in header_text(headers, name).split(",") if word]


def check_type(headers: Sequence[tuple[str, bytes]], expected: str) -> None:
    """Refuse a record that says it is another kind or version of event than this code reads.

    A record without ``ce_type`` is taken at its value: producers other than ours need not speak CloudEvents.

    Raises:
        DataError: ``unknown-version``.
    """
    found = header(headers, "ce_type")
    if found is not None and found != expected.encode():
        raise DataError(
            "unknown-version",
            f"ce_type is {found.decode('utf-8', 'replace')[:80]!r}, this version of geowire reads {expected!r}",
        )


def traceparent(incoming: bytes | None, *, seed: str, hop: str) -> tuple[str, bytes]:
    """Return the ``traceparent`` header for a record that goes out.

    Args:
        incoming: The header of the record it was made from; its trace goes on.
        seed: What the trace id is derived from where there is no valid incoming one: the origin, or the ``ce_id``.
        hop: Name of the step, for the span id.
    """
    found = _TRACEPARENT.match(incoming) if incoming else None
    trace = found[1] if found else hashlib.blake2b(seed.encode(), digest_size=16).hexdigest().encode()
    span = hashlib.blake2b(trace + hop.encode() + seed.encode(), digest_size=8).hexdigest().encode()
    return (TRACEPARENT, b"00-" + trace + b"-" + span + b"-01")


def without(headers: Iterable[tuple[str, bytes]], names: frozenset[str]) -> Headers:
    """Return the headers but for those of the given names."""
    return [(key, value) for key, value in headers if key not in names]
