"""How much waits for the workers' group, and how far it has committed: asked of Kafka by clients of our own.

Faust's consumer cannot be asked: where it has stopped fetching it knows of nothing new.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import GeowireError
from streams.broker.admin import admin
from streams.broker.connection import client_arguments
from streams.health.pulse import Work

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

    from streams.settings import Settings

log = logging.getLogger(__name__)

_PEEK_MS = 2_000
_FETCH_BYTES = 1


class Lag:
    """Asks for committed offsets and ends; an answer that does not come in time is none."""

    def __init__(self, settings: Settings, *, seconds: float) -> None:
        """Prepare; nothing is opened before the first question.

        Args:
            settings: The settings.
            seconds: How long an answer may take.
        """
        self._settings = settings
        self._seconds = seconds
        self._opened: AsyncExitStack | None = None
        self._clients: tuple[AIOKafkaAdminClient, AIOKafkaConsumer] | None = None
        self._last: dict[TopicPartition, int] = {}
        self._nothing: dict[TopicPartition, tuple[int, int]] = {}

    async def read(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Work] | None:
        """Return how much waits in each partition and up to where is committed; None where Kafka does not say."""
        if not partitions:
            return {}
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(partitions)
        except (TimeoutError, KafkaError, GeowireError, OSError) as error:
            log.debug("lag cannot be read: %r", error)
            await self.close()
            return None

    async def close(self) -> None:
        """Close the clients; the next question opens others."""
        opened, self._opened, self._clients = self._opened, None, None
        if opened is not None:
            with suppress(TimeoutError, KafkaError, OSError):
                async with asyncio.timeout(self._seconds):
                    await opened.aclose()

    async def _open(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._clients is None:
            self._opened = AsyncExitStack()
            client = await self._opened.enter_async_context(admin(self._settings))
            consumer = AIOKafkaConsumer(
                **client_arguments(self._settings), enable_auto_commit=False, fetch_max_bytes=_FETCH_BYTES
            )
            self._opened.push_async_callback(consumer.stop)
            await consumer.start()
            self._clients = client, consumer
        return self._clients

    async def _read(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Work]:
        client, consumer = await self._open()
        # Offsets before ends: what is committed in between must not look like less than nothing to do.
        offsets = await client.list_consumer_group_offsets(self._settings.group)
        committed = {p: max(0, offsets[p].offset) if p in offsets else 0 for p in partitions}
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        waiting = {p: max(0, ends[p] - max(starts[p], done)) for p, done in committed.items()}
        suspects = {p for p, count in waiting.items() if count and self._last.get(p) == committed[p]}
        known = {p for p in suspects if self._nothing.get(p) == (committed[p], ends[p])}
        for partition in known | await self._nothing_at(suspects - known, committed, ends):
            waiting[partition] = 0
        self._last = committed
        return {p: Work(waiting[p], done) for p, done in committed.items()}

    async def _nothing_at(
        self, suspects: set[TopicPartition], committed: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> set[TopicPartition]:
        """Return where no record is behind the committed offset: only what a transaction leaves at its end.

        Offsets are not committed past what no record is at, so nothing would ever move there.
        """
        if not suspects:
            return set()
        assert self._clients is not None  # noqa: S101 - for the type checker
        consumer = self._clients[1]
        consumer.assign(list(suspects))
        try:
            for partition in suspects:
                consumer.seek(partition, committed[partition])
            found = await consumer.getmany(timeout_ms=_PEEK_MS, max_records=1)
            nothing = {p for p in suspects if p not in found and await consumer.position(p) >= ends[p]}
        finally:
            consumer.unsubscribe()
        self._nothing |= {p: (committed[p], ends[p]) for p in nothing}
        return nothing
