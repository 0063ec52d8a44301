"""A machine without network: on PYTHONPATH, only loopback names resolve."""

from __future__ import annotations

import socket
from typing import Any

_resolve = socket.getaddrinfo


def _loopback_only(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost", "127.0.0.1", "0.0.0.0", "::1", socket.gethostname()}:  # noqa: S104 - compared
        return _resolve(host, *arguments, **options)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


socket.getaddrinfo = _loopback_only
