"""Holding the live workers' group while nobody works, so that what they have committed cannot move.

Kafka lets a member into a group only if it shares a way of assigning partitions with those who are in. We join with one
that nobody else has: the join succeeds only while no worker is in the group, and while we are in no worker gets in (it
exits, and its supervisor starts it again). Who dies in here is out of the group one session later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import InconsistentGroupProtocolError, KafkaError

from schemas.errors import BrokerError
from streams.broker.admin import admin, patiently
from streams.broker.connection import client_arguments
from streams.broker.refusals import unreachable
from streams.table import UNIQUE

if TYPE_CHECKING:
    from streams.settings import Settings

_ASK_SECONDS = 0.5
_JOIN_SECONDS = 30.0


class _Alone(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """Assigns as usual, under a name that no worker knows."""

    name = "geowire-promote"


@asynccontextmanager
async def fenced(settings: Settings, waiting: Callable[[int], None]) -> AsyncIterator[None]:
    """Wait until no live worker is in the group, and keep it so.

    Args:
        settings: The settings.
        waiting: Told how many workers there still are.

    Raises:
        BrokerError: The broker cannot be asked.
    """
    while True:
        while members := await workers(settings):
            waiting(members)
            await asyncio.sleep(_ASK_SECONDS)
        consumer = AIOKafkaConsumer(
            settings.stream(UNIQUE.name),
            **client_arguments(settings),
            group_id=settings.group,
            partition_assignment_strategy=[_Alone],
            enable_auto_commit=False,
            session_timeout_ms=round(1000 * settings.session_seconds),
            heartbeat_interval_ms=round(200 * settings.session_seconds),
        )
        try:
            try:
                await asyncio.wait_for(consumer.start(), _JOIN_SECONDS)
                consumer.pause(*consumer.assignment())
            except InconsistentGroupProtocolError:
                continue  # a worker was faster
            except KafkaError as error:
                raise BrokerError(await unreachable(settings, error)) from error
            yield
            return
        finally:
            with suppress(KafkaError):
                await consumer.stop()


async def workers(settings: Settings) -> int:
    """Return how many workers are in the live group."""
    async with admin(settings) as client:
        (described,) = await patiently(lambda: client.describe_consumer_groups([settings.group]))
    return len(described.groups[0][5])
