"""The metrics of a poller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_args

from prometheus_client.core import Metric

from schemas.feed_status import FeedEvent
from schemas.polling import Kind
from streams.metrics import catalogue as m
from streams.polling.counters import Counters

_OUTCOMES = ("new", "nothing-new", "unchanged", "not-modified")
_HOSTS = 100
_FAILING_HOSTS = 50
_OTHER = "other"

Standing = tuple[str, str | None]
"""Host of a feed, and the kind of failure of its last poll; None: it brought a feed."""


def polls(counters: Counters) -> Iterator[Metric]:
    """Yield what the polls brought."""
    by = dict(counters.polls)
    classes = Counter(dict.fromkeys((*_OUTCOMES, *get_args(Kind)), 0))
    for (_, name), count in by.items():
        classes[name] += count
    yield m.POLLS.family(((name,), count) for name, count in classes.items())
    yield m.HOST_POLLS.family(_by_host(by).items())
    yield m.POLL_SECONDS.family([((), counters.seconds)])
    for measure, value in (
        (m.ITEMS, counters.items),
        (m.REFUSED, counters.too_large),
        (m.BYTES, counters.bytes),
        (m.GIVEN_UP, counters.given_up),
    ):
        yield measure.family([((), value)])
    yield m.PAGES.family([(("taken",), counters.pages_taken), (("missed",), counters.pages_missed)])
    happened = dict.fromkeys(get_args(FeedEvent), 0) | dict(counters.events)
    yield m.FEED_EVENTS.family(((event,), count) for event, count in happened.items())


def _by_host(polls: Mapping[tuple[str, str], int]) -> Counter[tuple[str, str]]:
    """Count by host and result. Whoever has a series keeps it: the first hosts there were, in order."""
    shown: dict[str, str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for (host, name), count in polls.items():
        label = shown.setdefault(host, host if len(shown) < _HOSTS else _OTHER)
        counts[label, "ok" if name in _OUTCOMES else "failed"] += count
    return counts


def feeds(held: Mapping[str, bool], standings: Mapping[str, Standing]) -> Iterator[Metric]:
    """Yield how the feeds stand.

    Args:
        held: The feeds of this poller, and whether they are polled.
        standings: How the last poll of each ended, as far as is known.
    """
    standing = Counter(ok=0, failing=0, unpolled=0, paused=0)
    kinds: Counter[str] = Counter(dict.fromkeys(get_args(Kind), 0))
    hosts: Counter[str] = Counter()
    for feed_id, active in held.items():
        known = standings.get(feed_id)
        if not active:
            standing["paused"] += 1
        elif known is None:
            standing["unpolled"] += 1
        elif known[1] is None:
            standing["ok"] += 1
        else:
            standing["failing"] += 1
            kinds[known[1]] += 1
            hosts[known[0]] += 1
    yield m.FEEDS.family(((name,), count) for name, count in standing.items())
    yield m.FAILING.family(((name,), count) for name, count in kinds.items())
    worst = dict(hosts.most_common(_FAILING_HOSTS))
    if len(hosts) > len(worst):
        worst[_OTHER] = hosts.total() - sum(worst.values())
    yield m.HOST_FAILING.family(((name,), count) for name, count in worst.items())
