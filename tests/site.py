"""A news site on loopback: feed documents written for a test, served over real HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Any

from aiohttp import web


class Site:
    """What is served, by path; a test changes ``documents`` as it goes."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.requests: Counter[str] = Counter()
        self.address = ""

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"

    async def answer(self, request: web.Request) -> web.Response:
        self.requests[request.path] += 1
        document = self.documents.get(request.path)
        if document is None:
            return web.Response(status=404)
        return web.Response(body=document, content_type="application/rss+xml")


@asynccontextmanager
async def serve() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, "127.0.0.1", 0)
        await listener.start()
        host, port = runner.addresses[0]
        site.address = f"{host}:{port}"
        yield site
    finally:
        await runner.cleanup()


def rss(*items: dict[str, Any], title: str = "The Daily Example", language: str = "en") -> bytes:
    """An RSS 2.0 document; items have title, link, and optionally guid, html and date."""
    rows = "\n".join(_item(item) for item in items)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>{escape(title)}</title><link>https://daily.example/</link><language>{language}</language>
{rows}
</channel></rss>""".encode()


def _item(item: dict[str, Any]) -> str:
    guid = f'<guid isPermaLink="false">{escape(item["guid"])}</guid>' if "guid" in item else ""
    date = f"<pubDate>{item['date']}</pubDate>" if "date" in item else ""
    html = f"<content:encoded><![CDATA[{item['html']}]]></content:encoded>" if "html" in item else ""
    return f"<item><title>{escape(item['title'])}</title><link>{item['link']}</link>{guid}{date}{html}</item>"
