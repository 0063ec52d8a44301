"""The enriched event: what geowire publishes on news.enriched."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import CodePoint, ContentHash, CountryCode, Iso639, ItemId, Origin, Probability, Timestamp
from schemas.raw import PublishedSource, Rights

Reason = Literal["new", "edited", "reprocessed", "corrected", "withdrawn"]
RemovedKind = Annotated[
    str,
    Meta(
        description="what the removed span was: interjection, advertisement, newsletter, share, widget, furniture, "
        "disclaimer or attribution",
        examples=["interjection"],
    ),
]
RuleId = Annotated[str, Meta(description="the rule that decided, by its id in the knowledge files")]


class Supersedes(Struct, frozen=True, kw_only=True):
    """The version of the item that this event takes the place of."""

    fetched: Timestamp
    content_hash: ContentHash
    origin: Origin
    generation: Annotated[int | None, Meta(description="of the earlier event, where this one only decides anew")] = None


class Source(Struct, frozen=True, kw_only=True):
    """Where the item comes from."""

    feed_id: str
    feed: Annotated[str | None, Meta(description="title of the feed")] = None
    publisher: str | None = None

    @property
    def name(self) -> str:
        """What people know it by: the publisher, the feed's title where that is not known, or its id."""
        return self.publisher or self.feed or self.feed_id


class Language(Struct, frozen=True, kw_only=True):
    """Language of the text."""

    code: Annotated[Iso639, Meta(description="und where it could not be told")]
    confidence: Probability | None = None


class Removed(Struct, frozen=True, kw_only=True):
    """A span taken out of the text, and why."""

    kind: RemovedKind
    rule: RuleId
    text: str
    start: CodePoint
    end: CodePoint


class Uncertain(Struct, frozen=True, kw_only=True):
    """A span of ``text`` that looked like an interjection and was kept."""

    kind: RemovedKind
    rule: RuleId
    start: CodePoint
    end: CodePoint


class Notice(Struct, frozen=True, kw_only=True):
    """The publisher's own word that the article was corrected, or is taken back."""

    kind: Annotated[Literal["kill", "correction"], Meta(description="kill: the event is a withdrawal")]
    rule: RuleId
    field: Annotated[Literal["title", "text"] | None, Meta(description="where it stands; null: it is not kept")] = None
    start: CodePoint | None = None
    end: CodePoint | None = None


class Geopolitical(Struct, frozen=True, kw_only=True):
    """Whether the item is about relations, conflict or politics of international consequence."""

    value: Annotated[bool | None, Meta(description="null where geowire has no knowledge of the language")]
    score: Probability | None = None


class Evidence(Struct, frozen=True, kw_only=True, gc=False):
    """A span that spoke for a decision."""

    field: Literal["title", "text"]
    start: CodePoint
    end: CodePoint
    text: str
    rule: RuleId
    weight: float = 1.0


class Topic(Struct, frozen=True, kw_only=True, gc=False):
    """A geopolitical topic the item is about."""

    id: Annotated[str, Meta(examples=["diplomacy"])]
    medtop: Annotated[str | None, Meta(description="IPTC Media Topic id", examples=["20000639"])] = None
    score: Probability | None = None
    primary: bool = False
    evidence: tuple[Evidence, ...] = ()


class Country(Struct, frozen=True, kw_only=True, gc=False):
    """A country the item is about, or that it mentions."""

    code: CountryCode
    role: Literal["about", "mentioned"]
    mentions: int
    score: Probability | None = None
    evidence: tuple[Evidence, ...] = ()


class Place(Struct, frozen=True, kw_only=True, gc=False):
    """A sea, strait or disputed area."""

    id: str
    name: str
    mentions: int
    evidence: tuple[Evidence, ...] = ()


class Actor(Struct, frozen=True, kw_only=True, gc=False):
    """An organisation or office holder from the knowledge files."""

    id: str
    name: str
    kind: Literal["organisation", "person"]
    country: CountryCode | None = None
    mentions: int
    evidence: tuple[Evidence, ...] = ()


class Pair(Struct, frozen=True, kw_only=True, gc=False):
    """Two countries the item is about, named in one sentence; no event is claimed between them."""

    a: CountryCode
    b: CountryCode
    sentences: int
    topics: tuple[str, ...] = ()
    score: Probability | None = None


class Coverage(Struct, frozen=True, kw_only=True):
    """How much geowire could look at, so that silence is not read as absence."""

    language: Literal["proven", "experimental", "none"]
    text: Literal["headline", "summary", "full", "page"]
    truncated: Annotated[bool, Meta(description="the text was longer than 200 kB and was cut there")] = False


class RawRef(Struct, frozen=True, kw_only=True):
    """The raw record this event was made from."""

    stream: str
    partition: int
    offset: int


class Pipeline(Struct, frozen=True, kw_only=True):
    """The code and the knowledge that decided; not part of the decision's identity."""

    version: str
    knowledge: Annotated[str, Meta(description="hash over all knowledge files, the operator's overlay included")]


class Enriched(Struct, frozen=True, kw_only=True):
    """One decision about one version of an item.

    A consumer's whole rule: per ``item_id`` keep the greatest (``fetched``, ``generation``); the same ``id`` again is
    a repetition.

    ``removed[].start`` and ``end`` are offsets into the normalised text (before stripping): ``text`` plus ``removed``
    rebuild it exactly. Evidence offsets are into ``text`` or ``title`` as published.
    """

    id: Annotated[str, Meta(description="UUIDv5 of item_id, fetched, generation and the digest of the decision")]
    item_id: ItemId
    content_hash: ContentHash
    generation: Annotated[int, Meta(ge=0, description="raised by any change of knowledge or rules in the live pipe")]
    reason: Reason
    supersedes: Supersedes | None = None
    backfill: bool = False
    url: str | None = None
    guid: str | None = None
    source: Source
    title: str
    text: str
    language: Language
    published: Timestamp | None = None
    published_source: PublishedSource = "ingest"
    updated: Timestamp | None = None
    fetched: Timestamp
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    removed: tuple[Removed, ...] = ()
    uncertain: tuple[Uncertain, ...] = ()
    notice: Annotated[Notice | None, Meta(description="reason is then withdrawn or corrected")] = None
    geopolitical: Geopolitical
    topics: Annotated[
        tuple[Topic, ...] | None,
        Meta(description="[] when not geopolitical; null without knowledge of the language"),
    ]
    countries: tuple[Country, ...] = ()
    places: tuple[Place, ...] = ()
    actors: tuple[Actor, ...] = ()
    pairs: tuple[Pair, ...] = ()
    coverage: Coverage
    raw: RawRef
    rights: Rights
    pipeline: Pipeline
