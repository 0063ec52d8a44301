"""A fetched feed → the raw items that are new or changed, and what the feed lists now.

Pure, and run in a process of its own (``streams.polling.parser``): whatever costs time is done here, the poller only
moves bytes. Identity is decided here, before keying:

* An item's id hangs on its link; on its guid where the link does not tell it from its neighbours; else on its content.
* While a feed lists a guid, the guid keeps the id it had: a changed slug is an edit, not a new item.
* Guids that a document repeats, or that change with every revision, do not count.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from agents.identity.ids import content_hash, item_id
from agents.identity.urls import canonical_url, names_a_story
from agents.normalise.normalise import Normalised, content, normalise, normalise_title
from schemas.codec import encode
from schemas.feed_state import Listed
from schemas.raw import FeedRef, HttpResponse, RawItem, Rights
from schemas.times import from_datetime
from streams.polling.formats.document import parse_feed
from streams.polling.formats.entries import Entry, Hints, ParsedFeed
from streams.polling.siblings import Headlines

_BACKFILL = timedelta(hours=48)


class Request(Struct, frozen=True, kw_only=True, tag="feed"):
    """A feed document that the parser process is asked to read."""

    feed: FeedRef
    fetched: str
    http: HttpResponse
    content_type: str | None
    listed: tuple[Listed, ...]
    first: bool
    """Whether this is the feed's first successful poll: old items are marked backfill then."""
    pages: bool = False
    """Whether the articles' pages are to be fetched."""
    rights: Rights = Rights()
    """What the headers of the answer say about reuse."""


class Item(Struct, frozen=True):
    """A raw item to be produced.

    Attributes:
        item_id: The item.
        content_hash: Its content.
        record: The raw item, encoded.
        link: Address of the article.
        old: Whether it is marked backfill.
        again: Nothing about it is new but that its page is to be tried again.
    """

    item_id: str
    content_hash: str
    record: bytes
    link: str | None = None
    old: bool = False
    again: bool = False


class Reading(Struct, frozen=True, kw_only=True):
    """What a feed's document gave.

    Attributes:
        version: Format, empty where it is no feed.
        problem: What was wrong with it, if anything.
        title: Title of the feed.
        language: Language the feed states.
        hints: What the publisher says about polling.
        items: New or changed items, oldest first, encoded as raw items.
        listed: Everything the document lists, in its order.
        dates: Publication times of ``listed``, one for each; None where there is none.
        entries: Entries in the document.
        empty: Entries that say nothing (no title, no text, no link).
        newest: Latest publication time listed.
        oldest: Earliest publication time listed.
        headlines: Of the items listed, where pages are to be fetched.
        pages_taken: Items whose text is their page's.
        pages_missed: Items whose page was wanted and could not be had or used.
        sitemaps: Sitemaps that the document, an index of them, names, the newest first.
    """

    version: str
    problem: str | None = None
    title: str | None = None
    language: str | None = None
    hints: Hints = Hints()
    items: tuple[Item, ...] = ()
    listed: tuple[Listed, ...] = ()
    dates: tuple[str | None, ...] = ()
    entries: int = 0
    empty: int = 0
    newest: str | None = None
    oldest: str | None = None
    headlines: tuple[str, ...] = ()
    pages_taken: int = 0
    pages_missed: int = 0
    sitemaps: tuple[str, ...] = ()


class _Candidate:
    """An entry, and what identity and comparing need of it.

    Turning text to its normal form costs more than all the rest; of an entry that is written as it was, the hash of its
    content is remembered, and nothing else is asked.
    """

    __slots__ = ("_normalised", "entry", "hash", "item_id", "source", "title")

    def __init__(self, entry: Entry, contents: dict[str, str]) -> None:
        self.entry = entry
        self.title = normalise_title(entry.title)
        self.source = _short_hash(f"{entry.title}\n{entry.body or entry.summary or ''}")
        self._normalised: Normalised | None = None
        self.hash = contents.get(self.source) or content_hash(self.title, content(self.normalised))
        self.item_id = ""

    @property
    def normalised(self) -> Normalised:
        """Its text, all of it."""
        if self._normalised is None:
            self._normalised = normalise(self.entry.body or self.entry.summary or "")
        return self._normalised

    @property
    def length(self) -> int:
        """How much text it has, markup counted."""
        return len(self.entry.body or self.entry.summary or "")

    def listed(self, tries: int = 0) -> Listed:
        """Return what is remembered of it."""
        return Listed(self.item_id, self.hash, _guid_key(self.entry), tries, self.source)


def read(request: Request, body: bytes) -> Reading:
    """Parse a document and compare it with what the feed listed before."""
    now = datetime.fromisoformat(request.fetched)
    parsed = parse_feed(body, url=request.http.url, content_type=request.content_type, now=now)
    contents = {listed.source: listed.content_hash for listed in request.listed if listed.source}
    candidates = [
        _Candidate(entry, contents)
        for entry in parsed.entries
        if entry.title or entry.link or entry.summary or entry.body
    ]
    _identify(candidates, request)
    chosen = _one_each(candidates)
    before = {listed.item_id: listed for listed in request.listed}
    known = {c.item_id: _known(before.get(c.item_id), c, request) for c in chosen}
    dates = sorted(c.entry.published for c in chosen if c.entry.published)
    return Reading(
        version=parsed.version,
        problem=parsed.problem,
        title=parsed.title,
        language=parsed.language,
        hints=parsed.hints,
        items=tuple(_items(chosen, known, parsed, request)),
        listed=tuple(known[c.item_id] or c.listed() for c in chosen),
        dates=tuple(c.entry.published for c in chosen),
        entries=len(parsed.entries),
        empty=len(parsed.entries) - len(candidates),
        newest=dates[-1] if dates else None,
        oldest=dates[0] if dates else None,
        headlines=tuple(c.title for c in chosen) if request.pages else (),
        sitemaps=parsed.sitemaps,
    )


def together(index: Reading, readings: Sequence[Reading]) -> Reading:
    """Return what the sitemaps of an index gave as one reading; the index itself where none of them holds news."""
    found = [reading for reading in readings if reading.version]
    if not found:
        return index
    listed = {
        one.item_id: (one, date) for reading in found for one, date in zip(reading.listed, reading.dates, strict=True)
    }
    dates = sorted(date for _, date in listed.values() if date)
    return structs.replace(
        found[0],
        items=tuple({item.item_id: item for reading in found for item in reading.items}.values()),
        listed=tuple(one for one, _ in listed.values()),
        dates=tuple(date for _, date in listed.values()),
        entries=sum(reading.entries for reading in found),
        empty=sum(reading.empty for reading in found),
        newest=dates[-1] if dates else None,
        oldest=dates[0] if dates else None,
        headlines=tuple(headline for reading in found for headline in reading.headlines),
    )


def _items(
    chosen: list[_Candidate], known: dict[str, Listed | None], parsed: ParsedFeed, request: Request
) -> Iterator[Item]:
    """Yield what is new or changed, the oldest first, and what only waits for its page."""
    feed = _feed(request.feed, parsed)
    rights = structs.replace(request.rights, statement=parsed.rights or request.rights.statement)
    headlines = Headlines([c.title for c in chosen])
    for c in sorted(chosen, key=lambda c: c.entry.published or request.fetched):
        listed = known[c.item_id]
        if listed is None or listed.tries:
            raw = _raw_item(c, feed, request, rights, headlines.in_text(c.normalised.text, own=c.title))
            yield Item(c.item_id, c.hash, encode(raw), raw.link, raw.backfill, again=listed is not None)


def _known(listed: Listed | None, c: _Candidate, request: Request) -> Listed | None:
    """Return what is to be remembered of an item that is listed as it was, None where it is new or changed."""
    if listed is None or listed.content_hash != c.hash:
        return None
    return c.listed(listed.tries if request.pages else 0)


def _identify(candidates: list[_Candidate], request: Request) -> None:
    links = {id(c): canonical_url(c.entry.link) if c.entry.link else None for c in candidates}
    titles_by_link: dict[str, set[str]] = {}
    for c in candidates:
        if link := links[id(c)]:
            titles_by_link.setdefault(link, set()).add(c.title.casefold())
    guids = Counter(_guid_key(c.entry) for c in candidates)
    known = Counter(listed.guid for listed in request.listed)
    by_guid: dict[str | None, str] = {
        listed.guid: listed.item_id
        for listed in request.listed
        if listed.guid and known[listed.guid] == 1 and guids[listed.guid] == 1
    }
    for c in candidates:
        link = links[id(c)]
        # One link for several stories (a home page, a live ticker) says nothing about which story it is.
        tells = link is not None and len(titles_by_link[link]) == 1 and names_a_story(link)
        guid = c.entry.guid if guids[_guid_key(c.entry)] == 1 else None
        c.item_id = item_id(link=c.entry.link if tells else None, feed_id=request.feed.id, guid=guid, content=c.hash)
    taken = {c.item_id for c in candidates}
    before = {listed.item_id: listed.content_hash for listed in request.listed}
    for c in candidates:
        kept = by_guid.get(_guid_key(c.entry))
        # The id it had under this guid, unless another entry of the document has a better claim to that id.
        if kept and kept != c.item_id and kept not in taken:
            c.item_id = kept
            taken.add(kept)
    for known_as, c in _known_by_link(candidates, before):
        if known_as not in taken and c.item_id not in before:
            c.item_id = known_as
            taken.add(known_as)


def _known_by_link(candidates: list[_Candidate], before: dict[str, str]) -> list[tuple[str, _Candidate]]:
    """Return the entries whose link was an item's alone before, with that item's id; those that are as it was first.

    A headline that is edited may stand on the page twice for a while, under its old and its new words.
    """
    linked = [(item_id(link=c.entry.link, feed_id="", guid=None, content=""), c) for c in candidates if c.entry.link]
    known = [(known_as, c) for known_as, c in linked if known_as in before and known_as != c.item_id]
    return sorted(known, key=lambda pair: before[pair[0]] != pair[1].hash)


def _guid_key(entry: Entry) -> str | None:
    """Return the guid in the short form that is remembered."""
    return _short_hash(entry.guid) if entry.guid else None


def _short_hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _one_each(candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep one candidate for each item: the one with most text, at the place of the first."""
    best: dict[str, _Candidate] = {}
    for c in candidates:
        standing = best.get(c.item_id)
        if standing is None or c.length > standing.length:
            best[c.item_id] = c
    return list(best.values())


def _feed(feed: FeedRef, parsed: ParsedFeed) -> FeedRef:
    return FeedRef(
        id=feed.id,
        url=feed.url,
        title=feed.title or parsed.title,
        language=feed.language or parsed.language,
        publisher=feed.publisher,
    )


def _raw_item(c: _Candidate, feed: FeedRef, request: Request, rights: Rights, siblings: tuple[str, ...]) -> RawItem:
    entry = c.entry
    horizon = from_datetime(datetime.fromisoformat(request.fetched) - _BACKFILL)
    return RawItem(
        item_id=c.item_id,
        feed=feed,
        title=entry.title,
        fetched=request.fetched,
        content_hash=c.hash,
        guid=entry.guid,
        link=entry.link,
        summary=entry.summary,
        body=entry.body,
        published=entry.published,
        published_source=entry.published_source,
        published_raw=entry.published_raw,
        updated=entry.updated,
        authors=entry.authors,
        categories=entry.categories,
        enclosures=entry.enclosures,
        siblings=siblings,
        http=request.http,
        language=entry.language,
        backfill=request.first and entry.published is not None and entry.published < horizon,
        rights=rights,
    )
