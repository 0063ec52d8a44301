"""``geowire feeds``: as an operator changes what is polled, while a poller runs and when none does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streams.broker import admin
from streams.settings import Settings
from tests import site, streams_of
from tests.held import soon
from tests.integration.live import attempt, geowire
from tests.integration.test_scaling import members
from tests.processes import Part

pytestmark = pytest.mark.integration

_ID = soon("daily")


async def _listed(environment: dict[str, str], *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await geowire(environment, "feeds", "list", "--json", *options)).splitlines()]


async def test_feeds_are_changed_while_a_poller_runs(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {"GEOWIRE_FEEDS": "none", "GEOWIRE_POLL_SECONDS": "1", "GEOWIRE_POLL_FLOOR_SECONDS": "1"}
    async with site.serve() as newsroom:
        newsroom.documents["/feed"] = site.rss({"title": "A report", "link": "https://daily.example/1"})
        environment["ALLOW_PRIVATE"] = newsroom.address
        url = newsroom.url("/feed")

        async def asked(more: int) -> None:
            before = newsroom.requests["/feed"]

            async def often() -> bool:
                return newsroom.requests["/feed"] >= before + more

            await streams_of.until(often, seconds=30, what="it is polled")

        with Part.geowire("poll", environment=environment, log=tmp_path / "poller.log") as poller:

            async def says_there_is_nothing() -> bool:
                return "there are no feeds to poll" in poller.said()

            await streams_of.until(says_there_is_nothing, what="the poller has started")
            await members(settings, 1, group=settings.poll_group)
            assert await geowire(environment, "feeds", "add", url, "--id", _ID, "--publisher", "The Daily") == (
                f"added: {_ID}  {url}\n"
            )
            await asked(2)
            said = await geowire(environment, "feeds", "why", url)
            assert said.startswith(f"{_ID}  {url}\n  is ")
            assert "last polled at" in said
            assert "because" in said
            why = json.loads(await geowire(environment, "feeds", "why", _ID, "--json"))
            assert why["reasons"][0].keys() == {"rule", "seconds", "words"}
            (row,) = await _listed(environment, "--state", "ok")
            assert (row["publisher"], row["added"], row["is"], row["state"]["status"]) == (
                "The Daily",
                True,
                ["ok"],
                200,
            )
            assert "paused" in await geowire(environment, "feeds", "pause", _ID)
            assert [row["id"] for row in await _listed(environment, "--state", "paused")] == [_ID]
            await geowire(environment, "feeds", "resume", _ID)
            await asked(2)
            assert "removed" in await geowire(environment, "feeds", "remove", url)
            assert await _listed(environment) == []
            assert poller.stop() == 0, poller.said()


async def test_feeds_are_changed_when_no_poller_runs(environment: dict[str, str], tmp_path: Path) -> None:
    groups = "".join(
        f'<outline text="{g}"><outline text="sub">'
        + "".join(f'<outline type="rss" text="Feed {g} {n}" xmlUrl="https://{g}-{n}.example/rss"/>' for n in range(150))
        + "</outline></outline>"
        for g in range(20)
    )
    opml = tmp_path / "feeds.opml"
    opml.write_text(f'<opml version="2.0"><body>{groups}</body></opml>')
    said = await geowire(environment, "feeds", "import", str(opml))
    assert "… and 2,988 more feeds" in said
    assert "no poller runs now" in said
    assert len(await _listed(environment)) == 3_000
    exported = tmp_path / "exported.opml"
    await geowire(environment, "feeds", "export", str(exported), "--format", "opml")
    assert "nothing to change" in await geowire(environment, "feeds", "import", str(exported))
    wanted = tmp_path / "list.txt"
    wanted.write_text("https://0-0.example/rss\nhttps://new.example/rss\n")
    changes = [
        json.loads(line) for line in (await geowire(environment, "feeds", "sync", str(wanted), "--json")).splitlines()
    ]
    assert [(change["url"], change["change"]) for change in changes] == [
        ("https://0-0.example/rss", "changed"),
        ("https://new.example/rss", "added"),
    ]
    assert "is polled for the first time as soon as a poller runs" in await geowire(
        environment, "feeds", "why", "new.example/rss"
    )
    await geowire(environment, "feeds", "pause", "https://new.example/rss")
    assert "is not polled: it is paused since" in await geowire(environment, "feeds", "why", "new.example/rss")


async def test_a_mistake_is_one_clear_line(settings: Settings, environment: dict[str, str]) -> None:
    await admin.apply(settings)
    mistakes = (
        (("why", "https://nowhere.example/"), "no feed has the id or address"),
        (("remove", "nothing"), "no feed has the id or address"),
        (("export", "/no/such/directory/feeds.yaml"), "cannot be written"),
        (("pause",), "name the feeds to pause, or give --dead"),
        (("pause", "a", "--dead"), "name the feeds to pause, or give --dead"),
        (("add", "ftp://old.example/"), "not an http(s) address"),
        (("add", "https://a.example/", "https://b.example/", "--id", "one"), "--id names one feed"),
        (("import", "no-such-file"), "no-such-file cannot be read"),
    )
    ran = await asyncio.gather(*(attempt(environment, "feeds", *arguments) for arguments, _ in mistakes))
    for done, (_, says) in zip(ran, mistakes, strict=True):
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert says in done.stderr
