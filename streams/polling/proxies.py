"""Which proxy an address is fetched through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as curl reads them."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from schemas.errors import ConfigError
from streams.polling.addresses import port_of


class Proxies(Struct, frozen=True, kw_only=True):
    """The operator's proxies; empty: none."""

    http: str = ""
    https: str = ""
    excepted: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The ``host:port`` of the proxies.

        Raises:
            ConfigError: A proxy is not an http address.
        """
        found = []
        for proxy in (self.http, self.https):
            parts = urlsplit(proxy)
            if proxy and (parts.scheme != "http" or not parts.hostname):
                raise ConfigError(f"the proxy {proxy!r} is not an address of the form http://host:port")
            if proxy:
                found.append(f"{parts.hostname}:{port_of(parts)}")
        return tuple(dict.fromkeys(found))

    def of(self, scheme: str, host: str, port: int) -> str | None:
        """Return the proxy for a host, None where it is fetched directly."""
        proxy = self.https if scheme == "https" else self.http
        return None if not proxy or any(_matches(entry, host, port) for entry in self.excepted) else proxy


def _matches(entry: str, host: str, port: int) -> bool:
    """Whether a NO_PROXY entry names a host: ``*``, a network, a host with or without port, a domain and all below."""
    entry, host = entry.strip().lower(), host.lower().rstrip(".")
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal():
        if int(wanted) != port:
            return False
        entry = name
    domain = entry.removeprefix("*").removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
