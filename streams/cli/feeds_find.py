"""``geowire feeds add SITE``: from the addresses that somebody gives to those of feeds."""

from __future__ import annotations

import asyncio
import sys

from schemas.errors import ConfigError
from streams.cli.audit import printable
from streams.polling.discover import discover, looks_like_a_feed
from streams.polling.fetch import Fetcher
from streams.polling.parsers import Parsers
from streams.settings import Settings


def feeds_at(settings: Settings, urls: list[str]) -> list[str]:
    """Return the addresses of the feeds at some addresses: a feed is its own, a site has one that is found.

    What reads like a feed's address is taken for one: the poller's first poll is then the only request it costs. What
    cannot be fetched is taken as it is, and that is said; so are other feeds of a site.

    Raises:
        ConfigError: There is a page, but no feed.
        InfrastructureError: The parser process does not start.
    """
    return asyncio.run(_find(settings, urls))


async def _find(settings: Settings, urls: list[str]) -> list[str]:
    chosen = []
    async with Fetcher.of(settings) as fetcher, Parsers(1) as parsers:
        for url in urls:
            if looks_like_a_feed(url):
                chosen.append(url)
                continue
            found = await discover(url, fetcher=fetcher, parsers=parsers)
            if found.feeds:
                best, *others = found.feeds
                chosen.append(url if best.origin == "itself" else best.url)
                for other in others:
                    _say(f"{url} also has {other.url}  {other.reading.title or ''}")
            elif found.answered:
                raise ConfigError(f"{url}: {found.problem}; --as-is adds it all the same")
            else:
                _say(f"{url} is added as it is, it could not be looked at: {found.problem}")
                chosen.append(url)
    return chosen


def _say(words: str) -> None:
    print(f"geowire: {printable(words).rstrip()}", file=sys.stderr)
