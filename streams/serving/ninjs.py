"""An event as IPTC ninjs 3.1, News in JSON: https://iptc.org/standards/ninjs/."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from schemas.enriched import Country, Enriched, Topic

_SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"
_MEDTOP = "http://cv.iptc.org/newscodes/mediatopic/"
_COUNTRY = "http://cvx.iptc.org/iso3166-1a2/"
_CREATOR = "geowire"


def as_ninjs(event: Enriched) -> dict[str, Any]:
    """Return an event as a ninjs object; what is not known is left out.

    Topics are ``subjects``, by their IPTC Media Topics; countries and places are ``places``; organisations and people
    are those of the knowledge files.
    """
    found: dict[str, Any] = {
        "uri": f"urn:geowire:{quote(event.item_id, safe='')}",
        "type": "text",
        "representationType": "partial",
        "version": event.id,
        "versionCreated": event.fetched,
        "contentCreated": event.published,
        "pubStatus": "canceled" if event.reason == "withdrawn" else "usable",
        "language": event.language.code,
        "headlines": _values("main", event.title),
        "bodies": _values("excerpt", event.text),
        "by": ", ".join(event.authors),
        "usageTerms": event.rights.statement,
        "subjects": [_subject(topic) for topic in event.topics or ()],
        "places": [*map(_country, event.countries), *({"name": p.name, "literal": p.id} for p in event.places)],
        "organisations": [{"name": a.name, "literal": a.id} for a in event.actors if a.kind == "organisation"],
        "people": [{"name": a.name, "literal": a.id} for a in event.actors if a.kind == "person"],
        "infoSources": [{"name": event.source.name}],
        "renditions": [{"name": "web", "href": event.url, "contentType": "text/html"}] if event.url else [],
        "altIds": [{"role": "guid", "value": event.guid}] if event.guid else [],
        "standard": {"name": "ninjs", "version": "3.1", "schema": _SCHEMA},
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _values(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "contentType": "text/plain", "value": text}] if text else []


def _subject(topic: Topic) -> dict[str, Any]:
    subject: dict[str, Any] = {"name": topic.id.replace("_", " "), "rel": "about", "creator": _CREATOR}
    if topic.medtop is not None:
        subject["uri"] = f"{_MEDTOP}{topic.medtop}"
    else:
        subject["literal"] = topic.id
    if topic.score is not None:
        subject["confidence"] = round(100 * topic.score)
    if topic.primary:
        subject["relevance"] = 100
    return subject


def _country(country: Country) -> dict[str, str]:
    rel = "about" if country.role == "about" else "mentions"
    return {"literal": country.code, "rel": rel, "uri": f"{_COUNTRY}{country.code.lower()}"}
