"""The sample newsroom as a web server on loopback: real HTTP, items that appear and change over minutes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from schemas.feed import Feed
from streams.sample.articles import Outlet, listed, outlets
from streams.sample.documents import TYPES, document


class Newsroom:
    """The outlets, since when they are open, and where they are served."""

    def __init__(self, speed: float) -> None:
        """Open.

        Args:
            speed: Seconds of the newsroom that go by in one real second.
        """
        self.outlets = outlets()
        self.address = ""
        self.started = time.time()
        self.run = f"{self.started:.0f}"
        self._speed = speed

    @property
    def elapsed(self) -> float:
        """Seconds of the newsroom since the start."""
        return (time.time() - self.started) * self._speed

    @property
    def feeds(self) -> list[Feed]:
        """The feed list to poll it with; the last feed is one that is gone."""
        known = [
            Feed(
                url=f"http://{self.address}/{outlet.id}",
                id=outlet.id,
                title=outlet.title,
                publisher=outlet.title,
                country=outlet.country,
                language=outlet.language,
            )
            for outlet in self.outlets
        ]
        return [*known, Feed(url=f"http://{self.address}/closed-gazette", id="closed-gazette", title="Closed Gazette")]

    async def answer(self, request: web.Request) -> web.Response:
        """Serve an outlet's feed, conditionally."""
        outlet = next((outlet for outlet in self.outlets if outlet.id == request.match_info["outlet"]), None)
        if outlet is None:
            return web.Response(status=404)
        if self.elapsed < outlet.failing_until:
            return web.Response(status=503, headers={"Retry-After": "10"})
        return self._feed(outlet, request.headers.get("If-None-Match"))

    def _feed(self, outlet: Outlet, known: str | None) -> web.Response:
        body = document(outlet, listed(outlet, self.outlets, self.elapsed), started=self.started, run=self.run)
        etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": "max-age=2"}
        if known == etag:
            return web.Response(status=304, headers=headers)
        response = web.Response(body=body, headers={**headers, "Content-Type": TYPES[outlet.format]})
        response.enable_compression()
        return response


@asynccontextmanager
async def newsroom(*, speed: float = 1.0) -> AsyncIterator[Newsroom]:
    """Serve the sample newsroom on a free port of loopback, as long as the block lasts."""
    site = Newsroom(speed)
    app = web.Application()
    app.router.add_get("/{outlet}", site.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        site.address = f"{host}:{port}"
        yield site
    finally:
        await runner.cleanup()
