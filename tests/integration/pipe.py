"""The whole pipe for a test: a worker on the real broker, a poller that is run when the test says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord

from streams.audit import audit
from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.processes import Part

_OUTCOMES = ("news.enriched", "news.duplicates", "news.dead-letter")


class Pipe:
    """A running worker and its streams."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], directory: Path) -> None:
        self.settings = settings
        self._environment = environment
        self._directory = directory

    async def poll(self, *urls: str) -> None:
        """Run the poller over some feeds, each once, and wait for all outcomes."""
        feeds = self._directory / "feeds.txt"
        feeds.write_text("\n".join(urls))
        hosts = ",".join(sorted({url.split("/")[2] for url in urls}))
        log = self._directory / "poller.log"
        environment = {**self._environment, "ALLOW_PRIVATE": hosts}
        with Part.geowire("poll", "--once", "--feeds", str(feeds), environment=environment, log=log) as poller:
            code = await asyncio.to_thread(poller.process.wait, 60)
            assert code == 0, poller.said()
        await self.settled()

    async def settled(self) -> dict[str, list[ConsumerRecord]]:
        """Wait until every raw record has an outcome; return all records of all streams."""

        async def complete() -> dict[str, list[ConsumerRecord]] | None:
            found = await streams_of.read(self.settings, *streams_of.NEWS)
            # What was re-keyed is two records of one origin.
            raw = {_origin(record) for record in found["news.raw"]}
            had = {streams_of.origin(record) for stream in _OUTCOMES for record in found[stream]}
            return found if raw == had else None

        found = await streams_of.until(complete, seconds=60, what="every raw record has an outcome")
        assert found is not None
        return found

    async def counts(self) -> dict[str, int]:
        """Records in each outcome stream, once all are there."""
        found = await self.settled()
        return {stream: len(found[stream]) for stream in ("news.raw", *_OUTCOMES)}

    async def events(self) -> list[dict[str, Any]]:
        """The enriched events, oldest fetch first."""
        found = await self.settled()
        events = [json.loads(record.value) for record in found["news.enriched"]]
        return sorted(events, key=lambda event: str(event["fetched"]))


def _origin(record: ConsumerRecord) -> str:
    carried = streams_of.headers(record).get("origin")
    return carried.decode() if carried else f"{record.partition}:{record.offset}"


@asynccontextmanager
async def running(
    settings: Settings, environment: Mapping[str, str], directory: Path, *, audited: bool = True
) -> AsyncIterator[Pipe]:
    """Start a worker; at the end stop it in order, and see that the books balance.

    Without ``audited`` for tests that write records by hand which no pipe would.
    """
    await admin.apply(settings)
    with Part.geowire("work", environment=environment, log=directory / "worker.log") as worker:
        try:
            yield Pipe(settings, environment, directory)
        except AssertionError as error:
            error.add_note(worker.said()[-3000:])
            raise
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    if audited:
        await accounted(settings)


async def accounted(settings: Settings) -> None:
    """See that every raw record has exactly one outcome, as an operator would: by ``geowire audit``."""
    report = await audit(settings)
    assert report.complete, report
    assert report.total.under_way == 0, report
