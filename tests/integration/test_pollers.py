"""Several pollers share the feeds: they come, go, die and freeze, and every item comes out once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from streams.broker import admin
from streams.settings import Settings
from tests import streams_of
from tests.integration.outcomes import caught_up
from tests.integration.pipe import accounted
from tests.integration.test_scaling import members
from tests.integration.ticker import Ticker, ticking
from tests.processes import Part

pytestmark = pytest.mark.integration

log = logging.getLogger(__name__)

_TAKEOVER_SECONDS = 30


class Pollers:
    """Poller processes over the feeds of a ticker."""

    def __init__(self, settings: Settings, environment: dict[str, str], ticker: Ticker, directory: Path) -> None:
        self.settings = settings
        self._ticker = ticker
        self._directory = directory
        self._feeds = directory / "feeds.txt"
        self._feeds.write_text("\n".join(ticker.urls))
        self._environment = {
            **environment,
            "ALLOW_PRIVATE": ticker.addresses,
            "GEOWIRE_POLL_SECONDS": "1",
            "GEOWIRE_POLL_MOST_SECONDS": "2",
            "GEOWIRE_POLL_FLOOR_SECONDS": "1",
            "GEOWIRE_POLL_WORKERS": "1",
        }

    def start(self, name: str, *options: str) -> Part:
        arguments = ("poll", "--feeds", str(self._feeds), *options)
        return Part.geowire(*arguments, environment=self._environment, log=self._directory / f"{name}.log")

    async def once(self) -> None:
        """Poll every feed once: those that were never polled would be spread over twenty seconds."""
        with self.start("once", "--once") as poller:
            assert await asyncio.to_thread(poller.process.wait, 60) == 0, poller.said()[-3000:]

    async def all_asked(self, seconds: float) -> float:
        """Wait until every feed was asked for once more; how long that took."""
        since = asyncio.get_running_loop().time()

        async def asked() -> bool:
            return self._ticker.asked(since).keys() >= set(self._ticker.hosts)

        await streams_of.until(asked, seconds=seconds, what="every feed is polled")
        return asyncio.get_running_loop().time() - since

    async def everything_is_in(self) -> list[dict[str, Any]]:
        """Close the newsrooms, wait until all they published is in news.raw; what is there."""
        self._ticker.close()
        wanted = self._ticker.published()

        found: list[dict[str, Any]] = []

        async def complete() -> bool:
            found[:] = [json.loads(r.value) for r in (await streams_of.read(self.settings, "news.raw"))["news.raw"]]
            return {item["title"] for item in found} >= wanted

        try:
            await streams_of.until(complete, seconds=60, what="everything is in news.raw")
        except AssertionError as error:
            error.add_note(f"missing: {sorted(wanted - {item['title'] for item in found})}")
            raise
        assert {item["title"] for item in found} == wanted
        return found


def _repeated(items: list[dict[str, Any]]) -> dict[str, set[str]]:
    """By feed, the polls that brought something again which another had brought."""
    polls: defaultdict[str, set[str]] = defaultdict(set)
    seen: set[str] = set()
    for item in sorted(items, key=lambda item: str(item["fetched"])):
        if item["item_id"] in seen:
            polls[item["feed"]["id"]].add(item["fetched"])
        seen.add(item["item_id"])
    return polls


async def _events_once(settings: Settings, environment: dict[str, str], items: int, log: Path) -> None:
    """Let a worker decide it all: an event for each item, a duplicate for each repetition."""
    with Part.geowire("work", environment=environment, log=log) as worker:
        found = await caught_up(settings)
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]
    assert len({record.key for record in found["news.enriched"]}) == len(found["news.enriched"]) == items
    assert len(found["news.duplicates"]) == len(found["news.raw"]) - items
    await accounted(settings)


async def _no_state_is_overwritten(settings: Settings) -> None:
    """The state that counts for a feed, its last one, is by the newest of all that wrote it."""
    writers: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for record in (await streams_of.read(settings, "feed-state"))["feed-state"]:
        if record.value is not None:
            writers[record.key].append(tuple(json.loads(record.value)["writer"]))
    assert writers
    assert all(found[-1] == max(found) for found in writers.values())


@pytest.mark.timeout(240)
async def test_one_poller_dies_another_freezes_and_wakes(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """With the session that is the default."""
    environment = {name: value for name, value in environment.items() if name != "GEOWIRE_SESSION_SECONDS"}
    await admin.apply(settings)
    async with ticking(24) as ticker:
        pollers = Pollers(settings, environment, ticker, tmp_path)
        await pollers.once()
        with ExitStack() as running:
            stays, freezes, dies = (running.enter_context(pollers.start(name)) for name in ("stays", "freezes", "dies"))
            await members(settings, 3, group=settings.poll_group)
            await pollers.all_asked(30)
            os.kill(freezes.process.pid, signal.SIGSTOP)
            dies.kill()
            took = await pollers.all_asked(_TAKEOVER_SECONDS)
            log.info("every feed was polled within %.1f s", took)
            await members(settings, 1, group=settings.poll_group)
            os.kill(freezes.process.pid, signal.SIGCONT)
            await members(settings, 2, group=settings.poll_group)
            await pollers.all_asked(30)
            items = await pollers.everything_is_in()
            for poller in (stays, freezes):
                assert await asyncio.to_thread(poller.stop) == 0, poller.said()[-3000:]
    assert all(len(polls) <= 1 for polls in _repeated(items).values()), "more than one poll of a feed was repeated"
    await _no_state_is_overwritten(settings)
    await _events_once(settings, environment, len({item["item_id"] for item in items}), tmp_path / "worker.log")
