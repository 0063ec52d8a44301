"""The examples, each as its own process on a real broker: run, killed, restarted, and through a promotion.

One running pipe for all. What each has in the end is compared with what the consumer's rule makes of news.enriched.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import geowire
from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.broker.jars import jar_directory
from streams.settings import Settings
from tests import streams_of
from tests.integration.live import geowire as run_geowire
from tests.integration.live import one_term_more
from tests.integration.load import Source
from tests.items import raw_item
from tests.processes import Part

pytestmark = pytest.mark.integration

_EXAMPLES = Path(__file__).parents[2] / "examples"
_FIELDS = ("fetched", "generation", "id", "reason", "title")
_WANTED = {"sanctions", "diplomacy"}

State = dict[str, tuple[Any, ...]]
"""By item id what is known of the item."""


class Example(Struct, frozen=True):
    """An example: its file, and what it needs that may not be here."""

    file: str
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.file).name

    @property
    def lacks(self) -> list[str]:
        return [tool for tool in self.needs if shutil.which(tool) is None]

    def command(self, cache: Path) -> list[str]:
        """What runs it; what it needs of a registry is fetched once."""
        path = _EXAMPLES / self.file
        if path.suffix == ".py":
            return [sys.executable, str(path)]
        if path.suffix == ".java":
            libs = _fetched(cache, path.parent, ("pom.xml",), "mvn", "-B", "-q", "dependency:copy-dependencies",
                            "-DoutputDirectory=libs", "-DincludeScope=runtime") / "libs"  # fmt: skip
            return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{libs}/*", str(path)]
        if path.suffix == ".mjs":
            modules = _fetched(cache, path.parent, ("package.json", "package-lock.json"), "npm", "ci", "--no-audit")
            return ["node", str(shutil.copy(path, modules))]
        return [str(path)]


EXAMPLES = (
    Example("with_geowire_client.py"),
    Example("with_aiokafka.py"),
    Example("with_confluent_kafka.py"),
    Example("java/Consumer.java", needs=("java", "javac", "mvn")),
    Example("javascript/consumer.mjs", needs=("node", "npm")),
    Example("console.sh", needs=("java",)),
)


def _fetched(cache: Path, source: Path, files: tuple[str, ...], *command: str) -> Path:
    """Run what fetches an example's needs in a directory for them, unless it was done before."""
    digest = hashlib.blake2b(b"".join((source / file).read_bytes() for file in files), digest_size=6).hexdigest()
    directory = cache / "examples" / f"{source.name}-{digest}"
    if not (directory / ".complete").exists():
        directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(source / file, directory)
        subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=120)
        (directory / ".complete").touch()
    return directory


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_short_and_can_be_run_here(example: Example) -> None:
    assert len((_EXAMPLES / example.file).read_text("utf-8").splitlines()) <= 60
    if example.lacks:
        pytest.skip(f"{example.file} is not run here: there is no {', '.join(example.lacks)}")


class Running:
    """One example as a process with a database and a group of its own."""

    def __init__(self, example: Example, command: list[str], environment: Mapping[str, str], directory: Path) -> None:
        self.example = example
        self._command = command
        self._directory = directory
        self.log = directory / f"{example.name}.log"
        self.database = directory / f"{example.name}.db"
        self._environment = {**environment, "DATABASE": str(self.database), "GROUP": f"{example.name}-{directory.name}"}
        self.part: Part | None = None

    def start(self) -> Part:
        program, *arguments = self._command
        self.part = Part(*arguments, program=program, environment=self._environment, log=self.log)
        return self.part

    def state(self) -> State:
        """What it has: of its database, or of what it printed."""
        if self.example.name == "console.sh":
            return _standing(_printed(self.log))
        try:
            # Immutable: nothing is locked or rolled back under the feet of the one who writes.
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro&immutable=1", uri=True)) as database:
                fields = "id" if self.example.name == "with_geowire_client.py" else ", ".join(_FIELDS)
                rows = database.execute(f"SELECT item_id, {fields} FROM events").fetchall()  # noqa: S608 - our own words
        except sqlite3.Error:
            return {}
        return {item_id: tuple(row) for item_id, *row in rows}


def _printed(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text("utf-8", "replace").splitlines():
        if line.startswith("ce_specversion:1.0,") and line.endswith("}"):
            yield json.loads(line.partition("\t")[2])


def _standing(events: Iterator[dict[str, Any]]) -> State:
    """The consumer's rule, in its own words once more."""
    newest: dict[str, dict[str, Any]] = {}
    for event in events:
        old = newest.get(event["item_id"])
        if old is None or (event["fetched"], event["generation"]) >= (old["fetched"], old["generation"]):
            newest[event["item_id"]] = event
    return {item_id: tuple(event[field] for field in _FIELDS) for item_id, event in newest.items()}


class Stage:
    """The pipe, and the examples beside it."""

    def __init__(self, settings: Settings, running: list[Running]) -> None:
        self.settings = settings
        self.running = running

    async def events(self) -> list[dict[str, Any]]:
        (records,) = (await streams_of.read(self.settings, "news.enriched")).values()
        return [json.loads(record.value) for record in records]

    async def worked(self, versions: int) -> None:
        """Wait until so many versions are out."""

        async def out() -> bool:
            return len({event["id"] for event in await self.events()}) >= versions

        await streams_of.until(out, seconds=120, what=f"{versions} events are out")

    async def caught_up(self) -> State:
        """Wait until every example has what the rule says; return that."""
        events = await self.events()
        expected = _standing(iter(events))
        by_id = {event["id"]: event for event in events}
        passing = {
            item_id: (row[2],)
            for item_id, row in expected.items()
            if row[3] != "withdrawn" and _WANTED & {topic["id"] for topic in by_id[row[2]]["topics"] or ()}
        }
        for running in self.running:
            wanted = passing if running.example.name == "with_geowire_client.py" else expected

            async def same(running: Running = running, wanted: State = wanted) -> bool:
                assert running.part is not None
                assert running.part.process.poll() is None, running.part.said()[-3000:]
                return running.state() == wanted

            await streams_of.until(same, seconds=120, what=f"{running.example.name} has what stands")
        return expected

    async def kill_and_restart(self, stack: ExitStack) -> None:
        for running in self.running:
            assert running.part is not None
            running.part.kill()
        for running in self.running:
            stack.enter_context(running.start())

    async def withdraw(self, link: str, fetched: int) -> None:
        """Have the publisher take an item back."""
        item = raw_item(link, title="KILL: Story withdrawn", body="This story has been withdrawn.", fetched=fetched)
        async with streams_of.producer(self.settings) as client:
            await streams_of.send_raw(client, self.settings, item, at=fetched)


async def _prepared(settings: Settings, environment: dict[str, str], directory: Path) -> list[Running]:
    """Fetch what examples need, all at once."""
    cache = Settings.from_env({"GEOWIRE_CACHE_DIR": os.environ.get("GEOWIRE_CACHE_DIR", "")}).cache_dir.expanduser()
    clients = {
        **environment,
        "STREAM": settings.stream("news.enriched"),
        "KAFKA_LIBS": str(jar_directory(cache)),
        "PYTHONPATH": str(_EXAMPLES.parent / "client"),
    }
    here = [example for example in EXAMPLES if not example.lacks]
    commands = await asyncio.gather(*(asyncio.to_thread(example.command, cache) for example in here))
    return [Running(example, command, clients, directory) for example, command in zip(here, commands, strict=True)]


async def test_all_examples_killed_restarted_and_through_a_promotion(
    kafka: EmbeddedKafka, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    await admin.apply(settings)
    source = Source(settings, 150, seed=1, apart=True)
    with ExitStack() as stack:
        worker = stack.enter_context(Part.geowire("work", environment=environment, log=tmp_path / "worker.log"))
        await source.produce(160)
        stage = Stage(settings, await _prepared(settings, environment, tmp_path))
        for running in stage.running:
            stack.enter_context(running.start())
        await stage.worked(len(source.load.versions))
        await stage.caught_up()

        # What they have is edited, and one item is taken back.
        await source.produce()
        await stage.withdraw("https://news.example/1/0", source._clock + 1)
        versions = len(source.load.versions) + 1
        await stage.worked(versions)
        assert await asyncio.to_thread(worker.stop) == 0, worker.said()[-3000:]

        # Other knowledge is promoted, and they are killed on the way.
        changed = {**environment, **one_term_more(tmp_path / "knowledge")}
        await run_geowire(changed, "replay", "run", "more", "--execute")
        standing = await stage.caught_up()
        assert [row[3] for row in standing.values()].count("withdrawn") == 1
        promoting = asyncio.create_task(run_geowire(changed, "replay", "promote", "more", "--rate", "50", "--execute"))
        await asyncio.wait([promoting, asyncio.create_task(stage.worked(versions + 10))], return_when="FIRST_COMPLETED")
        await stage.kill_and_restart(stack)
        assert "is promoted to generation 2" in await promoting
        standing = await stage.caught_up()
        assert 10 < [row[3] for row in standing.values()].count("reprocessed") < len(standing)
    await _subscriptions(settings, standing)
    await _stories(settings)


async def _subscriptions(settings: Settings, standing: State) -> None:
    """The client in this process: a position that is gone on from, and a group of two."""
    arguments: dict[str, Any] = {"servers": settings.bootstrap_servers, "namespace": settings.namespace}
    kept: dict[str, str | None] = {}

    def take(event: geowire.Event) -> None:
        kept[event.item_id] = None if event.gone else event.id

    async with geowire.subscribe(start="beginning", follow=False, **arguments) as events:
        async for event in events:
            take(event)
            if len(kept) == len(standing) // 2:
                break
        position = events.position
    async for event in geowire.subscribe(start=position, follow=False, **arguments):
        take(event)
    assert kept == {item: None if row[3] == "withdrawn" else row[2] for item, row in standing.items()}

    async def member(into: list[str]) -> None:
        async for event in geowire.subscribe(group=f"{settings.namespace}-desk", start="beginning", **arguments):
            into.append(event.item_id)  # noqa: PERF401 - looked at while it grows

    given: tuple[list[str], list[str]] = ([], [])
    members = [asyncio.create_task(member(into)) for into in given]

    async def all_given() -> bool:
        return set(given[0]) | set(given[1]) == standing.keys()

    await streams_of.until(all_given, what="the group has every item")
    for task in members:
        task.cancel()
    await asyncio.gather(*members, return_exceptions=True)


async def _stories(settings: Settings) -> None:
    """What the client says of stories is what news.stories says, told in order."""
    arguments: dict[str, Any] = {"servers": settings.bootstrap_servers, "namespace": settings.namespace}
    (told,) = (await streams_of.read(settings, "news.stories")).values()
    names: dict[str, str] = {}
    merged: dict[str, str] = {}
    for record in told:
        name, story = record.key.decode(), json.loads(record.value or b"{}")
        # Where a story has more members than it lists, those that are not listed go on with its name.
        merged[name] = story.get("merged_into") or name
        names.update({member["item_id"]: name for member in story.get("members", ())})

    def goes_on_as(name: str) -> str:
        return name if merged[name] == name else goes_on_as(merged[name])

    names = {item_id: goes_on_as(name) for item_id, name in names.items()}
    joined = [event async for event in geowire.subscribe(start="beginning", follow=False, stories=True, **arguments)]
    assert {event.item_id: event.story for event in joined} == {
        e.item_id: names.get(e.item_id, e.item_id) for e in joined
    }
    assert len(set(names.values())) < len(names), "some are copies of one report"
