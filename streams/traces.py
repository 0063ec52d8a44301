"""OpenTelemetry traces of every item's way: poll, dedupe, enrich, cluster; only with ``OTEL_EXPORTER_OTLP_ENDPOINT``.

Nothing of OpenTelemetry is imported without it. The spans are not drawn at random: the ``traceparent`` headers that
travel with the records already name them, so redeliveries and other workers give the same ones, and a consumer that
goes on with the header of an enriched event is in the same trace. Here they only get their times, and go out in batches
from a thread of their own, over OTLP/HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from schemas.envelope import TRACEPARENT, header, traceparent
from schemas.errors import ConfigError, Stage

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanContext

    from schemas.record import Output, Record
    from streams.settings import Settings

_FLUSH_SECONDS = 3.0
_IDS = slice(3, 35), slice(36, 52)
"""Where a ``traceparent`` has its trace id and its span id."""
_OF_32_BITS = 1 << 32

Attributes = dict[str, str | int]


class Trail(NamedTuple):
    """The span of something that is under way."""

    traces: Traces
    name: str
    own: bytes
    parent: bytes | None
    attributes: Attributes

    def end(self, begun: float) -> None:
        """Send it: it ends now, and began at a ``time.perf_counter``."""
        self.traces.send(self, begun)


class Traces:
    """Sends spans to the collector."""

    def __init__(self, processor: SpanProcessor, resource: Resource, ratio: float) -> None:
        """Take over a started processor.

        Args:
            processor: Where spans go.
            resource: Who sends them.
            ratio: Share of the traces that are sent; all processes choose the same ones.
        """
        self._processor = processor
        self._resource = resource
        self._below = round(ratio * _OF_32_BITS)

    def chosen(self, own: bytes) -> bool:
        """Whether the trace of a ``traceparent`` is sent."""
        return int(own[_IDS[0]][-8:], 16) < self._below

    def trail(self, stage: Stage, record: Record, outputs: Sequence[Output]) -> Trail | None:
        """Return the span of a record, to be ended when the broker has its outputs; None where it is not sent."""
        parent = header(record.headers, TRACEPARENT)
        own = header(outputs[0].headers, TRACEPARENT) if outputs and stage != "cluster" else None
        if own is None:  # stories are of many items: they are in none of their traces
            own = traceparent(parent, seed=f"{record.partition}:{record.offset}", hop=stage)[1]
        if not self.chosen(own):
            return None
        return Trail(
            self,
            stage,
            own,
            parent if parent is not None and parent[_IDS[0]] == own[_IDS[0]] else None,
            {
                "messaging.system": "kafka",
                "messaging.destination.name": record.stream,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "messaging.kafka.message.key": (record.key or b"").decode("utf-8", "replace"),
                "geowire.outputs": ",".join(output.stream for output in outputs),
            },
        )

    def polled(self, own: bytes, begun: float, attributes: Attributes) -> None:
        """Send the span of an item that a poll brought, the first of its trace; it ends now."""
        if self.chosen(own):
            Trail(self, "poll", own, None, attributes).end(begun)

    def send(self, trail: Trail, begun: float) -> None:
        """Send a span that ends now, and began at a ``time.perf_counter``."""
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanKind

        now = time.time_ns()
        self._processor.on_end(
            ReadableSpan(
                trail.name,
                context=_context(trail.own),
                parent=_context(trail.parent) if trail.parent else None,
                resource=self._resource,
                attributes=trail.attributes,
                kind=SpanKind.CONSUMER if trail.parent else SpanKind.PRODUCER,
                start_time=now - round(1e9 * (time.perf_counter() - begun)),
                end_time=now,
            )
        )

    def flush(self) -> None:
        """Send what is left, but do not wait for it for long."""
        flushing = threading.Thread(target=self._processor.force_flush, name="traces", daemon=True)
        flushing.start()
        flushing.join(_FLUSH_SECONDS)


def _context(carried: bytes) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    trace, span = (int(carried[part], 16) for part in _IDS)
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def open_traces(settings: Settings, process: str) -> Traces | None:
    """Return where spans go; None where no collector is named.

    Args:
        settings: The settings.
        process: ``worker`` or ``poller``.

    Raises:
        ConfigError: A collector is named, but OpenTelemetry is not installed.
    """
    if not settings.traces_endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed ({error}): install geowire[otel]"
        ) from error
    endpoint = f"{settings.traces_endpoint.rstrip('/')}/v1/traces"
    resource = Resource.create({"service.name": f"geowire-{process}", "service.version": version("geowire")})
    return Traces(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)), resource, settings.traces_ratio)
