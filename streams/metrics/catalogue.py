"""Every metric there is: name, type, labels, unit and meaning. docs/metrics.md is generated from here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from streams.metrics.counts import Histogram

Process = Literal["worker", "poller", "replay"]
Values = Iterable[tuple[tuple[str, ...], float | Histogram]]
"""Label values, in the order of the labels, and what was counted."""

_BOTH: tuple[Process, ...] = ("worker", "poller")
_ALL: tuple[Process, ...] = ("worker", "poller", "replay")
_WORKER: tuple[Process, ...] = ("worker",)
_POLLER: tuple[Process, ...] = ("poller",)
_REPLAY: tuple[Process, ...] = ("replay",)


class Measure(Struct, frozen=True):
    """One metric.

    Attributes:
        name: As Prometheus sees it; counters end in ``_total``.
        kind: Its type.
        unit: What its value is.
        labels: Names of its labels.
        help: What it says, one line.
        of: Which processes have it.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...]
    help: str
    of: tuple[Process, ...]

    def family(self, values: Values) -> Metric:
        """Return it with values, as the client library writes it."""
        if self.kind == "histogram":
            histograms = HistogramMetricFamily(self.name, self.help, labels=self.labels)
            for labels, value in values:
                assert isinstance(value, Histogram)  # noqa: S101 - for the type checker
                histograms.add_metric(labels, _buckets(value), value.total)
            return histograms
        new = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        plain: CounterMetricFamily | GaugeMetricFamily = new(self.name, self.help, labels=self.labels)
        for labels, value in values:
            assert not isinstance(value, Histogram)  # noqa: S101 - as above
            plain.add_metric(labels, value)
        return plain


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    buckets, below = [], 0
    for bound, count in zip((*histogram.bounds, float("inf")), list(histogram.counts), strict=True):
        below += count
        buckets.append((floatToGoString(bound), float(below)))  # type: ignore[no-untyped-call]
    return buckets


BUILD_INFO = Measure("geowire_build_info", "gauge", "1", ("version", "process"), "What runs; always 1.", _ALL)
LIVE = Measure("geowire_live", "gauge", "0 or 1", (), "1: it does its work; 0: the watchdog will end it.", _BOTH)
READY = Measure("geowire_ready", "gauge", "0 or 1", (), "1: started, with its share, nothing being recovered.", _BOTH)
BROKER = Measure(
    "geowire_broker_reachable",
    "gauge",
    "0 or 1",
    (),
    "Whether Kafka answered when it was last asked.",
    _BOTH,
)

RECORDS = Measure(
    "geowire_stage_records_total",
    "counter",
    "records",
    ("stage",),
    "Records of which the broker has all outputs. stage: dedupe, enrich, cluster.",
    _WORKER,
)
OUTPUTS = Measure(
    "geowire_stage_outputs_total",
    "counter",
    "records",
    ("stage", "stream"),
    "Records written. Duplicates are those of dedupe to news.duplicates, new and edited items those to news.unique.",
    _WORKER,
)
LETTERS = Measure(
    "geowire_stage_dead_letters_total",
    "counter",
    "records",
    ("stage", "code"),
    "Records that became dead letters, by stage and code of the fault.",
    _WORKER,
)
BUSY = Measure(
    "geowire_stage_busy_seconds_total",
    "counter",
    "seconds",
    ("stage",),
    "Time spent deciding; its rate is the share of a core that the stage needs.",
    _WORKER,
)
LATENCY = Measure(
    "geowire_stage_seconds",
    "histogram",
    "seconds",
    ("stage",),
    "From the moment a record is taken until the broker has all its outputs.",
    _WORKER,
)
FRESHNESS = Measure(
    "geowire_freshness_seconds",
    "histogram",
    "seconds",
    ("since",),
    "Age of enriched events when they come out. since: fetch; publication (new items dated by feed or page; without "
    "what a feed listed at its first poll).",
    _WORKER,
)
EVENTS = Measure(
    "geowire_events_total",
    "counter",
    "events",
    ("reason", "geopolitical"),
    "Enriched events. reason: new, edited, corrected, withdrawn; geopolitical: true, false, unknown.",
    _WORKER,
)
TOPICS = Measure("geowire_event_topics_total", "counter", "events", ("topic",), "Enriched events by topic.", _WORKER)
LANGUAGES = Measure(
    "geowire_event_languages_total", "counter", "events", ("language",), "Enriched events by language.", _WORKER
)
REMOVALS = Measure(
    "geowire_removals_total", "counter", "spans", ("kind",), "Spans removed from texts, by kind.", _WORKER
)
LAG = Measure(
    "geowire_lag_records",
    "gauge",
    "records",
    ("stream",),
    "Records that wait in the partitions of this worker; absent while Kafka does not say.",
    _WORKER,
)
PARTITIONS = Measure(
    "geowire_partitions", "gauge", "partitions", ("stream",), "Partitions this worker has of a stream.", _WORKER
)
ENTRIES = Measure(
    "geowire_state_entries", "gauge", "items", (), "Items that dedupe knows here; RocksDB's estimate.", _WORKER
)
RECOVERING = Measure("geowire_recovering", "gauge", "0 or 1", (), "1 while state is recovered.", _WORKER)
RECOVERED = Measure(
    "geowire_recovered_entries_total", "counter", "records", (), "Records read from changelogs to recover.", _WORKER
)
RECOVERY = Measure(
    "geowire_recovery_seconds_total", "counter", "seconds", (), "Time for which state was being recovered.", _WORKER
)
KNOWLEDGE = Measure(
    "geowire_knowledge_info",
    "gauge",
    "1",
    ("version", "knowledge", "generation"),
    "What decides; always 1.",
    _WORKER,
)
LEADERS = Measure(
    "geowire_knowledge_leaders_timestamp_seconds",
    "gauge",
    "seconds since the epoch",
    (),
    "Beginning of the month up to which office holders are known.",
    _WORKER,
)

POLLS = Measure(
    "geowire_polls_total",
    "counter",
    "polls",
    ("class",),
    "Polls: new, nothing-new, unchanged, not-modified, or the kind of failure.",
    _POLLER,
)
HOST_POLLS = Measure(
    "geowire_host_polls_total",
    "counter",
    "polls",
    ("host", "result"),
    "Polls by host, ok or failed: the first 100 hosts that were polled; all others are host=other.",
    _POLLER,
)
POLL_SECONDS = Measure(
    "geowire_poll_seconds",
    "histogram",
    "seconds",
    (),
    "A poll from the request until the broker has items and state.",
    _POLLER,
)
ITEMS = Measure("geowire_poll_items_total", "counter", "items", (), "Items that went to news.raw.", _POLLER)
REFUSED = Measure(
    "geowire_poll_items_refused_total", "counter", "items", (), "Items too large for it: dead letters.", _POLLER
)
BYTES = Measure("geowire_poll_bytes_total", "counter", "bytes", (), "Bodies received, decompressed.", _POLLER)
PAGES = Measure(
    "geowire_poll_pages_total",
    "counter",
    "items",
    ("result",),
    "Items whose page was wanted. result: taken, missed.",
    _POLLER,
)
GIVEN_UP = Measure(
    "geowire_polls_given_up_total",
    "counter",
    "polls",
    (),
    "Polls whose result was dropped because the feed was no longer ours.",
    _POLLER,
)
FEED_EVENTS = Measure(
    "geowire_feed_events_total",
    "counter",
    "events",
    ("event",),
    "Events on feed-status; possible-loss: items may have come and gone between two polls.",
    _POLLER,
)
FEEDS = Measure(
    "geowire_feeds",
    "gauge",
    "feeds",
    ("standing",),
    "Feeds of this poller. standing: ok, failing, unpolled (not yet since it has them), paused.",
    _POLLER,
)
FAILING = Measure(
    "geowire_failing_feeds", "gauge", "feeds", ("kind",), "Feeds whose last poll failed, by kind of failure.", _POLLER
)
HOST_FAILING = Measure(
    "geowire_host_failing_feeds",
    "gauge",
    "feeds",
    ("host",),
    "The same by host: the 50 hosts with most of them; all others are host=other.",
    _POLLER,
)
LATE = Measure(
    "geowire_poll_late_seconds",
    "gauge",
    "seconds",
    (),
    "For how long a feed has been due while its host is free and the poller does not come to it; 0: it keeps up.",
    _POLLER,
)

REPLAY_DONE = Measure(
    "geowire_replay_done_records",
    "gauge",
    "records",
    ("replay", "step"),
    "Records a replay is through, in this process.",
    _REPLAY,
)
REPLAY_ALL = Measure(
    "geowire_replay_records", "gauge", "records", ("replay", "step"), "Records a replay has to go through.", _REPLAY
)

ALL = tuple(measure for measure in list(globals().values()) if isinstance(measure, Measure))
