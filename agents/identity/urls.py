"""Canonical addresses: the same story under any of its addresses gets the same id.

The rules are data (``url_rules.yaml``): tracking parameters, host prefixes, AMP endings and wrappers. Here is only
how they are applied. The result is an identifier, not necessarily an address that answers.
"""

from __future__ import annotations

import base64
import re
from functools import cache, lru_cache
from importlib import resources
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec
import yaml

_UNRESERVED = "-._~!$&'()*+,;=:@/"
_MAX_LENGTH = 4096
_MAX_UNWRAP = 3
_REMEMBERED = 4_096
"""Addresses whose form is remembered: one is asked for several times while its feed is read."""


class _Tracking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    values: dict[str, frozenset[str]]


class _Host(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keep: frozenset[str]


class _Wrapper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    path: str


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host_prefixes: frozenset[str]
    host_aliases: dict[str, str]
    tracking: _Tracking
    hosts: dict[str, _Host]
    path_prefixes: tuple[str, ...]
    path_suffixes: tuple[str, ...]
    path_parameters: tuple[str, ...]
    amp_markers: tuple[str, ...]
    wrappers: tuple[_Wrapper, ...]


@cache
def _rules() -> _Rules:
    text = resources.files("agents.identity").joinpath("url_rules.yaml").read_text("utf-8")
    return msgspec.convert(yaml.safe_load(text), _Rules)


@lru_cache(maxsize=_REMEMBERED)
def is_web_address(url: str) -> bool:
    """Whether ``url`` is an absolute http or https address with a host."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and _is_host(parts.hostname or "")


def _is_host(host: str) -> bool:
    return bool(host) and not any(map(str.isspace, host))


def names_a_story(canonical: str) -> bool:
    """Whether a canonical address can tell one story from another: the home page of a site cannot."""
    return any(sign in canonical.removeprefix("https://") for sign in "/?#")


@lru_cache(maxsize=_REMEMBERED)
def canonical_url(url: str) -> str | None:
    """Return the canonical form of a story's address, or None where it is no usable http(s) address.

    Scheme, ``www.``, mobile and AMP variants, default ports, tracking parameters, parameter order, fragments, doubled
    and trailing slashes and the spelling of percent escapes do not distinguish stories. Fragments that a page uses as
    its path (``#!/…``, ``#/…``) do.
    """
    address = url.strip()
    for _ in range(_MAX_UNWRAP):
        if not address or len(address) > _MAX_LENGTH:
            return None
        try:
            parts = urlsplit(address)
            host = _canonical_host(parts.hostname or "")
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in {"http", "https"} or not _is_host(host):
            return None
        inner = _unwrap(host, parts.path)
        if inner is None:
            break
        address = inner
    default_port = {"http": 80, "https": 443}[parts.scheme]
    netloc = host if port in {None, default_port} else f"{host}:{port}"
    path = _canonical_path(parts.path)
    query = _canonical_query(host, parts.query)
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return f"https://{netloc}{path}{query}{fragment}"


def _canonical_host(host: str) -> str:
    host = host.rstrip(".").lower()
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    label, _, rest = host.partition(".")
    # "m.example.com" is example.com in another dress; "m.com" is somebody's name.
    while "." in rest and label in _rules().host_prefixes:
        host = rest
        label, _, rest = host.partition(".")
    return _rules().host_aliases.get(host, host)


def _unwrap(host: str, path: str) -> str | None:
    for wrapper in _rules().wrappers:
        if (host == wrapper.host or host.endswith("." + wrapper.host)) and (found := re.match(wrapper.path, path)):
            groups = found.groupdict()
            inner = groups["url"] if "url" in groups else _packed(groups["packed"])
            return inner if inner is None or "://" in inner else f"https://{inner}"
    return None


def _packed(packed: str) -> str | None:
    """Return the first address in what Base64 packs: a byte with its length stands before it."""
    try:
        content = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except ValueError:
        return None
    start = content.find(b"http")
    if start < 1:
        return None
    # The length is a varint: one byte below 128, else the byte before holds its lower seven bits.
    length = content[start - 1]
    if start > 1 and content[start - 2] & 0x80:
        length = content[start - 1] << 7 | content[start - 2] & 0x7F
    address = content[start : start + length].decode("utf-8", "replace")
    return address if is_web_address(address) else None


def _canonical_path(path: str) -> str:
    path = re.sub(r"/{2,}", "/", path)
    # Decode what needs no escape, escape what does, so that both spellings meet.
    path = quote(unquote(path, errors="strict"), safe=_UNRESERVED) if _decodable(path) else path
    rules = _rules()
    for parameter in rules.path_parameters:
        path = re.sub(rf";{re.escape(parameter)}=[^/;]*", "", path, flags=re.IGNORECASE)
    for marker in rules.amp_markers:
        path = re.sub(re.escape(marker) + r"(?=$|\.html?$)", "", path)
    before = ""
    while path != before:
        before, path = path, path.rstrip("/")
        for prefix in rules.path_prefixes:
            path = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
        for suffix in rules.path_suffixes:
            path = path.removesuffix(suffix)
    return path


def _decodable(path: str) -> bool:
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        return False
    # An escaped slash or percent sign means something else than the bare one.
    return not re.search(r"%(?:2f|25|3f|23)", path, re.IGNORECASE)


def _canonical_query(host: str, query: str) -> str:
    if not query:
        return ""
    special = _rules().hosts.get(host)
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True, errors="replace")
        if (special is not None and name in special.keep) or not _is_tracking(name.lower(), value)
    ]
    return "?" + urlencode(sorted(kept)) if kept else ""


def _is_tracking(name: str, value: str) -> bool:
    tracking = _rules().tracking
    return (
        name in tracking.exact
        or name.startswith(tracking.prefixes)
        or value.lower() in tracking.values.get(name, frozenset())
    )
