"""Records are compressed as GEOWIRE_COMPRESSION says, and read whatever they are compressed with."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import codec

from streams.broker import admin
from streams.broker.compression import LEVEL, compression
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from streams.writing import writer
from tests import streams_of

pytestmark = pytest.mark.integration

_CODECS = {"lz4": 3, "zstd": 4}
"""Codecs in the attributes of a record batch, two bytes at offset 21: https://kafka.apache.org/documentation/#recordbatch."""
_ATTRIBUTES = slice(21, 23)
_LAST_BITS = 0b111


@pytest.mark.parametrize("codec", _CODECS)
async def test_records_are_compressed_as_said(kafka: EmbeddedKafka, settings: Settings, codec: Any) -> None:
    await admin.apply(settings)
    topic = settings.stream("news.enriched")
    value = b"The ministers met for six hours on Sunday. " * 100
    async with writer(replace(settings, compression=codec)) as producer:
        await asyncio.gather(*[await producer.send(topic, value, partition=0) for _ in range(5)])
    records = (await streams_of.read(settings, "news.enriched"))["news.enriched"]
    assert [record.value for record in records] == [value] * 5
    (segment,) = (kafka.directory / "log" / f"{topic}-0").glob("*.log")
    batches = segment.read_bytes()
    assert int.from_bytes(batches[_ATTRIBUTES], "big") & _LAST_BITS == _CODECS[codec]
    assert len(batches) < len(value)


def test_unless_it_is_said_lz4_is_meant() -> None:
    assert Settings.from_env({}).compression == "lz4"


def test_lz4_is_of_the_fast_kind() -> None:
    """aiokafka calls it without a level; its own takes five times as long and leaves less."""
    text = (Path(__file__).parents[1] / "fixtures/topics/headlines.tsv").read_bytes()
    compression(Settings.from_env({}))
    assert codec.lz4_encode(text) == codec.lz4_encode(text, level=LEVEL)
    assert len(codec.lz4_encode(text)) > len(codec.lz4_encode(text, level=9))
