"""A programmable server on loopback: answers in order, requests remembered; and one that sends raw bytes."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy


class Seen(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    host: str
    headers: CIMultiDictProxy[str]
    at: float


class Answer(NamedTuple):
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    reason: str | None = None


Script = Callable[[Seen], Answer]


class Server:
    """Answers by path; the last answer of a path goes on for ever."""

    def __init__(self) -> None:
        self._scripts: dict[str, list[Answer | Script]] = {}
        self.requests: list[Seen] = []
        self.under_way: defaultdict[str, int] = defaultdict(int)
        self.most_at_a_time: defaultdict[str, int] = defaultdict(int)
        self.most_of_all = 0
        self.delay = 0.0
        self.address = ""
        self.scheme = "http"

    def url(self, path: str, host: str | None = None) -> str:
        """The address of a path; under another name of this machine, if one is given."""
        address = self.address if host is None else f"{host}:{self.address.rpartition(':')[2]}"
        return f"{self.scheme}://{address}{path}"

    def on(self, path: str, *answers: Answer | Script) -> None:
        self._scripts[path] = list(answers)

    def seen(self, path: str) -> list[Seen]:
        return [request for request in self.requests if request.path == path]

    async def handle(self, request: web.Request) -> web.Response:
        host = request.host.partition(":")[0]
        seen = Seen(request.method, request.raw_path, host, request.headers, asyncio.get_running_loop().time())
        self.requests.append(seen)
        self.under_way[host] += 1
        self.most_at_a_time[host] = max(self.most_at_a_time[host], self.under_way[host])
        self.most_of_all = max(self.most_of_all, sum(self.under_way.values()))
        try:
            await asyncio.sleep(self.delay)
            return self._answer(seen)
        finally:
            self.under_way[host] -= 1

    def _answer(self, seen: Seen) -> web.Response:
        script = self._scripts.get(seen.path)
        if not script:
            return web.Response(status=404)
        step = script.pop(0) if len(script) > 1 else script[0]
        answer = step(seen) if callable(step) else step
        headers = CIMultiDict(answer.headers)
        headers.setdefault("Content-Type", "application/rss+xml")
        return web.Response(status=answer.status, body=answer.body, headers=headers, reason=answer.reason)


@asynccontextmanager
async def serving(listen: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, listen, 0, ssl_context=tls).start()
        server.address = "{}:{}".format(*runner.addresses[0])
        server.scheme = "https" if tls else "http"
        yield server
    finally:
        await runner.cleanup()


Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(answer: Raw) -> AsyncIterator[str]:
    """A server that reads a request's head and leaves the rest to ``answer``; its ``host:port``."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield "{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
