"""What went wrong with a poll: its kind, and what it means in plain words.

An answer that is no feed is an error, whatever its status says: a login page, a challenge page and an error message in
JSON all come with 200 from somewhere, and "0 items" would hide them for ever.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import orjson
from msgspec import Struct

from schemas.polling import Kind

EXCERPT = 32 * 1024
"""Bytes of a page that are looked at."""

_HEADERS = (
    ("cf-mitigated", "", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "ddos-guard", "DDoS-Guard"),
)
"""Headers that only a challenge has: name, what its value holds, who puts it there."""


def _pattern(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_MARKS = (
    (_pattern(rb"/cdn-cgi/challenge-platform|cf-browser-verification|cf_chl_|<title>just a moment"), "Cloudflare"),
    (_pattern(rb"attention required! \| cloudflare"), "Cloudflare"),
    (_pattern(rb"_incapsula_resource|incapsula incident"), "Imperva"),
    (_pattern(rb"captcha-delivery\.com"), "DataDome"),
    (_pattern(rb"perimeterx|px-captcha|_pxappid"), "PerimeterX"),
    (_pattern(rb"awswafcookiedomainlist|aws-waf-token|token\.awswaf\.com"), "AWS WAF"),
    (_pattern(rb"sucuri website firewall|sucuri_cloudproxy_js"), "Sucuri"),
    (_pattern(rb"errors\.edgesuite\.net|<title>access denied</title>.{0,600}reference&#32;#"), "Akamai"),
    (_pattern(rb"anubis_challenge|making sure you(?:'|&#39;|\xe2\x80\x99)re not a bot"), "Anubis"),
    (_pattern(rb"ddos-guard"), "DDoS-Guard"),
    (_pattern(rb"g-recaptcha|h-captcha|hcaptcha\.com/1/api|cf-turnstile"), "a captcha"),
)
_LOGIN = _pattern(
    rb"<input[^>]{0,200}type\s*=\s*[\"']?password|<title>[^<]{0,60}\b(?:log ?in|sign ?in|anmelden|connexion)\b"
)
_TITLE = _pattern(rb"<title[^>]{0,200}>([^<]{1,300})")
_HTML = _pattern(rb"<(?:!doctype\s+html|html|head|body|script|meta|div|p)\b")
_FEED_ROOT = _pattern(rb"<(?:rss|rdf:rdf|feed|channel|urlset)[\s>]")
_KINDS: dict[int, Kind] = {404: "not-found", 410: "gone", 429: "rate-limited", 403: "rate-limited", 401: "login"}
_WORDS: dict[int, str] = {
    401: "it wants a login",
    402: "it wants to be paid",
    403: "it refuses us; taken as a limit, so it is asked less and less often",
    404: "there is nothing at this address now; it is asked less and less often",
    410: "the publisher says that it is gone for good",
    429: "it has had too many requests",
    451: "it may not be shown here for legal reasons",
}


class PollError(OSError):
    """Why a poll cannot go on, known on our side; ``str()`` says it in plain words."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class Problem(Struct, frozen=True):
    """Why a poll brought no feed."""

    kind: Kind
    words: str


def of_error(error: BaseException) -> Problem:
    """Say what an error of the network, or one of ours, means."""
    cause: Any = error
    while cause is not None:  # aiohttp wraps what the resolver raises
        if isinstance(cause, PollError):
            return Problem(cause.kind, str(cause))
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    for kinds, kind, words in _ERRORS:
        if isinstance(error, kinds):
            return Problem(kind, words(error)[:300])
    return Problem("no-answer", f"{type(error).__name__}: {error}"[:300])


def of_status(status: int, reason: str | None, headers: Mapping[str, str], page: bytes) -> Problem:
    """Say what a status other than 200 and 304 means.

    Args:
        status: HTTP status.
        reason: Its reason phrase.
        headers: Headers, names in lower case.
        page: The beginning of the body, decompressed.
    """
    name = f"HTTP {status} {reason or ''}".strip()
    if (guard := _challenger(headers, page)) is not None:
        return Problem("blocked", f"{name}: {_challenge(guard)}")
    kind = _KINDS.get(status, "unavailable" if status >= 500 else "denied")  # noqa: PLR2004
    words = _WORDS.get(status)
    return Problem(kind, f"{name}: {words}" if words else name)


def of_page(headers: Mapping[str, str], body: bytes, said: str | None) -> Problem:
    """Say what a body that came with 200 is, when it is no feed.

    Args:
        headers: Headers, names in lower case.
        body: The body, decompressed.
        said: What the parser says of it.
    """
    page = body[:EXCERPT]
    start = page.lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if not start:
        return Problem("not-a-feed", "the answer is empty")
    if (guard := _challenger(headers, page)) is not None:
        return Problem("blocked", _challenge(guard))
    if start[:1] in {b"{", b"["}:
        return Problem("not-a-feed", _json(body))
    if _HTML.search(page[:2048]) and not _FEED_ROOT.search(page[:2048]):
        title = _TITLE.search(page)
        shown = f", titled {' '.join(title[1].decode('utf-8', 'replace').split())[:80]!r}" if title else ""
        if _LOGIN.search(page):
            return Problem("login", f"a login page instead of a feed{shown}")
        return Problem("not-a-feed", f"a web page instead of a feed{shown}")
    return Problem("not-a-feed", said or "the answer is not a feed")


_Words = Callable[[Any], str]
_ERRORS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Kind, _Words], ...] = (
    (TimeoutError, "no-answer", lambda e: f"no complete answer in time ({e or 'the limit for one feed is reached'})"),
    (aiohttp.ClientConnectorDNSError, "no-answer", lambda e: f"the name {e.host} cannot be resolved"),
    (
        aiohttp.ClientConnectorCertificateError,
        "tls",
        lambda e: f"the certificate of {e.host} is not good: {e.certificate_error}",
    ),
    ((aiohttp.ClientConnectorSSLError, ssl.SSLError), "tls", lambda e: f"TLS failed: {e}"),
    (
        aiohttp.ClientConnectorError,
        "no-answer",
        lambda e: f"cannot connect to {e.host}:{e.port}: {e.os_error.strerror or e.os_error}",
    ),
    (
        (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError),
        "no-answer",
        lambda e: f"the connection broke in the middle of the answer: {e}",
    ),
    (aiohttp.ClientHttpProxyError, "no-answer", lambda e: f"the proxy refuses: HTTP {e.status} {e.message}"),
    (aiohttp.ClientResponseError, "no-answer", lambda e: f"the answer is not HTTP: {e.message}"),
    ((aiohttp.InvalidURL, ValueError), "refused", lambda e: f"not an address that can be fetched: {e}"),
)
"""What errors mean, the first that fits."""


def _challenger(headers: Mapping[str, str], page: bytes) -> str | None:
    for name, part, guard in _HEADERS:
        if name in headers and part in headers[name].lower():
            return guard
    if _FEED_ROOT.search(page[:2048]):
        return None  # a feed may write about challenges
    return next((guard for mark, guard in _MARKS if mark.search(page)), None)


def _challenge(guard: str) -> str:
    return (
        f"a challenge ({guard}) that only a browser passes stands before the feed; ask the publisher to let the feed "
        "through to readers, or remove it"
    )


def _json(body: bytes) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "the answer begins like JSON and is neither JSON nor a feed"
    if isinstance(value, dict):
        for name in ("error", "message", "detail", "title", "status"):
            if isinstance(found := value.get(name), str | int):
                return f"JSON instead of a feed; it says {name}: {str(found)[:120]!r}"
    return "JSON instead of a feed"
