"""One polite, bounded, safe GET: what came back, or in plain words why nothing did.

Addresses are checked where the connection is made, on every hop, after the name is resolved: a name that resolves to
loopback, to the private or link-local ranges or to carrier-grade NAT is refused unless the operator allowed
``host:port``. Redirects are followed here, not by the HTTP library, so that each hop is checked and remembered. No
cookies, no referrer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from importlib.metadata import version
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from msgspec import Struct

from schemas.feed_state import Validators

BODY_MAX = 20 * 1024 * 1024
"""Largest body, decompressed; real feeds stay below 2 MB."""
TOTAL_SECONDS = 30.0
REDIRECTS_MAX = 5
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
    "application/rdf+xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT = (
    "etag",
    "last-modified",
    "content-type",
    "retry-after",
    "cache-control",
    "age",
    "expires",
    "date",
)


class Hop(Struct, frozen=True):
    """One redirect."""

    status: int
    to: str


class Response(Struct, frozen=True, kw_only=True):
    """What a GET brought.

    Attributes:
        url: The address that answered last.
        status: HTTP status; None where there was no answer.
        headers: Those of interest, names in lower case, values verbatim.
        body: Decompressed body of a 200; None otherwise.
        hops: Redirects on the way.
        problem: Why there is no body, in plain words; None for 200 and 304.
    """

    url: str
    status: int | None = None
    headers: dict[str, str] = {}
    body: bytes | None = None
    hops: tuple[Hop, ...] = ()
    problem: str | None = None


class RefusedError(OSError):
    """An address that must not be fetched."""


class Fetcher:
    """Fetches; one for the whole poller, so that connections are shared and limits are global."""

    def __init__(self, *, allow_private: tuple[str, ...] = (), contact: str = "", connections: int = 100) -> None:
        """Prepare.

        Args:
            allow_private: ``host:port`` that may be private.
            contact: Address for publishers, in the user agent.
            connections: Most connections at a time.
        """
        about = f" (+{contact})" if contact else ""
        self._agent = f"geowire/{version('geowire')}{about}"
        self._allowed = frozenset(entry.lower() for entry in allow_private)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_PublicOnly(self._allowed), limit=self._connections, limit_per_host=4, ttl_dns_cache=60
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=10.0, sock_read=15.0),
            headers={"User-Agent": self._agent, "Accept": _ACCEPT},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str, validators: Validators | None = None) -> Response:
        """Fetch an address, conditionally where validators for exactly this address are given.

        Never raises for what the network does; says in ``problem`` what happened.
        """
        hops: list[Hop] = []
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                while True:
                    response = await self._one(url, validators, tuple(hops))
                    if response.status not in _REDIRECTS:
                        return response
                    url = _target(url, response.headers.get("location"))
                    hops.append(Hop(response.status, url))
                    if len(hops) > REDIRECTS_MAX:
                        return Response(url=url, hops=tuple(hops), problem=f"more than {REDIRECTS_MAX} redirects")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Response(url=url, hops=tuple(hops), problem=_in_words(error))

    async def _one(self, url: str, validators: Validators | None, hops: tuple[Hop, ...]) -> Response:
        assert self._session is not None, "a Fetcher is used inside its async with block"  # noqa: S101
        self._check_literal(url)
        headers = {}
        if validators is not None and validators.url == url:
            if validators.etag:
                headers["If-None-Match"] = validators.etag
            if validators.last_modified:
                headers["If-Modified-Since"] = validators.last_modified
        async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
            kept = {name: answer.headers[name] for name in (*_KEPT, "location") if name in answer.headers}
            body = problem = None
            if answer.status == 200:  # noqa: PLR2004 - HTTP's own number
                body, problem = await _bounded(answer.content)
            elif answer.status != 304 and answer.status not in _REDIRECTS:  # noqa: PLR2004
                problem = f"HTTP {answer.status} {answer.reason or ''}".strip()
            return Response(url=url, status=answer.status, headers=kept, body=body, hops=hops, problem=problem)

    def _check_literal(self, url: str) -> None:
        """Refuse what the resolver does not get to see: other schemes, and addresses written as numbers."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RefusedError(f"only http and https are fetched, not {url[:80]!r}")
        try:
            address = ipaddress.ip_address(parts.hostname)
        except ValueError:
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not is_public(address) and not _allowed(self._allowed, parts.hostname, str(address), port):
            raise RefusedError(_refusal(parts.hostname, str(address), port))


class _PublicOnly(AbstractResolver):
    """Resolves names, and gives only addresses that may be connected to.

    What it gives is what is connected to, so a name that resolves differently the next moment gains nothing.
    """

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        public = [
            result
            for result in found
            if is_public(ipaddress.ip_address(result["host"].partition("%")[0]))
            or _allowed(self._allowed, host, result["host"], port)
        ]
        if not public and found:
            raise RefusedError(_refusal(host, found[0]["host"], port))
        return public

    async def close(self) -> None:
        await self._resolver.close()


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the public internet, looked at through the ways to write IPv4 inside IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _allowed(allowed: frozenset[str], host: str, address: str, port: int) -> bool:
    return f"{host.lower()}:{port}" in allowed or f"{address}:{port}" in allowed


def _refusal(host: str, address: str, port: int) -> str:
    return f"{host} is at {address}, which is not a public address; if it is yours, set ALLOW_PRIVATE={host}:{port}"


def _target(url: str, location: str | None) -> str:
    if not location:
        raise ValueError("a redirect without Location")
    return urljoin(url, location)


async def _bounded(content: aiohttp.StreamReader) -> tuple[bytes | None, str | None]:
    body = bytearray()
    async for chunk in content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > BODY_MAX:
            return None, f"the body is larger than {BODY_MAX // 1024 // 1024} MB"
    return bytes(body), None


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no complete answer within {TOTAL_SECONDS:.0f} s"
    cause: Any = error
    while cause is not None:
        if isinstance(cause, RefusedError):
            return str(cause)
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return f"TLS failed: {error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    return f"{type(error).__name__}: {error}"[:300]
