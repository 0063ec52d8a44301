"""A desk for all tests of the console: a Kafka of its own that may be restarted, a worker, a console, a browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from schemas.codec import encode
from schemas.enriched import Enriched
from schemas.envelope import enriched_headers
from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.console.app import make_app
from streams.settings import Settings
from tests import site, streams_of
from tests.integration import pipe
from tests.processes import Part

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_BROKER = {"group.min.session.timeout.ms": "1000", "group.initial.rebalance.delay.ms": "0"}
_EXAMPLE = msgspec.json.decode(Path("schemas/examples/enriched.json").read_bytes(), type=Enriched)


class Desk:
    """What the tests share."""

    environment: dict[str, str]
    settings: Settings
    pipe: pipe.Pipe
    site: site.Site
    browser: Browser
    address: str

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = 0
        self.broker = self.kafka()

    def kafka(self) -> EmbeddedKafka:
        """The broker on its data, on the port it had."""
        values = {"GEOWIRE_DATA_DIR": str(self.directory / "kafka"), "GEOWIRE_BROKER_PORT": str(self.port)}
        return EmbeddedKafka(Settings.from_env(values), extra=_BROKER)

    async def page(self, path: str = "/", **options: Any) -> Page:
        """A page of the console in a context of its own; what goes wrong in it fails the test."""
        context: BrowserContext = await self.browser.new_context(**options)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.wrong = wrong = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
        await page.goto(self.address + path)
        return page

    async def publish(self, count: int, **changes: Any) -> None:
        """Write enriched events as a worker would."""
        async with streams_of.producer(self.settings) as client:
            topic = self.settings.stream("news.enriched")
            for number in range(count):
                event = msgspec.structs.replace(
                    _EXAMPLE,
                    **{"id": str(uuid4()), "item_id": str(uuid4()), "title": f"Report {number}", **changes},
                )
                partition = number % self.settings.partitions
                key, headers = event.item_id.encode(), enriched_headers(event)
                await client.send(topic, encode(event), key=key, headers=headers, partition=partition)
            await client.flush()


async def _opened(directory: Path, stack: AsyncExitStack) -> Desk:
    desk = Desk(directory)
    desk.broker.__enter__()
    stack.callback(lambda: desk.broker.__exit__(None, None, None))
    desk.port = desk.broker.port
    desk.environment = environment = {
        "KAFKA_BOOTSTRAP_SERVERS": desk.broker.address,
        "GEOWIRE_DATA_DIR": str(directory / "data"),
        "GEOWIRE_SESSION_SECONDS": "2",
        "GEOWIRE_POLL_HOST_SECONDS": "0",
        "GEOWIRE_PARTITIONS": "3",
    }
    desk.settings = Settings.from_env(environment)
    desk.site = await stack.enter_async_context(site.serve())
    await admin.apply(desk.settings)
    # It ends with the first broker, as it should.
    stack.enter_context(Part.geowire("work", environment=environment, log=directory / "worker.log"))
    desk.pipe = pipe.Pipe(desk.settings, environment, directory)
    runner = web.AppRunner(make_app(desk.settings), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    playwright = await stack.enter_async_context(async_playwright())
    desk.browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    stack.push_async_callback(desk.browser.close)
    return desk


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here (Debian: apt-get install chromium)")
    async with AsyncExitStack() as stack:
        yield await _opened(tmp_path_factory.mktemp("desk"), stack)
