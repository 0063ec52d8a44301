"""The events as geowire publishes them; written by geowire's `make generate`, do not edit.

Texts are Unicode; offsets (`start`, `end`) count code points. Times are RFC 3339 in UTC, which sort as text. A field
that is not there has its default; fields of later versions are ignored.
"""

from __future__ import annotations

from msgspec import Struct


class Supersedes(Struct, frozen=True, kw_only=True):
    """The version of the item that this event takes the place of."""

    fetched: str
    """RFC 3339, UTC, milliseconds; as text it sorts by time."""
    content_hash: str
    """BLAKE2b-128 in hex of title and text without markup, blocks that are all link, and white space."""
    origin: str
    """partition:offset in news.raw; a header on everything derived from that record."""
    generation: int | None = None
    """of the earlier event, where this one only decides anew."""


class Source(Struct, frozen=True, kw_only=True):
    """Where the item comes from."""

    feed_id: str
    feed: str | None = None
    """title of the feed."""
    publisher: str | None = None


class Language(Struct, frozen=True, kw_only=True):
    """Language of the text."""

    code: str
    """und where it could not be told."""
    confidence: float | None = None
    """probability that a reader who follows the annotation guide agrees; null where not calibrated."""


class Removed(Struct, frozen=True, kw_only=True):
    """A span taken out of the text, and why."""

    kind: str
    """what the removed span was: interjection, advertisement, newsletter, share, widget, furniture,
    disclaimer or attribution."""
    rule: str
    """the rule that decided, by its id in the knowledge files."""
    text: str
    start: int
    """offset in Unicode code points, not bytes or UTF-16 units."""
    end: int
    """offset in Unicode code points, not bytes or UTF-16 units."""


class Uncertain(Struct, frozen=True, kw_only=True):
    """A span of ``text`` that looked like an interjection and was kept."""

    kind: str
    """what the removed span was: interjection, advertisement, newsletter, share, widget, furniture,
    disclaimer or attribution."""
    rule: str
    """the rule that decided, by its id in the knowledge files."""
    start: int
    """offset in Unicode code points, not bytes or UTF-16 units."""
    end: int
    """offset in Unicode code points, not bytes or UTF-16 units."""


class Notice(Struct, frozen=True, kw_only=True):
    """The publisher's own word that the article was corrected, or is taken back."""

    kind: str
    """kill, correction; kill: the event is a withdrawal."""
    rule: str
    """the rule that decided, by its id in the knowledge files."""
    field: str | None = None
    """title, text; where it stands; null: it is not kept."""
    start: int | None = None
    """offset in Unicode code points, not bytes or UTF-16 units."""
    end: int | None = None
    """offset in Unicode code points, not bytes or UTF-16 units."""


class Geopolitical(Struct, frozen=True, kw_only=True):
    """Whether the item is about relations, conflict or politics of international consequence."""

    value: bool | None
    """null where geowire has no knowledge of the language."""
    score: float | None = None
    """probability that a reader who follows the annotation guide agrees; null where not calibrated."""


class Evidence(Struct, frozen=True, kw_only=True):
    """A span that spoke for a decision."""

    field: str
    """title, text."""
    start: int
    """offset in Unicode code points, not bytes or UTF-16 units."""
    end: int
    """offset in Unicode code points, not bytes or UTF-16 units."""
    text: str
    rule: str
    """the rule that decided, by its id in the knowledge files."""
    weight: float = 1.0


class Topic(Struct, frozen=True, kw_only=True):
    """A geopolitical topic the item is about."""

    id: str
    medtop: str | None = None
    """IPTC Media Topic id."""
    score: float | None = None
    """probability that a reader who follows the annotation guide agrees; null where not calibrated."""
    primary: bool = False
    evidence: tuple[Evidence, ...] = ()


class Country(Struct, frozen=True, kw_only=True):
    """A country the item is about, or that it mentions."""

    code: str
    """ISO 3166-1 alpha-2, besides EU and XK."""
    role: str
    """about, mentioned."""
    mentions: int
    score: float | None = None
    """probability that a reader who follows the annotation guide agrees; null where not calibrated."""
    evidence: tuple[Evidence, ...] = ()


class Place(Struct, frozen=True, kw_only=True):
    """A sea, strait or disputed area."""

    id: str
    name: str
    mentions: int
    evidence: tuple[Evidence, ...] = ()


class Actor(Struct, frozen=True, kw_only=True):
    """An organisation or office holder from the knowledge files."""

    id: str
    name: str
    kind: str
    """organisation, person."""
    country: str | None = None
    """ISO 3166-1 alpha-2, besides EU and XK."""
    mentions: int
    evidence: tuple[Evidence, ...] = ()


class Pair(Struct, frozen=True, kw_only=True):
    """Two countries the item is about, named in one sentence; no event is claimed between them."""

    a: str
    """ISO 3166-1 alpha-2, besides EU and XK."""
    b: str
    """ISO 3166-1 alpha-2, besides EU and XK."""
    sentences: int
    topics: tuple[str, ...] = ()
    score: float | None = None
    """probability that a reader who follows the annotation guide agrees; null where not calibrated."""


class Coverage(Struct, frozen=True, kw_only=True):
    """How much geowire could look at, so that silence is not read as absence."""

    language: str
    """proven, experimental, none."""
    text: str
    """headline, summary, full, page."""
    truncated: bool = False
    """the text was longer than 200 kB and was cut there."""


class RawRef(Struct, frozen=True, kw_only=True):
    """The raw record this event was made from."""

    stream: str
    partition: int
    offset: int


class Rights(Struct, frozen=True, kw_only=True):
    """What the publisher says about reuse."""

    basis: str = "feed"
    """feed, page; whether the statement stood in the feed or on the page."""
    statement: str | None = None
    tdm_reserved: bool | None = None
    """text and data mining reserved; null: not looked up."""


class Pipeline(Struct, frozen=True, kw_only=True):
    """The code and the knowledge that decided; not part of the decision's identity."""

    version: str
    knowledge: str
    """hash over all knowledge files, the operator's overlay included."""


class Enriched(Struct, frozen=True, kw_only=True):
    """One decision about one version of an item.

    A consumer's whole rule: per ``item_id`` keep the greatest (``fetched``, ``generation``); the same ``id`` again is
    a repetition.

    ``removed[].start`` and ``end`` are offsets into the normalised text (before stripping): ``text`` plus ``removed``
    rebuild it exactly. Evidence offsets are into ``text`` or ``title`` as published.
    """

    id: str
    """UUIDv5 of item_id, fetched, generation and the digest of the decision."""
    item_id: str
    """the Kafka key and the join key: UUIDv5 of the canonical URL; without one, of (feed, guid); without
    that, of the content hash."""
    content_hash: str
    """BLAKE2b-128 in hex of title and text without markup, blocks that are all link, and white space."""
    generation: int
    """raised by any change of knowledge or rules in the live pipe."""
    reason: str
    """new, edited, reprocessed, corrected, withdrawn."""
    supersedes: Supersedes | None = None
    backfill: bool = False
    url: str | None = None
    guid: str | None = None
    source: Source
    title: str
    text: str
    language: Language
    published: str | None = None
    """RFC 3339, UTC, milliseconds; as text it sorts by time."""
    published_source: str = "ingest"
    """feed, updated, page, ingest."""
    updated: str | None = None
    """RFC 3339, UTC, milliseconds; as text it sorts by time."""
    fetched: str
    """RFC 3339, UTC, milliseconds; as text it sorts by time."""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    removed: tuple[Removed, ...] = ()
    uncertain: tuple[Uncertain, ...] = ()
    notice: Notice | None = None
    """reason is then withdrawn or corrected."""
    geopolitical: Geopolitical
    topics: tuple[Topic, ...] | None
    """[] when not geopolitical; null without knowledge of the language."""
    countries: tuple[Country, ...] = ()
    places: tuple[Place, ...] = ()
    actors: tuple[Actor, ...] = ()
    pairs: tuple[Pair, ...] = ()
    coverage: Coverage
    raw: RawRef
    rights: Rights
    pipeline: Pipeline


class Member(Struct, frozen=True, kw_only=True):
    """An item of a story."""

    item_id: str
    """the Kafka key and the join key: UUIDv5 of the canonical URL; without one, of (feed, guid); without
    that, of the content hash."""
    fetched: str
    """when the item was fetched first."""


class Story(Struct, frozen=True, kw_only=True):
    """Items that are copies of one report; the newest record of a key counts.

    A story is named after its canonical item, the one that was fetched first. Where another item turns out to be that,
    the story goes on under the other name, and the record of the old one says so in ``merged_into``. No record (or one
    without a value) means that there is no such story any more.
    """

    story: str
    """the canonical item: of those fetched first the one with the least id."""
    merged_into: str | None = None
    """the story goes on under this name; such a record has no members."""
    members: tuple[Member, ...] = ()
    """by time of the first fetch, the canonical item first; of a very long story the newest ones."""
    size: int = 0
    """how many items it has, listed or not."""
    first: str | None = None
    """when the first of them was fetched."""
    last: str | None = None
    """when the last of them was fetched."""
