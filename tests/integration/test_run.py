"""``geowire run`` in a terminal: everything starts in order, shows what it does, and stops in order."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest

from streams.broker.embedded import EmbeddedKafka
from streams.polling import subscriptions
from streams.settings import Settings
from tests import site, streams_of
from tests.terminal import Terminal

pytestmark = pytest.mark.integration

_STORIES = [
    {
        "title": f"Ministers of Chile and Peru meet for round {n} of the border talks",
        "link": f"https://daily.example/talks/{n}",
        "html": f"<p>The foreign ministers of Chile and Peru met for round {n}.</p><p>ALSO READ: The fair opens</p>",
    }
    for n in range(12)
]


@pytest.fixture
def own_kafka(tmp_path: Path) -> dict[str, str]:
    """The environment for a run that starts its own embedded Kafka."""
    return {"GEOWIRE_DATA_DIR": str(tmp_path / "data"), "GEOWIRE_BROKER_PORT": "0", "KAFKA_BOOTSTRAP_SERVERS": ""}


async def test_feeds_come_out_as_events_and_ctrl_c_loses_nothing(own_kafka: dict[str, str], tmp_path: Path) -> None:
    async with site.serve() as newsroom:
        newsroom.documents["/feed"] = site.rss(*_STORIES)
        feeds = tmp_path / "feeds.txt"
        feeds.write_text(f"{newsroom.url('/feed')}\n{newsroom.url('/gone')}\n")
        environment = {**own_kafka, "ALLOW_PRIVATE": newsroom.address, "GEOWIRE_POLL_HOST_SECONDS": "0"}

        def session() -> tuple[int | None, str]:
            command = ["-m", "streams.cli", "run", "--feeds", str(feeds)]
            with Terminal(sys.executable, *command, environment=environment, directory=tmp_path) as terminal:
                terminal.wait_for(r"first event after \d+ s", seconds=60)
                terminal.wait_for(r"events out\s+12\b", seconds=30)
                terminal.wait_for(r"interjections removed\s+12\b", seconds=10)
                terminal.wait_for(r"HTTP 404", seconds=40)
                terminal.wait_for(r"lag \(records to do\)\s+0\b", seconds=10)
                terminal.wait_for(r"Ministers of Chile and Peru meet", seconds=10)
                terminal.wait_for(r"1 of 2 feeds never answered with a feed: `geowire feeds pause --dead`", seconds=10)
                terminal.interrupt()
                terminal.wait_for(r"Pause them\?", seconds=60)
                terminal.type("y")
                return terminal.exit_code(seconds=60), terminal.text

        code, said = await asyncio.to_thread(session)
    assert code == 0
    assert "12 items in, 0 duplicates, 12 events out" in said
    assert "1 feeds ok, 1 failing of 2" in said
    assert "1 feeds are paused" in said
    await _all_came_out_once(own_kafka)


async def _all_came_out_once(environment: dict[str, str]) -> None:
    """Look into the streams again: they outlive the run, and hold what its screen said."""
    with EmbeddedKafka(Settings.from_env(environment)) as kafka:
        settings = Settings.from_env({**environment, "KAFKA_BOOTSTRAP_SERVERS": kafka.address})
        found = await streams_of.read(settings, "news.raw", "news.enriched")
        feeds = (await subscriptions.read(settings)).feeds.values()
    assert [feed.url.rpartition("/")[2] for feed in feeds if not feed.active] == ["gone"]
    titles = sorted(json.loads(record.value)["title"] for record in found["news.enriched"])
    assert titles == sorted(story["title"] for story in _STORIES)
    assert len(found["news.raw"]) == len(_STORIES)


def test_without_any_reachable_feed_the_sample_newsroom_plays(own_kafka: dict[str, str], tmp_path: Path) -> None:
    environment = {**own_kafka, "PYTHONPATH": str(Path(__file__).parent / "no_network")}
    with Terminal(sys.executable, "-m", "streams.cli", "run", environment=environment, directory=tmp_path) as terminal:
        terminal.wait_for(r"None of \d+ feeds can be reached \([^)]+\): playing the sample newsroom", seconds=60)
        terminal.wait_for(r"first event after (\d|[12]\d) s", seconds=60)
        terminal.wait_for(r"GEOWIRE_NAMESPACE=sample geowire tail", seconds=10)
        terminal.wait_for(r"events out\s+(2[5-9]|3\d)\b", seconds=30)
        terminal.interrupt()
        assert terminal.exit_code(seconds=60) == 0
    summary = re.findall(r"(\d+) items in, (\d+) duplicates, (\d+) events out", terminal.text)[-1]
    items, duplicates, events = map(int, summary)
    assert items == duplicates + events, "what is shown adds up once everything is done"
    assert "0 dead letters" in terminal.text
