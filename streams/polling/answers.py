"""What a server answered → what the parsers are asked → what they read; an index of sitemaps is followed."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.feed_state import Listed
from schemas.raw import FeedRef, HttpResponse, Rights
from streams.polling.fetch import Fetcher, Response
from streams.polling.parsers import Parsers
from streams.polling.reading import Reading, Request, together

_SITEMAPS = 2
"""Sitemaps of an index that are read: at the turn of the day its news are in two."""


def asking(
    response: Response,
    feed: FeedRef,
    *,
    fetched: str,
    listed: Sequence[Listed] = (),
    first: bool = False,
    pages: bool = False,
) -> Request:
    """Return what the parsers are to read.

    Args:
        response: The answer.
        feed: What items say of their feed.
        fetched: When it came.
        listed: What the feed listed before.
        first: Whether it is the feed's first poll that brings something.
        pages: Whether the articles' pages are to be fetched.
    """
    reserved = response.headers.get("tdm-reservation", "").strip()
    return Request(
        feed=feed,
        fetched=fetched,
        http=HttpResponse(
            status=response.status or 0,
            url=response.url,
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
        ),
        content_type=response.headers.get("content-type"),
        listed=tuple(listed),
        first=first,
        pages=pages,
        rights=Rights(statement=response.headers.get("tdm-policy"), tdm_reserved={"1": True, "0": False}.get(reserved)),
    )


async def read_answer(response: Response, request: Request, *, fetcher: Fetcher, parsers: Parsers) -> Reading:
    """Read the body of an answer; of an index of sitemaps the newest, as one feed."""
    reading = await parsers.read(request, response.body or b"")
    parts = []
    for url in reading.sitemaps[:_SITEMAPS]:
        part = await fetcher.get(url)
        if part.body is not None:
            named = asking(
                part,
                request.feed,
                fetched=request.fetched,
                listed=request.listed,
                first=request.first,
                pages=request.pages,
            )
            parts.append(await parsers.read(named, part.body))
    return together(reading, parts) if reading.sitemaps else reading
