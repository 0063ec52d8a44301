"""What the poller learns of a feed, and why it polls it when it does; parts of ``FeedState``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Timestamp

Kind = Literal[
    "not-found",
    "gone",
    "rate-limited",
    "denied",
    "blocked",
    "login",
    "unavailable",
    "no-answer",
    "tls",
    "refused",
    "redirects",
    "too-large",
    "not-a-feed",
]
"""What kind of failure a poll ended in; filters, metrics and the back-off go by it.

``blocked`` is a challenge that only a browser passes, ``denied`` any other 4xx, ``unavailable`` a 5xx, ``no-answer``
whatever goes wrong between two machines, ``refused`` what geowire itself will not fetch.
"""

Rule = Literal[
    "first",
    "rate",
    "window",
    "most",
    "ttl",
    "sy",
    "max-age",
    "expires",
    "retry-after",
    "host",
    "failing",
    "last-chance",
    "gone",
    "floor",
    "ceiling",
    "skip",
    "jitter",
]
"""The rules of scheduling; ``streams.polling.why`` says in words what each means."""


class Reason(Struct, frozen=True, array_like=True):
    """One thing that was considered when the next poll was decided."""

    rule: Rule
    seconds: Annotated[float, Meta(description="the wait this rule asks for; for skip and jitter, what it added")]


class Rhythm(Struct, frozen=True, kw_only=True):
    """How often a feed brings something, learnt from its polls; older observations count for less and less.

    ``items`` over ``seconds`` is the rate; ``recent`` (items a second) is the rate of about the last half hour.
    """

    at: Annotated[Timestamp, Meta(description="the last observation")]
    items: float
    seconds: float
    recent: float = 0.0
    reaches: Annotated[
        Timestamp | None, Meta(description="four fifths of the items listed are younger than this; null: no dates")
    ] = None


class Asks(Struct, frozen=True, kw_only=True):
    """What the publisher says about how often to come, read but not clamped; null or empty: says nothing."""

    ttl: Annotated[int | None, Meta(description="<ttl>, in seconds")] = None
    sy: Annotated[int | None, Meta(description="sy:updatePeriod over sy:updateFrequency, in seconds")] = None
    skip_hours: Annotated[tuple[int, ...], Meta(description="<skipHours>, GMT")] = ()
    skip_days: Annotated[tuple[int, ...], Meta(description="<skipDays>; Monday is 0")] = ()
    cache_control: Annotated[str | None, Meta(description="Cache-Control, verbatim; a 304 may renew it")] = None
    expires: Annotated[str | None, Meta(description="Expires, verbatim; a 304 may renew it")] = None


class Moved(Struct, frozen=True, kw_only=True):
    """A permanent redirect that was seen, and how often in a row."""

    to: str
    times: int


class Trust(Struct, frozen=True, kw_only=True):
    """Whether the server's validators can be believed."""

    full: Annotated[Timestamp, Meta(description="the last answer that was not a 304")]
    unchanged: Annotated[int, Meta(description="answers of 304 since then")] = 0
    strikes: Annotated[int, Meta(description="full answers in a row that showed what 304s had hidden")] = 0
    lies_until: Annotated[
        Timestamp | None, Meta(description="the validators lie and are not sent before this; null: they are sent")
    ] = None


class HostRest(Struct, frozen=True, kw_only=True):
    """A host that answered 429 and is left alone, with all its feeds."""

    host: str
    until: Timestamp
