"""``geowire console``: the application as a process, its address announced, stopped by a signal."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import signal

import uvloop
from aiohttp import web

from schemas.errors import ConfigError
from streams import logs
from streams.broker import admin
from streams.console.address import address_file
from streams.console.app import make_app
from streams.console.pages import check_assets
from streams.settings import Settings

log = logging.getLogger(__name__)

_STOP_SECONDS = 2.0


def serve(settings: Settings) -> None:
    """Serve the console until told to stop.

    Raises:
        ConfigError: It cannot listen where it is told to.
        BrokerError: There is no usable broker.
    """
    check_assets()
    app = make_app(settings)
    asyncio.run(admin.apply(settings))
    logs.configure(settings)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # an outage is said once, by us
    uvloop.run(_serve(settings, app))


async def _serve(settings: Settings, app: web.Application) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Streams of events would hold the end up: they are cut after two seconds, and browsers connect anew.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS)
    await runner.setup()
    try:
        address = await _listen(runner, settings)
        path = address_file(settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"address": address, "pid": os.getpid()}), "utf-8")
        log.info("console at %s", address)
        await stop.wait()
        path.unlink(missing_ok=True)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> str:
    """Listen; return the address for a browser on this machine."""
    try:
        await web.TCPSite(runner, settings.console_host, settings.console_port).start()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        what = "is taken: set GEOWIRE_CONSOLE_PORT, 0 takes a free one" if taken else f"cannot be used: {error}"
        raise ConfigError(f"{settings.console_host}:{settings.console_port} {what}") from error
    port = runner.addresses[0][1]
    host = settings.console_host
    anywhere = host in {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not listened on
    named = "127.0.0.1" if anywhere else f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}/"
