"""Who may ask the console for what, and what browsers are told to keep to.

It listens on loopback unless told otherwise, and beyond loopback never without a token. A page of another site cannot
read from it (no CORS headers; on loopback a foreign ``Host``, as DNS rebinding brings it, is refused) and cannot act
through it: whatever acts is a POST with the word that only the console's own pages have.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler

from schemas.errors import ConfigError, GeowireError
from streams.settings import Settings

WORD_HEADER = "X-Geowire-Word"
"""Header in which a POST carries the word of ``/api/session``."""
COOKIE = "geowire"
LOGIN = "/login"
OPEN = frozenset({LOGIN, "/static/base.css", "/static/login.css", "/static/icon.svg"})
"""What is served without a token: what the page that asks for it is made of."""
_WRONG_SECONDS = 1.0
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """The rules of one console."""

    def __init__(self, settings: Settings) -> None:
        """Prepare.

        Raises:
            ConfigError: It is to listen beyond loopback without a token.
        """
        self._token = settings.console_token
        self._cookie = hashlib.blake2b(self._token.encode(), person=b"geowire-console").hexdigest()
        self.word = secrets.token_urlsafe(24)
        """What a POST must carry; another with every start."""
        local = settings.console_host in _LOCAL or _is_loopback(settings.console_host)
        if not local and not self._token:
            raise ConfigError(
                f"GEOWIRE_CONSOLE_HOST={settings.console_host} can be reached from other machines: set "
                "GEOWIRE_CONSOLE_TOKEN, or leave the host at 127.0.0.1"
            )
        self._hosts = None if self._token else _LOCAL | {settings.console_host}

    def host_is_ours(self, request: web.Request) -> bool:
        """Whether a request names a host that is meant to be us."""
        return self._hosts is None or _hostname(request.host) in self._hosts

    def knows(self, request: web.Request) -> bool:
        """Whether a request may read: no token is asked for, or it has it."""
        if not self._token or request.path in OPEN:
            return True
        bearer = request.headers.get("Authorization", "")
        return (
            self.is_token(bearer.removeprefix("Bearer "))
            or self.is_token(request.query.get("token", ""))
            or hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._cookie.encode())
        )

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(given.encode(), self._token.encode())

    def may_act(self, request: web.Request) -> bool:
        """Whether a request that changes something comes from the console's own pages, or from a script with a token.

        A form on another site can send neither the word nor an Authorization header.
        """
        if request.path == LOGIN:
            return True
        given = request.headers.get(WORD_HEADER, "")
        return hmac.compare_digest(given.encode(), self.word.encode())

    def admit(self, response: web.StreamResponse, *, secure: bool) -> None:
        """Have the browser remember that it gave the token."""
        response.set_cookie(COOKIE, self._cookie, httponly=True, samesite="Strict", secure=secure, path="/")


GUARD = web.AppKey("guard", Guard)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler, or say why not."""
    guard = request.app[GUARD]
    if not guard.host_is_ours(request):
        return problem(421, f"this console is not {_hostname(request.host)[:100]}: ask it by its own address")
    if not guard.knows(request):
        if request.query.get("token") or request.headers.get("Authorization"):
            await asyncio.sleep(_WRONG_SECONDS)
        if "text/html" in request.headers.get("Accept", "") and request.method == "GET":
            raise web.HTTPSeeOther(f"{LOGIN}?{urlencode({'to': request.path_qs})}")
        return problem(401, "a token is needed: Authorization: Bearer …, or log in with a browser")
    if request.method not in {"GET", "HEAD"} and not guard.may_act(request):
        return problem(403, f"what changes something needs the header {WORD_HEADER}, as /api/session gives it")
    return await handler(request)


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer its headers, and turn errors made on purpose into answers."""
    response: web.StreamResponse
    try:
        response = await handler(request)
    except ConfigError as error:
        response = problem(400, str(error))
    except GeowireError as error:
        response = problem(503, str(error))
    except web.HTTPException as error:
        error.headers.update(_headers(request))
        raise
    if not response.prepared:
        response.headers.update({k: v for k, v in _headers(request).items() if k not in response.headers})
    return response


def security_headers(request: web.Request) -> dict[str, str]:
    """Return the headers for a response that is prepared by its handler, as a stream of events is."""
    return _headers(request)


def problem(status: int, detail: str) -> web.Response:
    """Return an answer that says what is wrong (RFC 9457)."""
    return web.json_response(
        {"status": status, "detail": detail}, status=status, content_type="application/problem+json"
    )


def _headers(request: web.Request) -> dict[str, str]:
    # Files have an ETag: browsers keep them, and ask whether they are still the same.
    caching = {"Cache-Control": "no-cache" if request.path.startswith("/static/") else "no-store"}
    return {**SECURITY_HEADERS, **caching}


def _hostname(host: str) -> str:
    """Return the host of a Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
