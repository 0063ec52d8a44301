"""All captured and awkward documents through the parser processes: no crash, no hang, no item fewer than feedparser."""

from __future__ import annotations

import asyncio
import io
import time
import warnings
from pathlib import Path

import feedparser
import pytest

from streams.polling.parsers import DEADLINE_SECONDS, Parsers
from tests.documents import request

_NOT_FEEDS = {"the body is empty", "a web page, not a feed", "not a feed in any format that is known"}


def _plain(body: bytes) -> int:
    """How many entries feedparser finds when it is simply called."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return len(feedparser.parse(io.BytesIO(body)).entries)


@pytest.mark.eval_data
async def test_no_document_crashes_hangs_or_gives_fewer_items_than_feedparser(eval_data: Path) -> None:
    rooms = (eval_data / "feeds" / room for room in ("news", "awkward"))
    documents = [(path.name, path.read_bytes()) for room in rooms for path in sorted(room.iterdir())]
    fewer, slow, problems = [], [], {}
    async with Parsers(2) as parsers:

        async def read(name: str, body: bytes) -> None:
            plain = await asyncio.to_thread(_plain, body)
            started = time.monotonic()
            reading = await parsers.read(request(), body)
            if time.monotonic() - started > DEADLINE_SECONDS:
                slow.append(name)
            if reading.entries < plain:
                fewer.append((name, plain, reading.entries, reading.problem))
            if not reading.version:
                problems[name] = reading.problem

        for start in range(0, len(documents), 2):
            await asyncio.gather(*(read(*document) for document in documents[start : start + 2]))
    assert len(documents) > 700
    assert fewer == []
    assert slow == []
    assert set(problems.values()) <= _NOT_FEEDS, "what is no feed says so, and nothing else fails"
    assert len(problems) < 12
