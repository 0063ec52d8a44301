"""One polite, bounded, safe GET: what came back, or in plain words why nothing did.

Redirects are followed here, not by the HTTP library, so that each hop is checked, remembered, and takes its turn at its
own host. No cookies, no referrer, nothing added to the address. What may be connected to is decided in ``addresses``,
how often a host is asked in ``hosts``, how much a body may hold in ``inflate``, what an error means in ``trouble``.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from msgspec import Struct, structs
from yarl import URL

from schemas.feed_state import Validators
from schemas.polling import Kind
from streams.polling import hints
from streams.polling.addresses import Guard, Resolver, port_of
from streams.polling.domains import host_of
from streams.polling.hosts import Hosts, RestingError
from streams.polling.inflate import Meter, inflater
from streams.polling.proxies import Proxies
from streams.polling.trouble import EXCERPT, PollError, of_error, of_status

if TYPE_CHECKING:
    from streams.settings import Settings

FEEDS = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
    "application/rdf+xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
"""Accept for feeds."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_ALIVE_SECONDS = 1.5
"""Long enough for a redirect or the next feed of the host; a feed is asked again in minutes at the earliest."""
_OK, _NOT_MODIFIED, _TOO_MANY, _FORBIDDEN = 200, 304, 429, 403
_SPELT_OUT = re.compile(r"[!-~]+")
_KEPT = (
    "etag last-modified content-type content-location retry-after cache-control age expires date location server "
    "cf-mitigated x-amzn-waf-action x-datadome x-sucuri-block x-robots-tag tdm-reservation tdm-policy"
).split()


class Limits(Struct, frozen=True, kw_only=True):
    """How much one GET may take. Real feeds stay below 2 MB and answer within seconds."""

    total_seconds: float = 30.0
    connect_seconds: float = 10.0
    silence_seconds: float = 15.0
    body_bytes: int = 20 * 1024 * 1024
    redirects: int = 5
    connections: int = 64


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
        digest: The hash by which this body is known again.
        hops: Redirects on the way.
        conditional: Whether validators were sent.
        problem: Why there is no body, in plain words; None for 200 and 304.
        kind: What kind of problem.
        host_rests: Until when the host that answered is left alone, epoch seconds; None: it did not ask for it.
    """

    url: str
    status: int | None = None
    headers: dict[str, str] = {}
    body: bytes | None = None
    digest: str | None = None
    hops: tuple[Hop, ...] = ()
    conditional: bool = False
    problem: str | None = None
    kind: Kind | None = None
    host_rests: float | None = None


class Fetcher:
    """Fetches; one for the whole poller, so that connections are shared and limits are global."""

    def __init__(
        self,
        *,
        hosts: Hosts | None = None,
        allow_private: tuple[str, ...] = (),
        contact: str = "",
        proxies: Proxies | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Prepare.

        Args:
            hosts: The manners towards hosts; None: one request a second, for a single fetch.
            allow_private: ``host:port`` that may be private.
            contact: Address for publishers, in the user agent.
            proxies: How to get out; None: directly.
            limits: How much one GET may take.
        """
        about = f" (+{contact})" if contact else ""
        self._agent = f"geowire/{version('geowire')}{about}"
        self._hosts = hosts or Hosts(gap=1.0)
        self._proxies = proxies or Proxies()
        self._guard = Guard(allow_private)
        self._limits = limits or Limits()
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._session: aiohttp.ClientSession | None = None
        self._resolver: Resolver | None = None

    @classmethod
    def of(cls, settings: Settings, *, hosts: Hosts | None = None, limits: Limits | None = None) -> Self:
        """Return one that gets out, and says who it is, as the settings have it."""
        return cls(
            hosts=hosts or Hosts(gap=settings.poll_host_seconds),
            allow_private=settings.allow_private,
            contact=settings.contact,
            proxies=Proxies(http=settings.http_proxy, https=settings.https_proxy, excepted=settings.no_proxy),
            limits=limits,
        )

    async def __aenter__(self) -> Self:
        # The proxies are the operator's own and mostly private; everything else is checked.
        self._resolver = Resolver(self._guard)
        outward = Resolver(self._guard.also(self._proxies.addresses)) if self._proxies.addresses else self._resolver
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=outward, limit=0, ttl_dns_cache=60, keepalive_timeout=_KEEP_ALIVE_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._limits.connect_seconds, sock_read=self._limits.silence_seconds
            ),
            headers={"User-Agent": self._agent, "Accept-Encoding": "gzip, br"},
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
        if self._resolver is not None:
            await self._resolver.close()

    def slow(self, host: str, gap: float) -> None:
        """Leave a larger gap between requests to a host, as its robots.txt asks."""
        self._hosts.slow(host, gap)

    async def get(
        self,
        url: str,
        validators: Validators | None = None,
        *,
        accept: str = FEEDS,
        permit: Callable[[str], Awaitable[None]] | None = None,
    ) -> Response:
        """Fetch an address. Never raises for what the network does; says in ``problem`` what happened.

        Args:
            url: The address.
            validators: Makes the request conditional, if they are those of exactly this address.
            accept: What kinds of document are wanted.
            permit: Asked before each address of the way is fetched; raises PollError where it must not be.
        """
        hops: list[Hop] = []
        been = {url}
        left = self._limits.total_seconds
        try:
            while True:
                self._guard.check(urlsplit(url))
                if permit is not None:
                    await permit(url)
                host = host_of(url)
                async with self._hosts.turn(host), self._slots:
                    started = time.monotonic()
                    async with asyncio.timeout(left):
                        response = await self._one(url, validators, accept=accept, hops=tuple(hops))
                    left -= time.monotonic() - started
                if response.status not in REDIRECTS:
                    return self._heard(host, response)
                target = _target(url, response)
                hops.append(Hop(response.status or 0, target))
                _check_hops(hops, been, self._limits.redirects)
                been.add(target)
                url = target
        except RestingError as error:
            rests = {"retry-after": str(round(error.seconds))}
            return Response(url=url, hops=tuple(hops), headers=rests, problem=str(error), kind="rate-limited")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            found = of_error(error)
            return Response(url=url, hops=tuple(hops), problem=found.words, kind=found.kind)

    async def _one(self, url: str, validators: Validators | None, *, accept: str, hops: tuple[Hop, ...]) -> Response:
        assert self._session is not None, "a Fetcher is used inside its async with block"  # noqa: S101
        headers = {"Accept": accept}
        if conditional := validators is not None and validators.url == url:
            headers |= _conditions(validators)
        proxy = await self._way_out(url)
        async with self._session.get(_as_written(url), headers=headers, allow_redirects=False, proxy=proxy) as answer:
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            if "x-robots-tag" in kept:  # each of several speaks to another robot
                kept["x-robots-tag"] = "\n".join(answer.headers.getall("x-robots-tag"))
            response = Response(url=url, status=answer.status, headers=kept, hops=hops, conditional=conditional)
            if answer.status in REDIRECTS:
                return response
            if answer.status == _NOT_MODIFIED:
                return response if conditional else _unasked(response)
            if answer.status == _OK:
                body = await self._body(answer, self._limits.body_bytes)
                digest = hashlib.blake2b(body, digest_size=16).hexdigest()
                return structs.replace(response, body=body, digest=digest)
            found = of_status(answer.status, answer.reason, kept, await self._excerpt(answer))
            return structs.replace(response, problem=found.words, kind=found.kind)

    async def _way_out(self, url: str) -> str | None:
        """Return the proxy to use for an address, None where it is fetched directly."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", port_of(parts)
        proxy = None if self._guard.allows(host, host, port) else self._proxies.of(parts.scheme, host, port)
        if proxy is not None:
            assert self._resolver is not None  # noqa: S101 - for the type checker
            await self._resolver.check_for_proxy(parts)
        return proxy

    def _heard(self, host: str, response: Response) -> Response:
        """Take note of what an answer says about the host as a whole."""
        asked = hints.retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        if response.status == _TOO_MANY or (response.status == _FORBIDDEN and asked):
            return structs.replace(response, host_rests=self._hosts.rest(host, asked))
        if response.status in {_OK, _NOT_MODIFIED}:
            self._hosts.answered(host)
        return response

    async def _body(self, answer: aiohttp.ClientResponse, most: int) -> bytes:
        """Return the body, decompressed; others run between its steps.

        Raises:
            PollError: It is too large, a bomb, or not what its Content-Encoding says.
        """
        unpack, meter, body = inflater(answer.headers.get("Content-Encoding")), Meter(most), bytearray()
        async for chunk in answer.content.iter_any():
            meter.came(len(chunk))
            for number, piece in enumerate(unpack.feed(chunk)):
                meter.gave(len(piece))
                body += piece
                if number:
                    await asyncio.sleep(0)
        unpack.finish()
        return bytes(body)

    async def _excerpt(self, answer: aiohttp.ClientResponse) -> bytes:
        """Return the beginning of an error page, or nothing where it cannot be read."""
        try:
            unpack, page = inflater(answer.headers.get("Content-Encoding")), bytearray()
            async for chunk in answer.content.iter_any():
                for piece in unpack.feed(chunk):
                    page += piece
                    if len(page) >= EXCERPT:
                        return bytes(page[:EXCERPT])
        except (PollError, aiohttp.ClientError):
            return b""
        return bytes(page)


def _conditions(validators: Validators) -> dict[str, str]:
    headers = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _as_written(url: str) -> URL:
    """Return an address that is asked for just as it is spelt, if it can stand in a request at all."""
    return URL(url, encoded=_SPELT_OUT.fullmatch(url) is not None)


def _target(url: str, response: Response) -> str:
    location = response.headers.get("location", "").strip()
    if not location:
        raise PollError("redirects", f"HTTP {response.status} that does not say where to")
    return urljoin(url, location).partition("#")[0]


def _check_hops(hops: list[Hop], been: set[str], most: int) -> None:
    if len(hops) > most:
        raise PollError("redirects", f"more than {most} redirects")
    if hops[-1].to in been:
        raise PollError("redirects", "the redirects go in a circle; it may want cookies")


def _unasked(response: Response) -> Response:
    return structs.replace(response, problem="HTTP 304 to a request without conditions", kind="unavailable")
