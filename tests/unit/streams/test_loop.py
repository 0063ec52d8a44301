"""TLS connections of workers and pollers end soon, whatever the peer says at the end."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import uvloop

from streams.loop import Loop

_TLS = Path(__file__).parents[2] / "fixtures" / "tls"


def test_a_peer_that_says_no_goodbye_holds_nobody_up() -> None:
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(_TLS / "certificate.pem", _TLS / "key.pem")
    trusted = ssl.create_default_context(cafile=str(_TLS / "certificate.pem"))
    over = threading.Event()

    def mute(listening: socket.socket) -> None:
        accepted, _ = listening.accept()
        with served.wrap_socket(accepted, server_side=True):
            over.wait(60)

    async def visit(port: int) -> float:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted, server_hostname="localhost")
        begun = time.monotonic()
        writer.close()
        with suppress(ssl.SSLError, TimeoutError):
            await writer.wait_closed()
        return time.monotonic() - begun

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=mute, args=(listening,), daemon=True)
        server.start()
        assert uvloop.run(visit(listening.getsockname()[1]), loop_factory=Loop) < 15
        over.set()
        server.join()
