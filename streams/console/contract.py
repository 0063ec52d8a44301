"""The contract: the AsyncAPI document, and a page of it."""

from __future__ import annotations

from functools import cache

import orjson
from aiohttp import web

from streams.asyncapi import shipped
from streams.serving.contract import page

routes = web.RouteTableDef()


@routes.get("/contract")
async def contract(_: web.Request) -> web.StreamResponse:
    """Give the page."""
    return web.Response(text=_page(), content_type="text/html")


@routes.get("/contract.json")
async def document(_: web.Request) -> web.StreamResponse:
    """Give the document."""
    return web.Response(body=orjson.dumps(shipped()), content_type="application/json")


@cache
def _page() -> str:
    return page(shipped())
