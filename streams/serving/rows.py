"""An event as a row of a table."""

from __future__ import annotations

from schemas.enriched import Enriched

COLUMNS = (
    "item_id",
    "fetched",
    "published",
    "language",
    "source",
    "title",
    "url",
    "excerpt",
    "geopolitical",
    "topics",
    "countries",
    "mentioned",
    "pairs",
    "places",
    "reason",
    "generation",
    "id",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_row(event: Enriched) -> list[str]:
    """Return an event as a row; several values of one column are separated by a semicolon."""
    geo = event.geopolitical.value
    row = (
        event.item_id,
        event.fetched,
        event.published or "",
        event.language.code,
        event.source.name,
        event.title,
        event.url or "",
        event.text,
        "" if geo is None else str(geo).lower(),
        ";".join(topic.id for topic in event.topics or ()),
        ";".join(country.code for country in event.countries if country.role == "about"),
        ";".join(country.code for country in event.countries if country.role == "mentioned"),
        ";".join(f"{pair.a}-{pair.b}" for pair in event.pairs),
        ";".join(place.id for place in event.places),
        event.reason,
        str(event.generation),
        event.id,
    )
    # A spreadsheet would run what looks like a formula; headlines are strangers' words.
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row]
