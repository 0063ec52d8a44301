"""Enriched events written as a worker would write them, for tests of those who read them."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.codec import encode
from schemas.enriched import Enriched, Topic
from schemas.envelope import enriched_headers
from schemas.generate import EXAMPLES
from streams.settings import Settings
from tests import streams_of
from tests.items import partition_of

_EVENT = msgspec.json.decode((EXAMPLES / "enriched.json").read_bytes(), type=Enriched)
_TEXT = "The foreign ministers of Chile and Peru met in Lima. " * 20
SANCTIONS = (Topic(id="sanctions", primary=True),)


def event_of(item: str, second: int, **changes: Any) -> Enriched:
    fetched = f"2026-02-18T09:30:{second:02}.000Z"
    changes = {"title": f"Report {item}", "text": _TEXT, **changes}
    return msgspec.structs.replace(_EVENT, id=f"{item}/{second}", item_id=item, fetched=fetched, **changes)


async def publish(settings: Settings, *events: Enriched) -> None:
    async with streams_of.producer(settings) as client:
        for event in events:
            key = event.item_id.encode()
            await client.send_and_wait(
                settings.stream("news.enriched"),
                encode(event),
                key=key,
                headers=enriched_headers(event),
                partition=partition_of(key, settings.partitions),
            )
