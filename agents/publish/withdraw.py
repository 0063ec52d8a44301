"""Taking back what was published: an event that names the item and says nothing of it."""

from __future__ import annotations

import msgspec

from schemas.enriched import Enriched, Geopolitical, Supersedes


def emptied(event: Enriched) -> Enriched:
    """Return the withdrawal of an event: no headline, no text, no decision; where it came from stays.

    The id is still that of the event: the caller sets generation and ``supersedes``, then ``identified``.
    """
    return msgspec.structs.replace(
        event,
        reason="withdrawn",
        title="",
        text="",
        authors=(),
        categories=(),
        removed=(),
        uncertain=(),
        notice=event.notice if event.notice is not None and event.notice.kind == "kill" else None,
        geopolitical=Geopolitical(value=None),
        topics=None,
        countries=(),
        places=(),
        actors=(),
        pairs=(),
    )


def forgotten(event: Enriched) -> Enriched:
    """Return the withdrawal of an event of which nothing is to be told any more, its address included."""
    return msgspec.structs.replace(emptied(event), url=None, guid=None, notice=None)


def superseded(event: Enriched) -> Supersedes:
    """Return what says that another event takes the place of this one."""
    return Supersedes(
        fetched=event.fetched,
        content_hash=event.content_hash,
        origin=f"{event.raw.partition}:{event.raw.offset}",
        generation=event.generation,
    )
