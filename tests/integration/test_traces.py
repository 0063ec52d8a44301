"""One trace from the poll to the story, as a collector receives it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streams.settings import Settings
from tests import site, streams_of
from tests.collector import collecting
from tests.integration import pipe

pytestmark = pytest.mark.integration

_STORIES = [
    {"title": f"Ministers meet, round {n}", "link": f"https://daily.example/{n}", "html": f"<p>Talks, round {n}.</p>"}
    for n in range(3)
]
_HOPS = ("poll", "dedupe", "enrich", "cluster")


async def test_every_hop_is_a_span_of_one_trace(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    async with collecting() as collector, site.serve() as newsroom:
        traced = {**environment, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        newsroom.documents["/feed"] = site.rss(*_STORIES)
        async with pipe.running(settings, traced, tmp_path) as running:
            await running.poll(newsroom.url("/feed"))

            async def all_there() -> bool:
                return all(len(collector.named(hop)) == len(_STORIES) for hop in _HOPS)

            await streams_of.until(all_there, seconds=20, what="spans of all hops")
            found = await running.settled()

    for record in found["news.raw"]:
        own = streams_of.headers(record)["traceparent"]
        (poll,) = [span for span in collector.named("poll") if span.traceparent == own]
        dedupe, enrich, cluster = (
            next(span for span in collector.named(hop) if span.trace == poll.trace) for hop in _HOPS[1:]
        )
        assert [span.parent for span in (poll, dedupe, enrich, cluster)] == ["", poll.id, dedupe.id, enrich.id]
        assert poll.service == "geowire-poller"
        assert dedupe.service == "geowire-worker"
        assert dedupe.attributes["messaging.kafka.message.key"] == record.key.decode()
        assert dedupe.attributes["geowire.outputs"].startswith("news.unique")
        assert all(0 < span.nanoseconds < 30e9 for span in (poll, dedupe, enrich, cluster))
        (event,) = [e for e in found["news.enriched"] if e.key == record.key]
        assert streams_of.headers(event)["traceparent"] == enrich.traceparent


def test_without_a_collector_nothing_of_opentelemetry_is_imported() -> None:
    look = "import sys, streams.app, streams.polling.service; print([m for m in sys.modules if 'opentelemetry' in m])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
