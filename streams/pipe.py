"""``geowire pipe``: the decisions of the stream without Kafka, one output line for each input line, in order.

For tests, for evaluation, and for trying out: the same functions as in the agents, the dedupe state in a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import msgspec
import orjson
from msgspec import Struct

from agents.cluster.sign import sign
from agents.cluster.stories import Stories
from agents.dedupe.decide import Entry, Repeated
from agents.dedupe.route import Sighted, duplicate, judge
from agents.identity.ids import content_hash, item_id
from agents.identity.urls import is_web_address
from agents.normalise.normalise import content, normalise, normalise_title
from agents.publish.publish import Provenance
from schemas.codec import decode, encode
from schemas.enriched import Enriched, RawRef
from schemas.errors import DataError
from schemas.raw import FeedRef, RawItem
from schemas.record import Position, Record
from schemas.times import from_datetime, to_milliseconds
from streams.polling.formats.dates import parse_date

_EPOCH = "1970-01-01T00:00:00.000Z"
_NEVER = 1 << 62
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


class Line(Struct, frozen=True, kw_only=True):
    """One input line.

    Attributes:
        title: Headline.
        text: Article, plain or HTML.
        id: The reader's own id, used as the feed's guid would be.
        feed: Feed the item comes from.
        url: Address of the article.
        published: Date in any form a feed would write.
        fetched: When it was fetched; without it, the time of publication, and without that 1970: never the clock, so
            that the same lines give the same ids.
        language: What the source says about the language.
        siblings: Headlines of other articles on the same page.
    """

    title: str
    text: str
    id: str | int | None = None
    feed: str | None = None
    url: str | None = None
    published: str | None = None
    fetched: str | None = None
    language: str | None = None
    siblings: tuple[str, ...] = ()


_line_decoder = msgspec.json.Decoder(Line)

Enrich = Callable[[RawItem, Provenance], tuple[Enriched, str]]


def pipe(
    lines: Iterable[bytes], enrich: Enrich, *, stateless: bool = False, stories: Stories | None = None
) -> Iterator[bytes]:
    """Yield one JSON line (without line end) for each input line; never raises for what a line holds.

    Args:
        lines: JSON lines.
        enrich: The decision (``agents.enrich.enrich.enrich_whole``), its knowledge bound.
        stateless: Leave out dedupe: every line is new.
        stories: Empty ones: all lines are read before the first comes out, and each says which story its item is in.
    """
    if stories is None:
        for decided, _ in _decided(lines, enrich, stateless=stateless, stories=None):
            yield decided
        return
    for decided, item in list(_decided(lines, enrich, stateless=stateless, stories=stories)):
        story = {"id": stories.story_of(item)} if item is not None else None
        yield decided[:-1] + b',"story":' + orjson.dumps(story) + b"}"


def _decided(
    lines: Iterable[bytes], enrich: Enrich, *, stateless: bool, stories: Stories | None
) -> Iterator[tuple[bytes, str | None]]:
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines):
        try:
            yield _one(line, number, enrich, None if stateless else entries, stories)
        except Exception as error:  # noqa: BLE001 - as in the stream: one record must not stop it
            code = error.code if isinstance(error, DataError) else "internal-error"
            letter = {"kind": "dead-letter", "line": number + 1, "code": code, "message": str(error)[:1_000]}
            yield orjson.dumps(letter), None


def _one(
    line: bytes, number: int, enrich: Enrich, entries: dict[str, Entry] | None, stories: Stories | None
) -> tuple[bytes, str]:
    item = raw_item(decode(_line_decoder, line.strip()))
    provenance = Provenance(
        reason="new", supersedes=None, raw=RawRef(stream="stdin", partition=0, offset=number), generation=0
    )
    if entries is not None:
        record = Record("stdin", 0, number, item.item_id.encode(), line, [], to_milliseconds(item.fetched))
        sighted = Sighted(record, item, Position(0, number))
        decision = judge(sighted, entries.get(item.item_id), committed=number, ttl=_NEVER)
        if decision.entry is not None:
            entries[item.item_id] = decision.entry
        if isinstance(decision.outcome, Repeated):
            return b'{"kind":"duplicate",' + encode(duplicate(sighted, decision.outcome))[1:], item.item_id
        provenance = msgspec.structs.replace(
            provenance, reason=decision.outcome.reason, supersedes=decision.outcome.supersedes
        )
    event, text = enrich(item, provenance)
    if stories is not None:
        stories.apply(sign(event, text), at=number, origin=str(Position(0, number)), origin_offset=number)
    return b'{"kind":"enriched",' + encode(event)[1:], item.item_id


def raw_item(line: Line) -> RawItem:
    """Return the raw item that the poller would have made of the line.

    Raises:
        DataError: ``wrong-type``: the fetch time is no date.
    """
    published = parse_date(line.published, now=_FAR) if line.published else None
    fetched = parse_date(line.fetched, now=_FAR) if line.fetched else published
    if line.fetched and fetched is None:
        raise DataError("wrong-type", f"fetched is no date: {line.fetched[:60]!r}")
    link = line.url.strip() if line.url and is_web_address(line.url) else None
    guid = str(line.id) if line.id is not None else None
    feed = line.feed or "stdin"
    title = normalise_title(line.title)
    digest = content_hash(title, content(normalise(line.text)))
    return RawItem(
        item_id=item_id(link=link, feed_id=feed, guid=guid, content=digest),
        feed=FeedRef(id=feed[:200], language=line.language),
        title=line.title,
        fetched=from_datetime(fetched) if fetched else _EPOCH,
        content_hash=digest,
        guid=guid,
        link=link,
        body=line.text,
        published=from_datetime(published) if published else None,
        published_source="feed" if published else "ingest",
        published_raw=line.published[:100] if line.published else None,
        siblings=line.siblings,
    )
