"""The pipe on Quix Streams 3: its consumer, its RocksDB state with changelog, its checkpoints; at least once.

Tuned as its documentation advises for throughput: idempotent producer with the compression and the linger (5 ms) of
geowire, a checkpoint a second as geowire commits, large fetches, RocksDB without fsync (its changelog is the truth).
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State, message_context
from quixstreams.models import Serializer, Topic
from quixstreams.state.rocksdb import RocksDBOptions

from agents.dedupe.agent import CHANGELOG
from bench.hosts import handlers
from schemas.record import Output, Record
from streams import table
from streams.settings import Settings

_ENTRY = "entry"


class _Value(Serializer):
    """Takes the bytes out of an output."""

    def __call__(self, value: Output, ctx: Any) -> bytes | None:  # noqa: ARG002 - the interface's
        return value.value


class _Store:
    """The state of the record at hand: Quix keeps it by the record's key, which is the item id."""

    state: State

    def get(self, partition: int, key: bytes) -> bytes | None:  # noqa: ARG002 - it is the record's
        found: bytes | None = self.state.get_bytes(_ENTRY)
        return found

    def put(self, partition: int, key: bytes, entry: bytes) -> None:  # noqa: ARG002
        self.state.set_bytes(_ENTRY, entry)

    def delete(self, partition: int, key: bytes) -> None:  # noqa: ARG002
        self.state.delete(_ENTRY)

    def sweep(self, partition: int, *, before: int, limit: int) -> list[bytes]:  # noqa: ARG002 - nothing is that old
        return []


def application(settings: Settings) -> Application:
    """Return the app with both steps."""
    app = Application(
        broker_address=settings.bootstrap_servers,
        consumer_group=f"{settings.group}-quix",
        auto_offset_reset="earliest",
        commit_interval=settings.commit_seconds,
        processing_guarantee="at-least-once",
        state_dir=settings.data_dir / "quix",
        rocksdb_options=RocksDBOptions(use_fsync=False),
        consumer_extra_config={"max.partition.fetch.bytes": table.DERIVED_MAX, "fetch.max.bytes": 100_000_000},
        producer_extra_config={
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": settings.compression,
            "message.max.bytes": table.DERIVED_MAX,
            "batch.size": 128 * 1024,
        },
        loglevel="WARNING",
        auto_create_topics=True,
    )
    source = app.topic(settings.stream(table.RAW.name), value_deserializer="bytes")
    unique = app.topic(settings.stream(table.UNIQUE.name), value_deserializer="bytes", value_serializer=_Value())
    outputs: dict[str, Topic] = {
        stream.name: app.topic(settings.stream(stream.name), value_serializer=_Value())
        for stream in table.STREAMS
        if (stream.partitioned or stream is table.SIGNATURES)
        and stream not in {table.RAW, table.UNIQUE, table.DEDUPE_CHANGELOG}
    }
    outputs[table.UNIQUE.name] = unique
    store = _Store()
    dedupe = handlers.dedupe(settings, store, lambda record: record.offset)
    enrich = handlers.enrich(settings)

    def record(stream: str, value: bytes, key: bytes, time: int, headers: Any) -> Record:
        at = message_context()
        return Record(stream, at.partition, at.offset, key, value, headers or [], time)

    def deduplicated(value: bytes, key: bytes, time: int, headers: Any, state: State) -> list[Output]:
        store.state = state
        (made,) = dedupe([record(table.RAW.name, value, key, time, headers)])
        return [output for output in made if output.stream != CHANGELOG]

    def enriched(value: bytes, key: bytes, time: int, headers: Any) -> list[Output]:
        (made,) = enrich([record(table.UNIQUE.name, value, key, time, headers)])
        return list(made)

    for frame in (
        app.dataframe(source).apply(deduplicated, stateful=True, metadata=True),
        app.dataframe(unique).apply(enriched, metadata=True),
    ):
        out = frame.apply(lambda made: made, expand=True).set_headers(lambda output, *_: output.headers)
        out.to_topic(lambda output, *_: outputs[output.stream])
    return app


if __name__ == "__main__":
    application(Settings.from_env()).run()
