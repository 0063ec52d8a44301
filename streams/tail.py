"""``geowire tail``: the records of a stream, as lines."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from aiokafka import ConsumerRecord
from msgspec import Struct

from schemas.envelope import header_words
from schemas.errors import ConfigError
from streams.reading import reader
from streams.table import ENRICHED, FEED_STATUS, STREAMS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka import AIOKafkaConsumer

    from streams.settings import Settings


class Filter(Struct, frozen=True):
    """Which events are shown, by their headers: no value is decoded for those that are not.

    Attributes:
        topics: Any of these topics; empty: all events.
        countries: About any of these countries.
        languages: In any of these languages.
        geo: ``true``, ``false`` or ``unknown``.
        sources: From any of these feeds, by id.
    """

    topics: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    geo: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def passes(self, record: ConsumerRecord) -> bool:
        """Whether a record passes: any of each kind that is asked for."""
        asked = {
            "ce_topics": self.topics,
            "ce_countries": self.countries,
            "ce_lang": self.languages,
            "ce_geo": self.geo,
            "ce_source": {f"/feeds/{quote(source, safe='')}" for source in self.sources},
        }
        return all(
            not wanted.isdisjoint(header_words(record.headers, name)) for name, wanted in asked.items() if wanted
        )


async def tail(
    settings: Settings,
    name: str,
    *,
    beginning: bool,
    limit: int | None,
    follow: bool,
    as_json: bool,
    only: Filter,
) -> None:
    """Print records of a stream.

    Args:
        settings: The settings.
        name: Name of the stream in the table.
        beginning: From the first record that is kept, not from now on.
        limit: End after so many.
        follow: Wait for more at the end.
        as_json: JSON lines with key, headers and value, rather than lines for people.
        only: Which records; the headers it looks at are those of news.enriched.

    Raises:
        ConfigError: There is no such stream, or it cannot be filtered.
        BrokerError: The broker cannot be reached.
    """
    of_live = _of_live(name)
    if only != Filter() and of_live != ENRICHED.name:
        raise ConfigError(f"only {ENRICHED.name} can be filtered; {name} has no headers for topic, country or language")
    if of_live not in {stream.name for stream in STREAMS}:
        raise ConfigError(f"there is no stream {name!r}; there are {', '.join(stream.name for stream in STREAMS)}")
    shown = 0
    async for record in _records(settings, name, beginning=beginning or not follow, follow=follow):
        if not only.passes(record):
            continue
        line = as_object(record) if as_json else as_line(of_live, record).encode()
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
        shown += 1
        if limit is not None and shown >= limit:
            return


def _of_live(name: str) -> str:
    """Return the name that a replay's stream has in live; any other as it is."""
    replayed = re.fullmatch(r"replay\.[a-z0-9-]+\.(.+)", name)
    return replayed[1] if replayed else name


async def _records(settings: Settings, name: str, *, beginning: bool, follow: bool) -> AsyncIterator[ConsumerRecord]:
    async with reader(settings, settings.stream(name)) as consumer:
        if not beginning:
            await consumer.seek_to_end()
        ends = await consumer.end_offsets(consumer.assignment())
        while follow or await _before(consumer, ends):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    yield record


async def _before(consumer: AIOKafkaConsumer, ends: dict[Any, int]) -> bool:
    return any([await consumer.position(partition) < end for partition, end in ends.items()])


def as_object(record: ConsumerRecord) -> bytes:
    """Return a record as a JSON object: position, time, key, headers, and the value (null where it is no JSON)."""
    try:
        value: Any = orjson.Fragment(record.value) if record.value and orjson.loads(record.value) is not None else None
    except orjson.JSONDecodeError:
        value = None
    return orjson.dumps(
        {
            "partition": record.partition,
            "offset": record.offset,
            "time": datetime.fromtimestamp(record.timestamp / 1000, UTC),
            "key": _text(record.key),
            "headers": {key: _text(value) for key, value in record.headers},
            "value": value,
        },
        option=orjson.OPT_UTC_Z,
    )


def as_line(stream: str, record: ConsumerRecord) -> str:
    """Return a record as one line for people."""
    headers = {key: _text(value) or "" for key, value in record.headers}
    clock = datetime.fromtimestamp(record.timestamp / 1000, UTC).strftime("%H:%M:%S")
    place = f"{record.partition}:{record.offset}"
    if stream == "news.dead-letter":
        origin = f"{headers.get('dlq_stage')} {headers.get('dlq_code')}"
        return f"{clock} {place:>10}  {origin}: {headers.get('dlq_message')}"
    try:
        value = orjson.loads(record.value or b"null")
    except orjson.JSONDecodeError:
        value = None
    if stream == FEED_STATUS.name and isinstance(value, dict):
        return f"{clock} {place:>10}  {value.get('event')}: {value.get('feed_id')} {value.get('message')}"
    title = " ".join(str(value.get("title") or "").split()) if isinstance(value, dict) else ""
    facts = [headers[name] for name in ("ce_topics", "ce_countries", "ce_lang", "ce_reason") if headers.get(name)]
    return f"{clock} {place:>10}  {' · '.join(facts):<40} {title or _text(record.key) or ''}"


def _text(value: bytes | None) -> str | None:
    return value.decode("utf-8", "replace") if value is not None else None
