"""Inboxes: order, bounds, and that nothing fetched before a seek comes out behind it."""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.consumer import Consumer
from faust.types import TP

from streams.consumer import Seeking
from streams.intake import Inbox


class _Record:
    def __init__(self, name: object) -> None:
        self.name = name
        self.value = b"x"


def _batch(*names: object) -> list[Any]:
    return [_Record(name) for name in names]


_P = TP("news.raw", 0)
_Q = TP("news.raw", 1)


async def _take(inbox: Inbox, count: int) -> list[Any]:
    taken: list[Any] = []
    async for _, records in inbox.batches():
        taken += [record.name for record in records]
        if len(taken) >= count:
            break
    return taken


async def test_records_come_out_in_the_order_they_went_in() -> None:
    inbox: Any = Inbox()
    inbox.put(_P, _batch("a", "b"))
    inbox.put(_Q, _batch("c"))
    assert await _take(inbox, 3) == ["a", "b", "c"]


async def test_an_agent_that_came_first_waits_for_records() -> None:
    inbox: Any = Inbox()
    waiting = asyncio.create_task(_take(inbox, 1))
    await asyncio.sleep(0)
    inbox.put(_P, _batch("a"))
    assert await asyncio.wait_for(waiting, 5) == ["a"]


async def test_a_full_inbox_has_no_room_until_half_is_taken() -> None:
    inbox: Any = Inbox()
    for _ in range(4):
        inbox.put(_P, _batch(*range(500)))
    assert not inbox.room.is_set()
    batches = inbox.batches()
    taken = 0
    while taken < 1_500:
        taken += len((await anext(batches))[1])
    assert not inbox.room.is_set()
    await anext(batches)
    assert inbox.room.is_set(), "the third batch is through"


async def test_large_records_fill_it_too() -> None:
    inbox: Any = Inbox()
    batch = _batch("a", "b")
    batch[0].value = b"x" * 40 * 1024 * 1024
    inbox.put(_P, batch)
    assert not inbox.room.is_set()
    batches = inbox.batches()
    assert [len((await anext(batches))[1]), len((await anext(batches))[1])] == [1, 1], "a large one is given alone"
    inbox.put(_P, _batch("c"))
    await anext(batches)
    assert inbox.room.is_set()


async def test_what_was_fetched_before_a_seek_does_not_come_out_behind_it() -> None:
    inbox: Any = Inbox()
    inbox.put(_P, _batch(*range(100)))
    inbox.put(_P, _batch("old"))
    batches = inbox.batches()
    assert [record.name for record in (await anext(batches))[1]] == list(range(32))
    inbox.clear()
    inbox.put(_P, _batch("new 1", "new 2"))
    assert [record.name for record in (await anext(batches))[1]] == ["new 1", "new 2"]
    assert inbox.room.is_set()


class _Fetched(Seeking):
    """The consumer with one fetch of two partitions, nothing around it."""

    flow_active = True
    should_stop = False

    def __init__(self) -> None:
        self.inboxes = {}
        self.app: Any = SimpleNamespace(monitor=SimpleNamespace(track_tp_end_offset=lambda *_: None))
        self.app.consumer_generation_id = 1
        self._seeks = 0

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ARG002, ASYNC109 - Faust's signature
        return {_P: _batch(1, 2, 3), _Q: _batch(4)}, {_P, _Q}

    def highwater(self, tp: TP) -> int:  # noqa: ARG002
        return 0

    def _to_message(self, tp: TP, record: Any) -> Any:  # noqa: ARG002
        return record.name


@pytest.mark.parametrize("change", ["seek", "flow", "generation", "stop"])
async def test_record_by_record_nothing_fetched_before_a_seek_comes_out_behind_it(change: str) -> None:
    consumer = _Fetched()
    given = []
    async for _, message in consumer.getmany(1.0):
        given.append(message)
        if message == 2:
            consumer._seeks += change == "seek"
            consumer.flow_active = change != "flow"
            consumer.app.consumer_generation_id += change == "generation"
            consumer.should_stop = change == "stop"
    assert given == [1, 2]


def test_the_lines_of_faust_that_are_stepped_around_are_still_there() -> None:
    """``Seeking.getmany`` stands in for Faust's: another version must be read again before it is taken."""
    assert version("faust-streaming").startswith("0.15.")
    drain = inspect.getsource(Consumer._drain_messages)
    assert "async for tp, message in ait:" in drain
    assert "callback(message), self.suspend_flow.wait()" in drain
    fetch = inspect.getsource(Consumer.getmany)
    assert "records, active_partitions = await self._wait_next_records(timeout)" in fetch
    assert "await self.perform_seek()" in fetch
