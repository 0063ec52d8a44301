"""The Faust app: three agents between the news streams. ``geowire work``, or ``faust -A streams.app worker``.

Importing this module makes the app object from the environment and touches nothing else. When a worker starts it
creates what streams are missing, refuses to run on streams that differ from the table, loads the knowledge and takes
its generation; then the agents run.

Faust gives the consumer group, the assignment of partitions and the table with its recovery. Offsets and deliveries
are ours (``streams.delivery``): the source streams have Faust's acknowledgements switched off.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import RecordMetadata, TopicPartition
from faust.app.base import BootStrategy
from faust.streams import Stream
from faust.transport.drivers.aiokafka import Producer, Transport
from faust.types import TP, StreamT

from agents.cluster.agent import Cluster
from agents.dedupe import agent as dedupe_agent
from agents.enrich import agent as enrich_agent
from agents.enrich.enrich import Knowledge, load_knowledge
from schemas.errors import GeowireError, InfrastructureError
from schemas.record import Record
from schemas.times import DAY_MS, HOUR_MS
from streams import generations, table
from streams.broker import admin
from streams.broker.compression import compression
from streams.broker.connection import bootstrap_servers, ssl_context
from streams.clustering import prepared
from streams.consumer import Continuity, Seeking
from streams.delivery import Outbox, bounded, drive, fail, one_by_one
from streams.health.attendant import attended
from streams.health.worker import WorkerHealth
from streams.intake import Inbox
from streams.metrics.counts import EventCounts
from streams.reading import as_record, first_offset
from streams.recovery import Tables, recover
from streams.settings import Settings
from streams.state import State
from streams.suppression import Suppression, follow, followed
from streams.traces import Traces, open_traces

_STOP_SECONDS = 30.0


class _WithoutWeb(BootStrategy):
    """Without Faust's web server: its port would be taken for the second worker on a machine."""

    enable_web = False


class _Transport(Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = Seeking


class GeowireApp(faust.App):
    """A Faust app that prepares the streams before it starts, and exits where Faust would go on half alive."""

    logger = logging.getLogger("faust")

    BootStrategy = _WithoutWeb
    settings: Settings
    continuity: Continuity
    inboxes: Mapping[str, Inbox]
    health: WorkerHealth
    traces: Traces | None = None
    entries: State
    knowledge: Knowledge
    generation: generations.Timeline
    suppression: Suppression
    _suppressed: AIOKafkaConsumer

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opened = AsyncExitStack()

    async def on_first_start(self) -> None:
        """Create or check the streams, load the knowledge, take the generation."""
        try:
            await self._opened.enter_async_context(attended(self.settings, "worker", self.health))
            self.traces = open_traces(self.settings, "worker")
            self.entries = State(self.settings.data_dir.expanduser() / "worker" / self.settings.group)
            await admin.apply(self.settings)
            self.knowledge = load_knowledge(self.settings.knowledge_dir)
            gc.freeze()  # it stays: no collection has to look through its hundred thousands of objects
            self.generation = generations.Timeline(await generations.current(self.settings, self.knowledge.pipeline))
            self.suppression, self._suppressed = await self._opened.enter_async_context(followed(self.settings))
        except GeowireError as error:
            fail(error)
        await super().on_first_start()

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)

    def _new_consumer(self) -> Seeking:
        consumer = cast("Seeking", super()._new_consumer())
        consumer.on_seek = self.continuity.start
        consumer.inboxes = self.inboxes
        return consumer

    async def on_stop(self) -> None:
        """Stop in order, but not for ever: what is not out by then is redelivered."""
        bounded(_STOP_SECONDS)
        self.health.pulse.stopping = True
        await super().on_stop()
        if self.traces is not None:
            self.traces.flush()
        await self._opened.aclose()
        self.entries.close()

    async def follow_suppressed(self) -> None:
        """Take in what is asked to be forgotten while the worker runs."""
        await follow(self._suppressed, self.suppression)

    async def recover(self, partitions: Collection[int]) -> None:
        """Bring the dedupe state of partitions that are ours now up to date."""
        try:
            with self.health.pulse.recovery():
                await recover(self.settings, self.entries, partitions, _CHANGELOG_TOPIC, self.health.pulse.move)
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on with half the state
            fail(error)

    def _crash(self, reason: BaseException) -> None:
        # Called when any of Faust's services dies. Faust would unwind service by service and can hang on the way.
        if not self.should_stop:
            fail(InfrastructureError(f"the worker's {type(reason).__name__}: {reason}"))
        super()._crash(reason)


def _broker_options(settings: Settings) -> dict[str, Any]:
    try:
        servers = bootstrap_servers(settings)
    except GeowireError:
        # `faust agents` and `faust tables` only list what is there; a worker says what is missing when it starts.
        servers = f"127.0.0.1:{settings.broker_port}"
    options: dict[str, Any] = {"broker": [f"kafka://{server.strip()}" for server in servers.split(",")]}
    if settings.bootstrap_servers and settings.security_protocol != "PLAINTEXT":
        context = ssl_context(settings) if settings.security_protocol.endswith("SSL") else None
        options["broker_credentials"] = (
            faust.SASLCredentials(
                username=settings.sasl_username,
                password=settings.sasl_password,
                mechanism=settings.sasl_mechanism,
                ssl_context=context,
            )
            if settings.security_protocol.startswith("SASL")
            else context
        )
    return options


def make_app(settings: Settings) -> GeowireApp:
    """Return the Faust app for some settings."""
    app = GeowireApp(
        settings.group,
        **_broker_options(settings),
        origin="streams",
        autodiscover=False,
        datadir=settings.data_dir.expanduser() / "worker",
        store="memory://",
        TableManager=Tables,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        worker_redirect_stdouts=False,
        # With Faust's 60 s for both no progress was seen for 70 s after a kill -9.
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=settings.session_seconds / 5,
        consumer_group_instance_id=settings.instance_id or None,
        broker_rebalance_timeout=2 * settings.session_seconds,
        broker_max_poll_records=500,
        stream_buffer_maxsize=4096,
        producer_acks=-1,
        producer_linger=0.005,
        producer_max_batch_size=128 * 1024,
        producer_max_request_size=table.DERIVED_MAX,
        producer_compression_type=compression(settings),
        producer_request_timeout=60.0,
    )
    app.settings = settings
    app.continuity = Continuity(partial(first_offset, settings))
    app.inboxes = {settings.stream(name): Inbox() for name in table.STEPS} if settings.intake == "batches" else {}
    return app


app = make_app(Settings.from_env())
app.Table(
    "dedupe",
    key_type=bytes,
    value_type=bytes,
    partitions=app.settings.partitions,
    # With a table Faust assigns partition n of both source streams to the same worker. It stays empty: what is written
    # to its changelog is kept in ``streams.state``.
    help="accepted versions of each item, by item id",
)


def _source(stream: table.Stream) -> Any:
    return app.topic(
        app.settings.stream(stream.name), key_type=bytes, value_type=bytes, value_serializer="raw", acks=False
    )


async def _commit(offsets: Mapping[TopicPartition, int]) -> bool:
    """Commit through Faust's consumer, which runs in a thread of its own."""
    consumer = cast("Seeking", app.consumer)
    return await consumer._commit({TP(p.topic, p.partition): offset for p, offset in offsets.items()})  # noqa: SLF001


def _producer() -> AIOKafkaProducer:
    """Return Faust's own producer: bytes need none of the layers around it."""
    return cast("Producer", app.producer)._ensure_producer()  # noqa: SLF001


async def _commit_and_save(offsets: Mapping[TopicPartition, int]) -> bool:
    app.entries.save()
    return await _commit(offsets)


def _acknowledged(sent: RecordMetadata) -> None:
    if sent.topic == _CHANGELOG_TOPIC:
        app.entries.acknowledged(sent.partition, sent.offset)


_CHANGELOG_TOPIC = app.settings.stream(dedupe_agent.CHANGELOG)
_outbox = partial(
    Outbox, topic=app.settings.stream, producer=_producer, fail=fail, commit_seconds=app.settings.commit_seconds
)
_outboxes = {
    "dedupe": _outbox(commit=_commit_and_save, acknowledged=_acknowledged),
    "enrich": _outbox(commit=_commit),
    "cluster": _outbox(commit=_commit),
}
_decided = EventCounts()
app.health = WorkerHealth(app, _outboxes, _decided)


@app.agent(_source(table.RAW), name="dedupe")
async def dedupe(stream: StreamT[bytes]) -> None:
    """Pass on new and edited items; note the repeated ones."""
    outbox = _outboxes["dedupe"]
    handle = dedupe_agent.handler(
        app.entries,
        partitions=app.settings.partitions,
        ttl=app.settings.dedupe_days * DAY_MS,
        committed=outbox.committed,
        suppressed=app.suppression,
    )
    batches = _batches(stream, table.RAW)
    await _run(drive(batches, stage="dedupe", handle=one_by_one(handle), outbox=outbox, traces=app.traces))


@app.agent(_source(table.UNIQUE), name="enrich")
async def enrich(stream: StreamT[bytes]) -> None:
    """Strip, classify and publish unique items."""
    handle = enrich_agent.handler(
        app.knowledge,
        generation=app.generation,
        text=app.settings.event_text,
        suppressed=app.suppression,
        decided=_decided.count,
    )
    batches, outbox = _batches(stream, table.UNIQUE), _outboxes["enrich"]
    await _run(drive(batches, stage="enrich", handle=handle, outbox=outbox, traces=app.traces))


@app.agent(_source(table.SIGNATURES), name="cluster")
async def cluster(stream: StreamT[bytes]) -> None:
    """Tell which items are copies of one report."""
    outbox = _outboxes["cluster"]
    state = Cluster(app.settings.story_hours * HOUR_MS)
    batches = prepared(_batches(stream, table.SIGNATURES), state, app.settings, outbox.drain, app.health.pulse)
    await _run(drive(batches, stage="cluster", handle=one_by_one(state.handle), outbox=outbox, traces=app.traces))


@app.task  # type: ignore[untyped-decorator]
async def suppressed() -> None:
    """Follow what is asked to be forgotten."""
    await _run(app.follow_suppressed())


@app.on_partitions_revoked.connect
async def _on_revoked(_app: Any, /, *arguments: Any, **_: Any) -> None:
    """Before partitions are given up: everything taken goes out and is committed."""
    revoked = [TopicPartition(tp.topic, tp.partition) for tp in arguments[0]]
    for outbox in _outboxes.values():
        await outbox.drain()
        outbox.forget(revoked)


@app.on_before_shutdown.connect
async def _on_shutdown(_app: Any, /, *_: Any, **__: Any) -> None:
    """At the end: the same, while producer and consumer still run."""
    for outbox in _outboxes.values():
        await outbox.drain()


async def _run(agent: Any) -> None:
    try:
        await agent
    except Exception as error:  # noqa: BLE001 - whatever it is, Faust would restart the agent and skip the event
        fail(error)


async def _batches(stream: StreamT[bytes], source: table.Stream) -> AsyncIterator[Sequence[Record]]:
    inbox = app.inboxes.get(app.settings.stream(source.name))
    if inbox is None:
        async for event in cast("Stream[bytes]", stream).noack().events():
            message = event.message
            partition = TopicPartition(message.topic, message.partition)
            await app.continuity.check(partition, message.offset)
            time = round((message.timestamp or 0) * 1000)
            headers = list(message.headers or ())
            yield [Record(source.name, message.partition, message.offset, message.key, message.value, headers, time)]
        return
    async for partition, batch in inbox.batches():
        for record in batch:
            await app.continuity.check(partition, record.offset)
        yield [as_record(source.name, record) for record in batch]
