"""Which addresses may be connected to: those of the public internet, and what the operator names.

Names are resolved here, and what is resolved here is what is connected to, on every hop: a name that resolves to
something else a moment later gains nothing (DNS rebinding). Loopback, private and link-local ranges, carrier-grade NAT
and whatever else is not global are refused, also where they are written inside an IPv6 address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import SplitResult

from aiohttp.abc import AbstractResolver, ResolveResult

from streams.polling.trouble import PollError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_THREADS = 32
"""getaddrinfo blocks, for names of dead servers up to half a minute; a few such must not hold up the rest."""
_LOCAL_NAMES = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home.arpa", ".corp", ".home")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class RefusedError(PollError):
    """An address that must not be fetched."""

    def __init__(self, words: str) -> None:
        super().__init__("refused", words)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, looked at through the ways to write IPv4 inside IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and (address in _NAT64 or address in _V4_COMPATIBLE):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def port_of(parts: SplitResult) -> int:
    """Return the port of an address, the scheme's own where none is written."""
    return parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


class Guard:
    """Says what may be connected to."""

    def __init__(self, allow_private: tuple[str, ...] = ()) -> None:
        """Prepare; ``allow_private`` holds ``host:port`` that may be private."""
        self._allowed = frozenset(entry.lower() for entry in allow_private)

    def allows(self, host: str, address: str, port: int) -> bool:
        """Whether the operator allows a host at a port, by its name or its address."""
        return f"{host.lower()}:{port}" in self._allowed or f"{address}:{port}" in self._allowed

    def also(self, entries: tuple[str, ...]) -> Guard:
        """Return a guard that allows some more ``host:port``."""
        return Guard((*self._allowed, *entries))

    def admits(self, host: str, address: str, port: int) -> bool:
        """Whether ``host``, which is at ``address``, may be connected to."""
        return is_public(ipaddress.ip_address(address.partition("%")[0])) or self.allows(host, address, port)

    def check(self, parts: SplitResult) -> None:
        """Refuse what the resolver does not get to see: other schemes, and hosts written as an address.

        Raises:
            RefusedError: The address must not be fetched.
        """
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise RefusedError(f"only http and https are fetched, not {parts.geturl()[:80]!r}")
        try:
            ipaddress.ip_address(parts.hostname)
        except ValueError:
            return
        if not self.admits(parts.hostname, parts.hostname, port_of(parts)):
            raise RefusedError(refusal(parts.hostname, parts.hostname, port_of(parts)))


class Resolver(AbstractResolver):
    """Resolves names, and gives only addresses that may be connected to."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name.

        Raises:
            RefusedError: None of its addresses may be connected to.
            OSError: It does not resolve.
        """
        loop = asyncio.get_running_loop()
        found: list[Any] = await loop.run_in_executor(self._threads, _look_up, host, port, family)
        public = [entry for entry in found if self._guard.admits(host, entry[4][0], port)]
        if not public and found:
            raise RefusedError(refusal(host, found[0][4][0], port))
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in public
        ]

    async def check_for_proxy(self, parts: SplitResult) -> None:
        """Refuse a target that a proxy is to be asked for, if it is not public as far as can be seen from here.

        Where only the proxy can resolve names, a name that does not resolve here is the proxy's to judge, unless it is
        of a kind that is local everywhere.

        Raises:
            RefusedError: The target must not be fetched.
        """
        host = parts.hostname or ""
        try:
            await self.resolve(host, port_of(parts))
        except RefusedError:
            raise
        except OSError as error:
            if "." not in host.strip(".") or f".{host.rstrip('.').lower()}".endswith(_LOCAL_NAMES):
                raise RefusedError(f"{host} is a local name; a proxy is not asked for it") from error

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def refusal(host: str, address: str, port: int) -> str:
    """Return why an address is not fetched, and what to do if it is the operator's own."""
    return f"{host} is at {address}, which is not a public address; if it is yours, set ALLOW_PRIVATE={host}:{port}"


def _look_up(host: str, port: int, family: int) -> list[Any]:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
