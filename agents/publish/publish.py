"""One decision → one enriched event with its deterministic id."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from agents.identity.ids import decision_id
from agents.publish.withdraw import emptied
from schemas.codec import encode
from schemas.enriched import (
    Actor,
    Country,
    Coverage,
    Enriched,
    Geopolitical,
    Language,
    Notice,
    Pair,
    Pipeline,
    Place,
    RawRef,
    Reason,
    Removed,
    Source,
    Supersedes,
    Topic,
    Uncertain,
)
from schemas.raw import RawItem

EventText = Literal["full", "excerpt", "none"]
_EXCERPT = 300

Found = TypeVar("Found", Topic, Country, Place, Actor)


class Decided(Struct, frozen=True, kw_only=True):
    """What strip and classify decided about an item."""

    title: str
    text: str
    language: Language
    removed: tuple[Removed, ...]
    uncertain: tuple[Uncertain, ...]
    notice: Notice | None
    geopolitical: Geopolitical
    topics: tuple[Topic, ...] | None
    countries: tuple[Country, ...]
    places: tuple[Place, ...]
    actors: tuple[Actor, ...]
    pairs: tuple[Pair, ...]
    coverage: Coverage


class Provenance(Struct, frozen=True, kw_only=True):
    """Where the item stands among its versions, and where it came from."""

    reason: Reason
    supersedes: Supersedes | None
    raw: RawRef
    generation: int


def publish(item: RawItem, decided: Decided, provenance: Provenance, pipeline: Pipeline, text: EventText) -> Enriched:
    """Return the enriched event.

    Args:
        item: The raw item.
        decided: What was decided about it.
        provenance: Its place among its versions.
        pipeline: The code and knowledge that decided; not part of the id.
        text: How much of the text the event carries. Removed spans and evidence go with the text: their offsets have
            nothing to point into without it.
    """
    event = Enriched(
        id="",
        item_id=item.item_id,
        content_hash=item.content_hash,
        generation=provenance.generation,
        reason=_reason(provenance.reason, decided.notice),
        supersedes=provenance.supersedes,
        backfill=item.backfill,
        url=item.link,
        guid=item.guid,
        source=Source(feed_id=item.feed.id, feed=item.feed.title, publisher=item.feed.publisher),
        title=decided.title,
        text=decided.text,
        language=decided.language,
        published=item.published,
        published_source=item.published_source,
        updated=item.updated,
        fetched=item.fetched,
        authors=item.authors,
        categories=item.categories,
        removed=decided.removed,
        uncertain=decided.uncertain,
        notice=decided.notice,
        geopolitical=decided.geopolitical,
        topics=decided.topics,
        countries=decided.countries,
        places=decided.places,
        actors=decided.actors,
        pairs=decided.pairs,
        coverage=decided.coverage,
        raw=provenance.raw,
        rights=item.rights,
        pipeline=pipeline,
    )
    if event.reason == "withdrawn":
        event = emptied(event)
    elif text != "full":
        event = shortened(event, _EXCERPT if text == "excerpt" else 0)
    return identified(event)


_NO_PIPELINE = Pipeline(version="", knowledge="")


def _reason(reason: Reason, notice: Notice | None) -> Reason:
    """Return why the event comes: the publisher's own word goes before what dedupe saw."""
    if notice is None:
        return reason
    return "withdrawn" if notice.kind == "kill" else "corrected"


def identified(event: Enriched) -> Enriched:
    """Return the event with the id that its decision has, whichever code and knowledge made it."""
    decided = encode(msgspec.structs.replace(event, id="", pipeline=_NO_PIPELINE))
    return msgspec.structs.replace(event, id=decision_id(event.item_id, event.fetched, event.generation, decided))


def shortened(event: Enriched, length: int) -> Enriched:
    """Cut the text behind a whole word, and drop what points behind the cut."""
    cut = event.text[:length]
    if length < len(event.text) and " " in cut:
        cut = cut[: cut.rindex(" ")]
    kept = len(cut)
    return msgspec.structs.replace(
        event,
        text=f"{cut}…" if cut and kept < len(event.text) else cut,
        removed=tuple(msgspec.structs.replace(span, text="") for span in event.removed),
        uncertain=tuple(span for span in event.uncertain if span.end <= kept),
        notice=_cut_notice(event.notice, kept),
        topics=None if event.topics is None else tuple(_cut_evidence(topic, kept) for topic in event.topics),
        countries=tuple(_cut_evidence(country, kept) for country in event.countries),
        places=tuple(_cut_evidence(place, kept) for place in event.places),
        actors=tuple(_cut_evidence(actor, kept) for actor in event.actors),
    )


def _cut_evidence(found: Found, kept: int) -> Found:
    evidence = tuple(span for span in found.evidence if span.field == "title" or span.end <= kept)
    return msgspec.structs.replace(found, evidence=evidence)


def _cut_notice(notice: Notice | None, kept: int) -> Notice | None:
    if notice is None or notice.field != "text" or (notice.end or 0) <= kept:
        return notice
    return msgspec.structs.replace(notice, field=None, start=None, end=None)
