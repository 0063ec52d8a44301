"""What a scrape shows of what was counted."""

from __future__ import annotations

import socket
from collections.abc import Iterable

import aiohttp
import pytest
from prometheus_client.core import Metric

from schemas.errors import ConfigError
from streams.health.replay import told
from streams.health.server import bind
from streams.metrics import catalogue as m
from streams.metrics import poller, worker
from streams.metrics.counts import EventCounts, Histogram, StageCounts
from streams.polling.counters import Counters
from streams.settings import Settings


def samples(families: Iterable[Metric]) -> dict[tuple[str, ...], float]:
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_a_histogram_counts_a_value_in_every_bucket_at_or_above_it() -> None:
    histogram = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 3.0, 9.0):
        histogram.observe(value)
    found = samples([m.POLL_SECONDS.family([((), histogram)])])
    assert found == {
        ("geowire_poll_seconds_bucket", "1.0"): 2,
        ("geowire_poll_seconds_bucket", "5.0"): 3,
        ("geowire_poll_seconds_bucket", "+Inf"): 4,
        ("geowire_poll_seconds_count",): 4,
        ("geowire_poll_seconds_sum",): 13.5,
    }


def test_series_are_there_before_their_first_event() -> None:
    found = samples(worker.stages({"enrich": StageCounts()}))
    assert found["geowire_stage_dead_letters_total", "enrich", "internal-error"] == 0
    assert found["geowire_stage_outputs_total", "enrich", "news.enriched"] == 0
    assert samples(worker.events(EventCounts(), StageCounts()))["geowire_events_total", "new", "true"] == 0
    polled = samples(poller.polls(Counters()))
    assert polled["geowire_polls_total", "no-answer"] == polled["geowire_feed_events_total", "possible-loss"] == 0


def test_hosts_are_bounded_and_keep_their_series() -> None:
    counters = Counters()
    for number in range(150):
        counters.polls[f"{number}.example", "new"] = 1
        counters.polls[f"{number}.example", "no-answer"] = 2
    found = samples(poller.polls(counters))
    hosts = {key[1] for key in found if key[0] == "geowire_host_polls_total"}
    assert len(hosts) == 101
    assert found["geowire_host_polls_total", "0.example", "failed"] == 2
    assert found["geowire_host_polls_total", "other", "ok"] == 50
    assert found["geowire_polls_total", "no-answer"] == 300


def test_feeds_by_how_they_stand() -> None:
    held = {f"f{n}": n != 4 for n in range(70)}
    standings: dict[str, poller.Standing] = {f"f{n}": (f"{n}.example", "no-answer") for n in range(10, 70)}
    standings |= {"f0": ("0.example", None), "f1": ("69.example", "not-found")}
    found = samples(poller.feeds(held, standings))
    assert found["geowire_feeds", "ok"] == 1
    assert found["geowire_feeds", "failing"] == 61
    assert found["geowire_feeds", "paused"] == 1
    assert found["geowire_feeds", "unpolled"] == 7
    assert found["geowire_failing_feeds", "no-answer"] == 60
    assert found["geowire_host_failing_feeds", "69.example"] == 2
    assert found["geowire_host_failing_feeds", "other"] == 10


@pytest.mark.parametrize("measure", m.ALL, ids=lambda measure: measure.name)
def test_names_follow_prometheus_rules(measure: m.Measure) -> None:
    assert measure.name.startswith("geowire_")
    assert measure.name.endswith("_total") == (measure.kind == "counter")
    assert measure.help.endswith(".")


async def test_a_replay_tells_how_far_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with told(Settings(health_port=str(port)), "missiles") as tell:
            tell("enrich", 1, 9)  # the port is taken: nobody hears it, and it goes on
    async with told(Settings(health_port=str(port)), "missiles") as tell:
        tell("enrich", 4, 9)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()
    assert 'geowire_replay_done_records{replay="missiles",step="enrich"} 4.0' in text
    assert 'geowire_replay_records{replay="missiles",step="enrich"} 9.0' in text


@pytest.mark.parametrize("port", ["http", "9464-", "70000", "9470-9464"])
def test_ports_that_are_none(port: str) -> None:
    with pytest.raises(ConfigError, match="GEOWIRE_HEALTH_PORT"):
        bind(Settings(health_port=port))
