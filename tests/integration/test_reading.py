"""Where records are missing, the broker is asked what it has."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.broker import admin
from streams.consumer import Continuity
from streams.reading import first_offset
from streams.settings import Settings
from tests import streams_of

pytestmark = pytest.mark.integration


async def test_the_first_record_behind_a_gap_is_found(settings: Settings) -> None:
    await admin.apply(settings)
    partition = TopicPartition(settings.stream("news.enriched"), 2)
    async with streams_of.producer(settings) as client:
        for number in range(10):
            await client.send_and_wait(partition.topic, str(number).encode(), partition=2)
    assert await first_offset(settings, partition, 4) == 4
    async with admin.admin(settings) as client:
        await client.delete_records({partition: RecordsToDelete(before_offset=7)})
    assert await first_offset(settings, partition, 4) == 7

    async def ask(of: TopicPartition, offset: int) -> int:
        return await first_offset(settings, of, offset)

    continuity = Continuity(ask)
    continuity.start({partition: 4})
    await continuity.check(partition, 7)  # expired, not skipped
    with pytest.raises(Exception, match="skipped by the framework"):
        await continuity.check(partition, 9)
