"""Raw items as a foreign producer would make them: built from the documented contract, not by the poller's code."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from aiokafka.partitioner import murmur2


def timestamp(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def raw_item(
    link: str, *, title: str, body: str = "Nothing else was known.", fetched: int, feed: str = "test-feed", **more: Any
) -> dict[str, Any]:
    return {
        "item_id": str(uuid.uuid5(uuid.NAMESPACE_URL, link)),
        "feed": {"id": feed},
        "title": title,
        "link": link,
        "body": body,
        "fetched": timestamp(fetched),
        "content_hash": hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()[:32],
        **more,
    }


def encoded(item: dict[str, Any]) -> bytes:
    return json.dumps(item).encode()


def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner, by aiokafka's implementation of it."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
