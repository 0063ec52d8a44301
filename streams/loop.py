"""The event loop of workers and pollers: uvloop, but for how long it waits at the end of a TLS connection.

Kafka closes a connection without TLS's own goodbye. uvloop then waits 30 s for it, and aiokafka with it whenever a
client is closed: seen as a start that takes half a minute longer, now and then, where Kafka speaks TLS.
"""

from __future__ import annotations

from typing import Any

import uvloop

_GOODBYE_SECONDS = 1.0


class Loop(uvloop.Loop):
    """An event loop that waits no longer than a second for a peer's TLS goodbye."""

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        """Connect, as uvloop does."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_shutdown_timeout", _GOODBYE_SECONDS)
        return await super().create_connection(*arguments, **options)


class Policy(uvloop.EventLoopPolicy):  # type: ignore[misc]  # a class without types
    """Makes such loops, in every thread."""

    def _loop_factory(self) -> Loop:
        return Loop()
