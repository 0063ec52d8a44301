"""An event → its signature; a change of the stories → records for news.stories and the changelog."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agents.cluster.names import CHANGELOG, SIGNATURES, STORIES
from agents.cluster.sign import sign
from agents.cluster.state import entries
from agents.cluster.stories import Changes, Stories, Told
from agents.identity.ids import signature_event_id, story_event_id
from schemas.enriched import Enriched
from schemas.envelope import Headers, signature_headers, story_headers, traceparent
from schemas.record import Output
from schemas.signature import encode_signature

_PARTITION = 0
"""The streams of the stories have one partition: copies come from all partitions of the news and have to meet."""


def signature_output(event: Enriched, text: str, trace: bytes | None = None) -> Output:
    """Return the record with the signature of an event.

    Args:
        event: The event.
        text: Its whole stripped text, whatever the event carries of it.
        trace: ``traceparent`` of what the event was made from.
    """
    headers = signature_headers(event, signature_event_id(event.id))
    # As on the event: one span gave both.
    headers.append(traceparent(trace, seed=f"{event.raw.partition}:{event.raw.offset}", hop="enrich"))
    return Output(SIGNATURES, _PARTITION, event.item_id.encode(), encode_signature(sign(event, text)), headers)


def change_outputs(stories: Stories, changes: Changes) -> list[Output]:
    """Return everything a change has to write: what is told of stories, and what is remembered."""
    return [
        *(_story_output(name, told, changes.at, changes.origin) for name, told in changes.told.items()),
        *(Output(CHANGELOG, _PARTITION, key, entry, []) for key, entry in entries(stories, changes)),
    ]


def _story_output(name: str, told: Told | None, at: int, origin: str) -> Output:
    value = msgspec.json.encode(told.story) if told is not None else None
    headers: Headers = story_headers(
        name=name,
        id_=story_event_id(name, value),
        time=told.story.last if told is not None else None,
        sequence=at,
        origin=origin,
    )
    headers.append(traceparent(None, seed=origin, hop="cluster"))
    return Output(STORIES, _PARTITION, name.encode(), value, headers)


def told_since(stories: Stories, since: int) -> Iterable[Output]:
    """Return again what was told from an offset of news.signatures on: it may not have arrived."""
    for name, told in stories.told.items():
        if told.at >= since:
            yield _story_output(name, told, told.at, told.origin)
    for item in stories.items.values():
        if item.told >= since and item.id not in stories.told:
            alone = None if item.withdrawn else stories.alone(item)
            yield _story_output(item.id, alone, item.told, item.origin)
