"""From Faust's consumer to an agent, a batch at a time.

Faust passes every record on by itself: four asyncio tasks, a lock, a message and an event object, a queue. That is half
of what its worker costs with free agents (docs/performance.md). Here the consumer puts what it fetched of a source
stream into the agent's inbox as it came, and the agent takes it out again; assignment, rebalancing, pausing and
recovery stay Faust's. ``GEOWIRE_INTAKE=records`` goes back to Faust's own path.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

from aiokafka.structs import TopicPartition

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord
    from faust.types import TP

_ROOM = 2_000
_ROOM_BYTES = 32 * 1024 * 1024
"""Records, and bytes of their values, that an inbox holds before the consumer waits: a second or two of work."""
_BATCH = 32
_BATCH_BYTES = 96 * 1024
"""Records, and bytes of their values, that an agent is given at once: up to some 15 ms of work."""


class Inbox:
    """What was fetched of one source stream and not taken yet."""

    def __init__(self) -> None:
        self._batches: deque[tuple[TopicPartition, Sequence[ConsumerRecord]]] = deque()
        self._waiting = 0
        self._bytes = 0
        self._arrived = asyncio.Event()
        self.room = asyncio.Event()
        """Set while the consumer may put more in."""
        self.room.set()

    def put(self, partition: TP, batch: Sequence[ConsumerRecord]) -> None:
        """Put in a batch of records of one partition, in order."""
        self._batches.append((TopicPartition(partition.topic, partition.partition), batch))
        self._count(batch, 1)
        self._arrived.set()
        if self._waiting >= _ROOM or self._bytes >= _ROOM_BYTES:
            self.room.clear()

    def clear(self) -> None:
        """Forget everything: it will be fetched again from the committed offsets."""
        self._batches.clear()
        self._waiting = self._bytes = 0
        self._arrived.set()
        self.room.set()

    async def batches(self) -> AsyncIterator[tuple[TopicPartition, Sequence[ConsumerRecord]]]:
        """Yield records as they come, some of one partition at a time and in order."""
        while True:
            while not self._batches:
                self._arrived.clear()
                await self._arrived.wait()
            partition, batch = self._batches[0]
            for part in parts(batch):
                if not self._batches or self._batches[0][1] is not batch:
                    break  # cleared meanwhile
                yield partition, part
                await asyncio.sleep(0)
            else:
                if self._batches and self._batches[0][1] is batch:
                    self._batches.popleft()
                    self._count(batch, -1)
                    if self._waiting < _ROOM // 2 and self._bytes < _ROOM_BYTES // 2:
                        self.room.set()

    def _count(self, batch: Sequence[ConsumerRecord], sign: int) -> None:
        self._waiting += sign * len(batch)
        self._bytes += sign * sum(len(record.value or b"") for record in batch)


def parts(batch: Sequence[ConsumerRecord]) -> Iterator[Sequence[ConsumerRecord]]:
    """Yield records in such parts as an agent is given at once."""
    begin = size = 0
    for at, record in enumerate(batch):
        size += len(record.value or b"")
        if at > begin and (at - begin == _BATCH or size > _BATCH_BYTES):
            yield batch[begin:at]
            begin, size = at, len(record.value or b"")
    if begin < len(batch):
        yield batch[begin:]
