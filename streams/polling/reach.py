"""Can any feed of a list be reached at all? Asked once at the start, so that a machine without network is told so."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOSTS_MAX = 24
_SECONDS = 6.0


async def unreachable(urls: Sequence[str]) -> str | None:
    """Return why no host of some addresses answers; None as soon as one does, or where there are none.

    Only a connection is opened, nothing is requested.
    """
    hosts = sorted({(parts.hostname or "", parts.port or _port(parts.scheme)) for parts in map(urlsplit, urls)})
    asked = hosts[:: max(1, len(hosts) // _HOSTS_MAX)][:_HOSTS_MAX]
    tasks = [asyncio.create_task(_connect(host, port)) for host, port in asked]
    reasons: Counter[str] = Counter()
    try:
        for answer in asyncio.as_completed(tasks):
            reason = await answer
            if reason is None:
                return None
            reasons[reason] += 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return reasons.most_common(1)[0][0] if reasons else None


async def _connect(host: str, port: int) -> str | None:
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no answer within {_SECONDS:.0f} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    writer.close()
    return None


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
