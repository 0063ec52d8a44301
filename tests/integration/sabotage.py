"""A worker with one promise broken on purpose, to see that the delivery test notices."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from agents.dedupe.decide import Decision, Entry, Sighting, decide
from schemas.record import Output, Position, Record
from streams import delivery
from streams.settings import Settings
from streams.worker import work


def ack_before_delivery() -> None:
    """Offsets count as done when their record is taken, and are committed at once; outputs take their time."""
    send = delivery.Outbox.send

    async def slow_send(self: delivery.Outbox, outputs: list[Output]) -> list[asyncio.Future[Any]]:
        async def later() -> None:
            await asyncio.sleep(1)
            await send(self, outputs)

        return [asyncio.ensure_future(later())]

    async def done_at_once(
        self: delivery.Outbox, record: Record, futures: list[asyncio.Future[Any]], *_: object
    ) -> None:
        self._settled[TopicPartition(self._topic(record.stream), record.partition)] = record.offset + 1
        self._commit_seconds = 0.02
        self._open -= 1
        if self._open == 0:
            self._idle.set()
        await asyncio.sleep(0)
        _kept.extend(futures)

    monkeypatch.setattr(delivery.Outbox, "send", slow_send)
    monkeypatch.setattr(delivery.Outbox, "done", done_at_once)


monkeypatch = pytest.MonkeyPatch()
_kept: list[asyncio.Future[Any]] = []


def forget_the_origin() -> None:
    """A record that was accepted before is not recognised when it comes again."""

    def forgetful(entry: Entry | None, sighting: Sighting, *, committed: Position, ttl: int) -> Decision:
        # No two sightings have one origin, not even across restarts.
        unknown = Position(time.time_ns(), sighting.origin.offset)
        elsewhere = Sighting(unknown, sighting.content_hash, sighting.fetched, sighting.time)
        return decide(entry, elsewhere, committed=committed, ttl=ttl)

    monkeypatch.setattr("agents.dedupe.route.decide", forgetful)


if __name__ == "__main__":
    {"ack-before-delivery": ack_before_delivery, "forget-the-origin": forget_the_origin}[sys.argv[1]]()
    work(Settings.from_env())
