"""A fetched page → the raw item with the article's own text, or with what the feed has and the reason why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from agents.identity.ids import content_hash
from agents.normalise.normalise import content, normalise, normalise_title
from schemas.codec import encode
from schemas.raw import Page, RawItem, Rights
from schemas.times import from_datetime
from streams.polling.formats.dates import parse_date
from streams.polling.formats.decode import HTML_DECLARATION, decode
from streams.polling.pages.article import Article, read_article
from streams.polling.pages.rights import Reservation, of_meta
from streams.polling.reading import Item
from streams.polling.siblings import Headlines

LEAST = 150
"""Characters below which a text is a teaser, a notice or an error, not an article."""
_RESEMBLANCE = 0.2
"""Share of a headline's (or summary's) letter groups that the page must have. In real articles 2 % have less in their
text alone, and nearly all have the headline as well; of the other articles of the same outlet 80 % have less."""
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MOSTLY_CJK = 0.2
_STATEMENTS = ("license", "dcterms.rights", "dc.rights", "rights", "copyright")
_PUBLISHED = ("article:published_time", "datepublished", "date", "dc.date", "dcterms.created", "parsely-pub-date")

_decode_raw = msgspec.json.Decoder(RawItem).decode


class PageRequest(Struct, frozen=True, kw_only=True, tag="page"):
    """A page that the parser process is asked to read.

    Attributes:
        record: The raw item as the feed gave it, encoded.
        page: How the page was asked for.
        content_type: Its Content-Type header.
        headlines: The headlines of the feed.
        tdm_reserved: False where the site's and the page's headers reserve nothing; None: the site did not say.
    """

    record: bytes
    page: Page
    content_type: str | None
    headlines: tuple[str, ...]
    tdm_reserved: bool | None


class PageReading(Struct, frozen=True, kw_only=True):
    """What came of a page.

    Attributes:
        item: The raw item to be produced; None: the page broke the parser.
        problem: Why its text is the feed's all the same.
    """

    item: Item | None = None
    problem: str | None = None


def read_page(request: PageRequest, body: bytes) -> PageReading:
    """Put the text of a page into a raw item, unless that is forbidden or it is not the article."""
    raw = _decode_raw(request.record)
    html, _ = decode(body, request.content_type, declaration=HTML_DECLARATION)
    article = read_article(html, request.page.url)
    if reservation := of_meta(article.meta):
        return without_page(request.record, request.page, reservation.statement, reservation)
    if problem := _unlike(raw, article):
        return without_page(request.record, request.page, problem)
    normalised = normalise(article.html)
    title = normalise_title(raw.title)
    published = _published(article, raw)
    full = structs.replace(
        raw,
        body=article.html,
        basis="page",
        page=request.page,
        content_hash=content_hash(title, content(normalised)),
        siblings=Headlines(request.headlines).in_text(normalised.text, own=title),
        language=raw.language or article.language,
        published=published or raw.published,
        published_source="page" if published else raw.published_source,
        rights=_rights(raw.rights, article, tdm_reserved=request.tdm_reserved),
    )
    return PageReading(item=_item(full))


def without_page(record: bytes, page: Page, problem: str, reservation: Reservation | None = None) -> PageReading:
    """Return an item as the feed gave it, with the reason why its page's text is not in it."""
    raw = structs.replace(_decode_raw(record), page=structs.replace(page, problem=problem[:300]))
    if reservation is not None:
        reserved = reservation.tdm if reservation.tdm is not None else raw.rights.tdm_reserved
        raw = structs.replace(raw, rights=Rights(basis="page", statement=reservation.statement, tdm_reserved=reserved))
    return PageReading(item=_item(raw), problem=problem)


def _item(raw: RawItem) -> Item:
    return Item(raw.item_id, raw.content_hash, encode(raw), raw.link, raw.backfill)


def _unlike(raw: RawItem, article: Article) -> str | None:
    """Return why a page is not the item's article, None where it is."""
    if len(article.text) < LEAST:
        return "no article was found on the page"
    feed_has = normalise(raw.body or raw.summary or "").text
    if len(article.text) < len(feed_has):
        return f"the page gives less text than the feed ({len(article.text)} of {len(feed_has)} characters)"
    whole = _groups("\n".join((*article.titles, article.text)))
    said = [groups for text in (normalise_title(raw.title), feed_has[:500]) if (groups := _groups(text))]
    if said and all(len(groups & whole) < _RESEMBLANCE * len(groups) for groups in said):
        return f"the page is about something else; it is titled {(article.titles or ('',))[0][:100]!r}"
    return None


def _groups(text: str) -> set[str]:
    """Return the groups of letters in a text: six in a row, three in scripts that write words with one or two."""
    letters = re.sub(r"\W+", " ", text).casefold().strip()
    size = 3 if len(_CJK.findall(letters)) > _MOSTLY_CJK * len(letters) else 6
    return {letters[start : start + size] for start in range(len(letters) - size + 1)}


def _published(article: Article, raw: RawItem) -> str | None:
    """Return when the page says it was published, where the feed did not."""
    if raw.published is not None:
        return None
    moment = parse_date(_first(article.meta, _PUBLISHED) or "", now=datetime.fromisoformat(raw.fetched))
    return from_datetime(moment) if moment else None


def _rights(of_feed: Rights, article: Article, *, tdm_reserved: bool | None) -> Rights:
    statement = _first(article.meta, _STATEMENTS)
    if statement is None and of_feed.statement is not None:
        return structs.replace(of_feed, tdm_reserved=tdm_reserved)
    return Rights(basis="page", statement=statement, tdm_reserved=tdm_reserved)


def _first(meta: Iterable[tuple[str, str]], names: tuple[str, ...]) -> str | None:
    found = {name: " ".join(content.split())[:500] for name, content in reversed(tuple(meta)) if content.strip()}
    return next((found[name] for name in names if name in found), None)
