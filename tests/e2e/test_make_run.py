"""``make run`` as a newcomer types it: in a fresh clone, in a terminal, with feeds and without."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests import site
from tests.terminal import Terminal

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

_ROOT = Path(__file__).parents[2]
_NO_NETWORK = _ROOT / "tests" / "integration" / "no_network"
_SET_UP_SECONDS = 600


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone of what is committed."""
    directory = tmp_path_factory.mktemp("clone") / "geowire"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(_ROOT), str(directory)], check=True)
    return directory


async def test_make_run_with_feeds_of_ones_own(clone: Path) -> None:
    story = {
        "title": "Ministers of Chile and Peru meet",
        "link": "https://daily.example/1",
        "html": "<p>The foreign ministers of Chile and Peru met.</p>",
    }
    async with site.serve() as newsroom:
        newsroom.documents["/feed"] = site.rss(story)
        feeds = clone / "my-feeds.txt"
        feeds.write_text(newsroom.url("/feed"))
        environment = {
            "ALLOW_PRIVATE": newsroom.address,
            "GEOWIRE_BROKER_PORT": "0",
            "GEOWIRE_CONSOLE_PORT": "0",
            "GEOWIRE_DATA_DIR": "data",
        }

        def session() -> tuple[int | None, str]:
            with Terminal("make", "run", "FEEDS=my-feeds.txt", environment=environment, directory=clone) as terminal:
                terminal.wait_for(r"worker and poller started", seconds=_SET_UP_SECONDS)
                found = terminal.wait_for(r"first event after (\d+) s", seconds=60)
                terminal.wait_for(r"events out\s+1\b", seconds=30)
                terminal.wait_for(r"items in\s+1\b", seconds=30)
                terminal.wait_for(r"console http://127\.0\.0\.1:\d+/", seconds=30)
                terminal.interrupt()
                assert int(found[1]) <= 30
                return terminal.exit_code(seconds=60), terminal.text

        _, said = await asyncio.to_thread(session)
    assert "1 items in, 0 duplicates, 1 events out" in said
    assert "Traceback" not in said


def test_make_run_where_no_feed_can_be_reached(clone: Path) -> None:
    environment = {
        "PYTHONPATH": str(_NO_NETWORK),
        "GEOWIRE_BROKER_PORT": "0",
        "GEOWIRE_CONSOLE_PORT": "0",
        "GEOWIRE_DATA_DIR": "data",
    }
    with Terminal("make", "run", environment=environment, directory=clone) as terminal:
        terminal.wait_for(r"playing the sample newsroom", seconds=_SET_UP_SECONDS)
        found = terminal.wait_for(r"first event after (\d+) s", seconds=60)
        terminal.wait_for(r"closed-gazette\s+HTTP 404", seconds=30)
        terminal.interrupt()
        terminal.exit_code(seconds=60)
    assert int(found[1]) <= 30
    assert "0 dead letters" in terminal.text
    assert "Traceback" not in terminal.text
