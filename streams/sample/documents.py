"""The sample newsroom's feed documents: RSS, Atom, RSS 1.0 (RDF) and JSON Feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

import orjson

from streams.sample.articles import Item, Outlet

TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rdf": "application/rdf+xml; charset=utf-8",
    "json": "application/feed+json",
}


def document(outlet: Outlet, items: Sequence[Item], *, started: float, run: str) -> bytes:
    """Return the feed of an outlet.

    Args:
        outlet: Whose it is.
        items: What it lists.
        started: When the newsroom opened, seconds since the epoch.
        run: Part of every address, so that the stories of each run are new ones.
    """
    write = {"rss": _rss, "atom": _atom, "rdf": _rdf, "json": _json}[outlet.format]
    return write(outlet, items, started, run)


def address(item: Item, run: str) -> str:
    """Return the address of an item; .example belongs to nobody."""
    outlet, _, slug = item.path.partition("/")
    return f"https://{outlet}.example/{run}/{slug}"


def _html(item: Item) -> str:
    return "\n".join(f"<p>{escape(part.strip(), quote=False)}</p>" for part in item.body.split("\n\n") if part.strip())


def _when(item: Item, started: float) -> datetime:
    return datetime.fromtimestamp(started + item.after, UTC)


def _rss(outlet: Outlet, items: Sequence[Item], started: float, run: str) -> bytes:
    rows = "\n".join(
        f"<item><title>{escape(item.title)}</title><link>{address(item, run)}</link>"
        f'<guid isPermaLink="false">{run}/{item.path}</guid><pubDate>{format_datetime(_when(item, started))}</pubDate>'
        f"<content:encoded><![CDATA[{_html(item)}]]></content:encoded></item>"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{escape(outlet.title)}</title><link>https://{outlet.id}.example/</link>"
        f"<description>Invented news</description><language>{outlet.language}</language>\n{rows}\n</channel></rss>\n"
    ).encode()


def _atom(outlet: Outlet, items: Sequence[Item], started: float, run: str) -> bytes:
    rows = "\n".join(
        f"<entry><title>{escape(item.title)}</title><id>tag:{outlet.id}.example,2026:{run}/{item.path}</id>"
        f'<link rel="alternate" href="{address(item, run)}"/><updated>{_when(item, started).isoformat()}</updated>'
        f'<content type="html">{escape(_html(item))}</content></entry>'
        for item in items
    )
    newest = max((_when(item, started) for item in items), default=datetime.fromtimestamp(started, UTC))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}"><title>{escape(outlet.title)}</title>'
        f"<id>https://{outlet.id}.example/</id><updated>{newest.isoformat()}</updated>\n{rows}\n</feed>\n"
    ).encode()


def _rdf(outlet: Outlet, items: Sequence[Item], started: float, run: str) -> bytes:
    rows = "\n".join(
        f'<item rdf:about="{address(item, run)}"><title>{escape(item.title)}</title><link>{address(item, run)}</link>'
        f"<dc:date>{_when(item, started).isoformat()}</dc:date>"
        f"<content:encoded><![CDATA[{_html(item)}]]></content:encoded></item>"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f'<channel rdf:about="https://{outlet.id}.example/"><title>{escape(outlet.title)}</title>'
        f"<link>https://{outlet.id}.example/</link><description>Invented news</description>"
        f"<dc:language>{outlet.language}</dc:language></channel>\n{rows}\n</rdf:RDF>\n"
    ).encode()


def _json(outlet: Outlet, items: Sequence[Item], started: float, run: str) -> bytes:
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": outlet.title,
            "home_page_url": f"https://{outlet.id}.example/",
            "language": outlet.language,
            "items": [
                {
                    "id": f"{run}/{item.path}",
                    "url": address(item, run),
                    "title": item.title,
                    "content_html": _html(item),
                    "date_published": _when(item, started).isoformat(),
                }
                for item in items
            ],
        }
    )
