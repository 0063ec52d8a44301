"""Which partition a feed belongs to: that of the registrable domain it is fetched from.

All hosts of a domain are in one partition, so they are asked by one poller, which keeps the limits towards them.
"""

from __future__ import annotations

import ipaddress
from functools import cache, lru_cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from agents.identity.partitions import partition_of


def host_of(url: str) -> str:
    """Return the host of an address, in the form that limits go by; empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def partition_for(url: str, partitions: int) -> int:
    """Return the partition of ``feeds`` and ``feed-state`` for a feed that is fetched from ``url``."""
    return partition_of(registrable_domain(host_of(url)).encode(), partitions)


@lru_cache(maxsize=100_000)
def registrable_domain(host: str) -> str:
    """Return the part of a host name that somebody registered, in ASCII; the host where there is no such part.

    By the Public Suffix List, its private part included: what is on one platform under names of their own
    (``a.blogspot.com``) is not one domain.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = host
    return _suffixes().privatesuffix(name) or name


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
