"""Server-sent events: one stream of them to one browser, with signs of life in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from msgspec import Struct

from streams.console.guard import security_headers

_ALIVE_SECONDS = 15.0


class Message(Struct, frozen=True):
    """One event.

    Attributes:
        data: One line, JSON.
        event: Its name; None: ``message``.
        id: What a browser sends back as ``Last-Event-ID`` when it connects anew.
    """

    data: bytes
    event: str | None = None
    id: str | None = None

    def __bytes__(self) -> bytes:
        """Return it as it is sent."""
        head = f"event: {self.event}\n" if self.event else ""
        return (head + (f"id: {self.id}\n" if self.id else "")).encode() + b"data: " + self.data + b"\n\n"


async def send(request: web.Request, messages: AsyncIterator[Message]) -> web.StreamResponse:
    """Send events until there are no more or nobody listens; a comment every 15 s shows that we are alive."""
    response = web.StreamResponse(
        headers={**security_headers(request), "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    await response.write(b"retry: 1000\n\n")
    following = anext(messages, None)
    waiting = asyncio.ensure_future(following)
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_ALIVE_SECONDS)
            if not done:
                await response.write(b": alive\n\n")
                continue
            if (message := waiting.result()) is None:
                return response
            waiting = asyncio.ensure_future(anext(messages, None))
            await response.write(bytes(message))
    except ConnectionResetError:
        return response
    finally:
        waiting.cancel()
