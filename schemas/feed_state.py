"""What the poller remembers of a feed between polls and across restarts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from schemas.feed_status import Standing
from schemas.fields import ContentHash, ItemId, Timestamp
from schemas.polling import Asks, HostRest, Kind, Moved, Reason, Rhythm, Trust


class Listed(Struct, frozen=True, array_like=True, gc=False):
    """An item that the feed listed when it was last read."""

    item_id: ItemId
    content_hash: ContentHash
    guid: str | None = None
    tries: Annotated[
        int, Meta(description="attempts at its page that failed for a while; 0: nothing is outstanding")
    ] = 0
    source: Annotated[
        str | None,
        Meta(description="hash of its title and text as written; while it is the same, the content hash is"),
    ] = None


class Validators(Struct, frozen=True, kw_only=True):
    """What a conditional request sends back, verbatim; bound to the exact address it came from."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


class Writer(Struct, frozen=True, array_like=True, order=True, gc=False):
    """Who wrote a state, by age: the pollers' group counts its generations, and what an older one wrote is void.

    The broker forgets a group that nobody is in and counts from the beginning again; ``term`` counts how often it did.
    Compare them as a whole: (term, generation).
    """

    term: int = 0
    generation: int = 0


class FeedState(Struct, frozen=True, kw_only=True):
    """State of one feed: the value on feed-state, keyed by feed id, in the partition the feed has on ``feeds``.

    It is written only after the broker acknowledged the items, so that a crash repeats items rather than losing them.
    """

    feed_id: str
    url: Annotated[str, Meta(description="its address in the feed list")]
    next_due: Annotated[Timestamp, Meta(description="year 9999: polling has stopped, the feed is gone")]
    polled: Annotated[Timestamp | None, Meta(description="last poll, whatever came of it")] = None
    succeeded: Annotated[Timestamp | None, Meta(description="last poll that brought a feed, or 304")] = None
    status: Annotated[int | None, Meta(description="HTTP status of the last poll; null: no answer")] = None
    problem: Annotated[str | None, Meta(description="what was wrong with the last poll")] = None
    kind: Annotated[Kind | None, Meta(description="what kind of problem; null: none")] = None
    failures: Annotated[int, Meta(description="polls in a row that failed")] = 0
    reasons: Annotated[tuple[Reason, ...], Meta(description="why next_due is when it is; the first decided")] = ()
    rhythm: Rhythm | None = None
    asks: Asks = Asks()
    validators: Validators | None = None
    trust: Trust | None = None
    moved: Moved | None = None
    address: Annotated[
        str | None, Meta(description="where the feed moved to for good, as it said often enough; null: url")
    ] = None
    host_rests: HostRest | None = None
    body_hash: Annotated[str | None, Meta(description="BLAKE2b-128 of the last body, decompressed")] = None
    writer: Annotated[Writer, Meta(description="a state of a smaller writer than another's is void")] = Writer()
    resumed: Annotated[Timestamp | None, Meta(description="of its subscription, when it was polled last")] = None
    title: str | None = None
    language: str | None = None
    standing: Annotated[
        tuple[Standing, ...], Meta(description="what was said of it on feed-status and holds still")
    ] = ()
    fetched: Annotated[
        Timestamp | None, Meta(description="fetch time of the last items it brought; later items get a later one")
    ] = None
    news: Annotated[Timestamp | None, Meta(description="when it last brought something new")] = None
    listed: tuple[Listed, ...] = ()
    newest: Annotated[tuple[ItemId, ...], Meta(description="the newest of the items listed, newest first")] = ()
