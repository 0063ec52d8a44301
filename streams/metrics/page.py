"""The page ``/metrics``: families of numbers, put together when Prometheus asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from streams.metrics import catalogue
from streams.metrics.catalogue import Process


class _Asking(Collector):
    """Asks a function for the families, each time somebody wants the page."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        """Return nothing: asking for names at registration would ask for values too early."""
        return ()


def page(process: Process, collect: Callable[[], Iterator[Metric]]) -> Callable[[], bytes]:
    """Return what renders the page of a process.

    Args:
        process: Which one.
        collect: Yields its families; called in the thread that renders.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)  # memory, processor time, open files, start time

    def collected() -> Iterator[Metric]:
        yield catalogue.BUILD_INFO.family([((version("geowire"), process), 1)])
        yield from collect()

    registry.register(_Asking(collected))

    def render() -> bytes:
        return generate_latest(registry)

    return render
