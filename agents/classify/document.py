"""What the classifiers see of an item: the item alone, already stripped."""

from __future__ import annotations

from msgspec import Struct


class Document(Struct, frozen=True):
    """A stripped item.

    Attributes:
        title: Headline, one line of normalised text.
        text: Clean text, normalised; paragraphs separated by newlines. Evidence offsets point into it.
        language: BCP 47 code, ``und`` where unknown.
        published: RFC 3339 time of publication, for knowledge that holds for a time only (who is in office).
        publisher: Name of the publisher or feed, which is never what the item is about.
    """

    title: str
    text: str
    language: str
    published: str | None = None
    publisher: str | None = None
