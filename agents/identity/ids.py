"""Stable ids: item, content and event.

None of them is random or looks at the clock: the same item has the same id in every process, after every restart
and in every replay.
"""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5

from agents.identity.urls import canonical_url, names_a_story

# Never change these: every id ever published hangs on them.
_ITEM_URL = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562 namespace for URLs
_ITEM_GUID = UUID("0f5e3c3a-5d0c-5b0a-8f43-6a3b54d3b1f7")
_ITEM_CONTENT = UUID("5c1f2f7e-0d55-5f5e-9d5b-0c0f6c8f7f6d")
_EVENT = UUID("c2f3f7b4-93e6-5d0e-8a8e-0d2b9f9f3f31")


def item_id(*, link: str | None, feed_id: str, guid: str | None, content: str) -> str:
    """Return the item's id: by canonical link; else by (feed, guid); else by content hash.

    Args:
        link: Address of the article as the feed gave it.
        feed_id: The feed's id in the feed list.
        guid: The feed's own id for the item.
        content: The item's content hash.
    """
    # Some feeds give the site's home page as the link of every item.
    if link and (canonical := canonical_url(link)) and names_a_story(canonical):
        return str(uuid5(_ITEM_URL, canonical))
    if guid:
        # A guid that is itself an address is one: two feeds of one site then agree.
        if (canonical := canonical_url(guid)) and names_a_story(canonical):
            return str(uuid5(_ITEM_URL, canonical))
        return str(uuid5(_ITEM_GUID, f"{feed_id}\n{guid}"))
    return str(uuid5(_ITEM_CONTENT, content))


def content_hash(title: str, text: str) -> str:
    """Return the BLAKE2b-128 hash of a title and a text, white space not counting.

    The caller passes texts without markup and without blocks that are all link
    (``agents.normalise.content``), so that a rotating "READ ALSO" block is no edit.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(" ".join(title.split()).encode())
    digest.update(b"\n")
    digest.update(" ".join(text.split()).encode())
    return digest.hexdigest()


def raw_event_id(item_id: str, fetched: str, content: str) -> str:
    """Return the ``ce_id`` of a raw record: one version of one item."""
    return str(uuid5(_EVENT, f"raw\n{item_id}\n{fetched}\n{content}"))


def duplicate_event_id(item_id: str, fetched: str, origin: str) -> str:
    """Return the ``ce_id`` of a duplicate notice: one per raw record."""
    return str(uuid5(_EVENT, f"duplicate\n{item_id}\n{fetched}\n{origin}"))


def feed_event_id(feed_id: str, event: str, before: str) -> str:
    """Return the ``ce_id`` of an event on feed-status: the same when the poll that found it is repeated.

    Args:
        feed_id: The feed.
        event: What happened.
        before: When the feed was polled before.
    """
    return str(uuid5(_EVENT, f"feed\n{feed_id}\n{event}\n{before}"))


def decision_id(item_id: str, fetched: str, generation: int, decided: bytes) -> str:
    """Return the ``ce_id`` of an enriched event.

    Args:
        item_id: The item.
        fetched: When this version of it was fetched.
        generation: Generation of knowledge and rules that decided.
        decided: The encoded decision without ``id`` and ``pipeline``: the same decision has the same id on
            redelivery and in a replay, any other has another.
    """
    digest = hashlib.blake2b(decided, digest_size=16).hexdigest()
    return str(uuid5(_EVENT, f"{item_id}\n{fetched}\n{generation}\n{digest}"))


def signature_event_id(event_id: str) -> str:
    """Return the ``ce_id`` of an event's signature."""
    return str(uuid5(_EVENT, f"signature\n{event_id}"))


def story_event_id(name: str, value: bytes | None) -> str:
    """Return the ``ce_id`` of what is said of a story: the same said again has it again."""
    digest = hashlib.blake2b(value or b"", digest_size=16).hexdigest()
    return str(uuid5(_EVENT, f"story\n{name}\n{digest}"))
