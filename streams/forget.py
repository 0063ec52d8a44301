"""``geowire forget``: an item, or all of a feed, is taken back, and does not come again.

Step 1. What is asked for, and every item of it that is found, is listed on ``news.suppressed``. From then on dedupe
   passes nothing of it on, enrich only withdraws it, and neither replays nor ``dlq retry`` bring it back.
Step 2. The workers finish what they had under way.
Step 3. For each item an event without a word of it goes out, fetched now: it stands above all that was published.
Step 4. Its keys in compacted streams are deleted, its dead letters laid to rest.

Each step finds what is missing: after an interruption the same command goes on. What was written to the other streams
before goes when their retention is over; Kafka cannot delete single records of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from aiokafka import ConsumerRecord
from msgspec import Struct

from agents.cluster.route import signature_output
from agents.dedupe.agent import CHANGELOG
from agents.identity.ids import item_id as id_of
from agents.identity.partitions import partition_of
from agents.identity.urls import canonical_url
from agents.publish.publish import identified
from agents.publish.withdraw import forgotten, superseded
from schemas.codec import decode, encode
from schemas.enriched import Enriched
from schemas.envelope import FORGET, enriched_headers, traceparent
from schemas.errors import ConfigError
from schemas.record import Output
from schemas.suppressed import Suppressed
from schemas.times import from_milliseconds, to_milliseconds
from streams import writing
from streams.broker.admin import admin, patiently
from streams.dlq import work as dlq
from streams.dlq.letters import Wanted
from streams.operator import here, timestamp
from streams.outcomes import feed_of
from streams.scan import Advance, scan_bounds, scan_whole, telling
from streams.suppression import load
from streams.table import DEAD_LETTER, ENRICHED, RAW, SUPPRESSED, UNIQUE, Stream
from streams.writing import send_all, writer

if TYPE_CHECKING:
    from streams.settings import Settings

_WAIT_SECONDS = 60.0
_ASK_SECONDS = 0.5
_AT_A_TIME = 200

_events = msgspec.json.Decoder(Enriched)


class Target(Struct, frozen=True):
    """What is to be forgotten.

    Attributes:
        item: Item id.
        address: Canonical address of an article; its item, and others that were published under it.
        source: Feed id.
    """

    item: str | None = None
    address: str | None = None
    source: str | None = None


class Standing(Struct, frozen=True):
    """Where the event is that stands for an item."""

    partition: int
    offset: int
    fetched: bytes
    generation: int
    withdrawn: bool
    """It was forgotten before."""


class Found(Struct, frozen=True):
    """What there is of it.

    Attributes:
        items: Events that stand, by key.
        records: Records that say something of it, by stream; they go when their retention is over.
    """

    items: dict[bytes, Standing]
    records: dict[str, int]


def target(*, item: str | None, url: str | None, source: str | None) -> Target:
    """Return what is meant by the options.

    Raises:
        ConfigError: None or several are given, or the address is none.
    """
    if sum(option is not None for option in (item, url, source)) != 1:
        raise ConfigError("say what is to be forgotten: one of --item, --url or --source")
    if url is None:
        return Target(item=item, source=source)
    address = canonical_url(url)
    if address is None:
        raise ConfigError(f"{url!r} is no address of an article")
    return Target(item=id_of(link=url, feed_id="", guid=None, content=""), address=address)


async def find(settings: Settings, wanted: Target, *, progress: Advance | None = None) -> Found:
    """Return what there is of it.

    Args:
        settings: The settings.
        wanted: What is meant.
        progress: Told which stream is read, and how far.

    Raises:
        BrokerError: A stream cannot be read.
    """
    items: dict[bytes, Standing] = {}
    records: Counter[str] = Counter()
    async for record in _records(settings, ENRICHED, wanted, progress):
        head = dict(record.headers)
        if not _meant(wanted, record, head):
            continue
        withdrawn = FORGET in head
        records[ENRICHED.name] += not withdrawn
        key, fetched, generation = bytes(record.key or b""), head["ce_time"], int(head["ce_generation"])
        before = items.get(key)
        if before is None or (before.fetched, before.generation) <= (fetched, generation):
            items[key] = Standing(record.partition, record.offset, fetched, generation, withdrawn)
    keys = {*items, (wanted.item or "").encode()}
    for stream in (RAW, UNIQUE, DEAD_LETTER):
        async for record in _records(settings, stream, wanted, progress):
            of_source = wanted.source is not None and feed_of(dict(record.headers)) == wanted.source
            records[stream.name] += record.key in keys or of_source
    return Found(items, dict(records))


async def forget(settings: Settings, wanted: Target, *, note: str | None, progress: Advance | None = None) -> Found:
    """Forget it; return what there was.

    Raises:
        BrokerError: The broker cannot be reached.
        DeliveryError: The broker did not take a record; the same command goes on.
    """
    await _suppress(settings, wanted, await find(settings, wanted, progress=progress), note)
    await _settled(settings)
    found = await find(settings, wanted, progress=progress)
    since = await _suppress(settings, wanted, found, note)
    await _withdraw(settings, found, since)
    keys = {(standing.partition, key) for key, standing in found.items.items()}
    if wanted.item is not None:
        key = wanted.item.encode()
        keys.add((partition_of(key, settings.partitions), key))
    async with writer(settings) as producer:
        await send_all(settings, producer, [Output(CHANGELOG, partition, key, None, []) for partition, key in keys])
    await _lay_to_rest(settings, wanted, found)
    return found


async def remember(settings: Settings, wanted: Target) -> None:
    """Take something off the list: what comes of it from now on is passed on again.

    Raises:
        ConfigError: It is not on the list.
        DeliveryError: The broker did not take it.
    """
    key = f"source/{wanted.source}" if wanted.source is not None else f"item/{wanted.item}"
    if key not in (await load(settings)).entries:
        raise ConfigError(f"{key} is not on {SUPPRESSED.name}")
    await writing.append(settings, SUPPRESSED, key, None)


def withdrawal(record: ConsumerRecord, since: str) -> list[Output]:
    """Return the records that take an item back, out of its story too.

    Args:
        record: The event that stands.
        since: When it was asked for.
    """
    event = decode(_events, record.value)
    # A clock that was ahead must not make the withdrawal older than what it takes back.
    fetched = max(since, from_milliseconds(to_milliseconds(event.fetched) + 1))
    gone = msgspec.structs.replace(forgotten(event), fetched=fetched, supersedes=superseded(event))
    gone = identified(gone)
    seed = f"{event.raw.partition}:{event.raw.offset}"
    headers = [*enriched_headers(gone), (FORGET, since.encode()), traceparent(None, seed=seed, hop="forget")]
    return [
        Output(ENRICHED.name, record.partition, record.key, encode(gone), headers),
        signature_output(gone, ""),
    ]


async def _withdraw(settings: Settings, found: Found, since: dict[str, str]) -> None:
    todo = {(one.partition, one.offset): key for key, one in found.items.items() if not one.withdrawn}
    if not todo:
        return
    async with writer(settings) as producer:
        batch: list[Output] = []
        async for record in scan_whole(settings, settings.stream(ENRICHED.name), {partition for partition, _ in todo}):
            key = todo.get((record.partition, record.offset))
            if key is not None:
                batch += withdrawal(record, since[f"item/{key.decode()}"])
            if len(batch) >= _AT_A_TIME:
                await send_all(settings, producer, batch)
                batch.clear()
        await send_all(settings, producer, batch)


async def _suppress(settings: Settings, wanted: Target, found: Found, note: str | None) -> dict[str, str]:
    """List what is not listed yet; return since when each is."""
    known = (await load(settings)).entries
    items = {key.decode() for key in found.items} | ({wanted.item} if wanted.item is not None else set())
    asked = partial(Suppressed, since=timestamp(), by=here(), note=note)
    entries = {f"item/{item}": asked(kind="item", id=item) for item in sorted(items)}
    if wanted.source is not None:
        entries[f"source/{wanted.source}"] = asked(kind="source", id=wanted.source)
    new = {key: entry for key, entry in entries.items() if key not in known}
    async with writer(settings) as producer:
        outputs = [Output(SUPPRESSED.name, 0, key.encode(), encode(entry), []) for key, entry in new.items()]
        await send_all(settings, producer, outputs)
    return {key: entry.since for key, entry in (known | new).items()}


async def _settled(settings: Settings) -> None:
    """Wait until the workers are through with what was there before they could know; not for ever."""
    deadline = time.monotonic() + _WAIT_SECONDS
    for stream in (RAW, UNIQUE):
        topic = settings.stream(stream.name)
        ends = (await scan_bounds(settings, topic)).end
        while time.monotonic() < deadline:
            async with admin(settings) as client:
                offsets = await patiently(lambda: client.list_consumer_group_offsets(settings.group))
                (described,) = await patiently(lambda: client.describe_consumer_groups([settings.group]))
            committed = {p.partition: at.offset for p, at in offsets.items() if p.topic == topic}
            if not described.groups[0][5] or all(committed.get(p, 0) >= end for p, end in ends.items()):
                break
            await asyncio.sleep(_ASK_SECONDS)


async def _lay_to_rest(settings: Settings, wanted: Target, found: Found) -> None:
    keys = {*found.items, (wanted.item or "").encode()}
    letters = [
        one.letter
        for one in await dlq.find(settings, Wanted())
        if one.record.key in keys or (wanted.source is not None and one.letter.feed == wanted.source)
    ]
    if letters:
        await dlq.settle(settings, letters, "dropped")


def _meant(wanted: Target, record: ConsumerRecord, head: dict[str, bytes]) -> bool:
    if wanted.source is not None:
        return feed_of(head) == wanted.source
    if (record.key or b"") == (wanted.item or "").encode():
        return True
    # Only a guid may have named the item; its address is in the event then.
    if wanted.address is None:
        return False
    url = decode(_events, record.value).url
    return url is not None and canonical_url(url) == wanted.address


async def _records(
    settings: Settings, stream: Stream, wanted: Target, progress: Advance | None
) -> AsyncIterator[ConsumerRecord]:
    """Read what there may be something in: an item is in one partition."""
    partitions = set(range(settings.partitions))
    if wanted.address is None and wanted.item is not None:
        partitions = {partition_of(wanted.item.encode(), settings.partitions)}
    told = telling(progress, stream.name)
    async for record in scan_whole(settings, settings.stream(stream.name), partitions, told):
        yield record
