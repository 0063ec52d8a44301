"""Taking back what was published: an event that names the item and says nothing of it."""

from __future__ import annotations

import msgspec

from schemas.enriched import Enriched, Geopolitical


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
