"""The HTTP server of a process: ``/health/live``, ``/health/ready``, ``/metrics``. Answers, and does nothing else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from msgspec import Struct

from schemas.codec import encode
from schemas.errors import ConfigError, InfrastructureError

if TYPE_CHECKING:
    from streams.settings import Settings

_PORT_MAX = 65_535
_OK, _UNAVAILABLE = 200, 503
_BACKLOG = 16

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Answer(Struct, frozen=True, omit_defaults=True):
    """What a probe is told: ``ok``, or why not."""

    ok: bool
    phase: str
    reason: str | None = None
    waiting: dict[str, int] = {}
    """How much waits, by place; places where nothing waits are left out."""


def bind(settings: Settings) -> socket.socket | None:
    """Take the port of the settings, or the first free one of their range; None where there is to be no server.

    Raises:
        ConfigError: It is neither a port nor a range, or the address is not ours.
        InfrastructureError: All of them are taken.
    """
    ports = _ports(settings.health_port)
    taken = None
    for port in ports:
        try:
            family = socket.AF_INET6 if ":" in settings.health_host else socket.AF_INET
            return socket.create_server((settings.health_host, port), family=family, backlog=_BACKLOG)
        except PermissionError as error:
            raise ConfigError(f"GEOWIRE_HEALTH_PORT={settings.health_port}: {error.strerror}") from error
        except OSError as error:
            if isinstance(error, socket.gaierror) or port == 0:
                raise ConfigError(f"GEOWIRE_HEALTH_HOST={settings.health_host}: {error.strerror}") from error
            taken = error
    if taken is not None:
        raise InfrastructureError(
            f"GEOWIRE_HEALTH_PORT={settings.health_port} on {settings.health_host}: {taken.strerror}; several "
            "processes on one machine need a range, as 9464-9479"
        ) from taken
    return None


def _ports(text: str) -> range:
    first, dash, last = text.partition("-")
    if text in {"", "0"}:
        return range(0)
    if not (first.isdecimal() and (not dash or last.isdecimal())):
        raise ConfigError(f"GEOWIRE_HEALTH_PORT={text!r} is neither a port nor a range of ports: 9464, 9464-9479")
    ports = range(int(first), int(last if dash else first) + 1)
    if not ports or ports.start < 1 or ports[-1] > _PORT_MAX:
        raise ConfigError(f"GEOWIRE_HEALTH_PORT={text!r}: ports are 1 to {_PORT_MAX}, the lower one first")
    return ports


@asynccontextmanager
async def serving(
    bound: socket.socket | None,
    *,
    live: Callable[[], Answer],
    ready: Callable[[], Answer],
    metrics: Callable[[], bytes],
) -> AsyncIterator[None]:
    """Serve on a bound socket while the block runs.

    Args:
        bound: The socket; None: nothing is served.
        live: Says whether the process does its work.
        ready: Says whether it has started and has its share.
        metrics: The page in Prometheus' text format.
    """
    if bound is None:
        yield
        return
    application = web.Application()
    application.router.add_get("/health/live", _probe(live))
    application.router.add_get("/health/ready", _probe(ready))
    application.router.add_get("/metrics", _page(metrics))
    runner = web.AppRunner(application, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _probe(ask: Callable[[], Answer]) -> _Handler:
    async def answer(_: web.Request) -> web.Response:
        found = ask()
        status = _OK if found.ok else _UNAVAILABLE
        return web.Response(body=encode(found), status=status, content_type="application/json")

    return answer


def _page(render: Callable[[], bytes]) -> _Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    return answer
