"""Feeds on many addresses of this machine that publish by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.server import Answer, Server


class Newsrooms:
    """The feeds, each on an address (and so in a domain) of its own; what they publish is for who derives from this."""

    def __init__(self, server: Server, hosts: Sequence[str]) -> None:
        self._server = server
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        self._ended: float | None = None
        self.hosts = hosts
        for host in hosts:
            server.on(f"/{host}", lambda seen: Answer(body=self._page(seen.path[1:])))

    @property
    def urls(self) -> list[str]:
        return [self._server.url(f"/{host}", host) for host in self.hosts]

    @property
    def addresses(self) -> str:
        return ",".join(url.split("/")[2] for url in self.urls)

    def close(self) -> None:
        """Publish and correct nothing more."""
        self._ended = self._now()

    @property
    def _age(self) -> float:
        """For how many seconds they have published."""
        return (self._ended or self._now()) - self._began

    def _page(self, host: str) -> bytes:
        """What a feed lists now."""
        raise NotImplementedError
