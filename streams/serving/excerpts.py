"""How much of an event goes over HTTP or into a file."""

from __future__ import annotations

from collections.abc import Collection

from agents.publish.publish import shortened
from schemas.enriched import Enriched

LONGEST = 300
"""Characters of a text that is not the operator's to give away."""


def served(event: Enriched, whole: Collection[str] = ()) -> Enriched:
    """Return an event as it is served: title, link and decisions, and of the text an excerpt.

    Where the publisher reserves text and data mining, nothing of the text; of feeds whose text the operator may give
    away, all of it that the event carries (``EVENT_TEXT`` decides on that).

    Args:
        event: The event.
        whole: Ids of feeds whose texts are served whole; ``*``: of all.
    """
    if "*" in whole or event.source.feed_id in whole:
        return event
    return shortened(event, 0 if event.rights.tdm_reserved else LONGEST)
