"""Log lines: for people, or one JSON object each."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streams.settings import Settings

_AGAIN_SECONDS = 10.0
# Below WARNING these make a record for every message they move.
_QUIET = ("aiokafka", "faust", "mode", "asyncio", "kafka")


def configure(settings: Settings) -> None:
    """Send log lines of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Human("%(asctime)s %(message)s", "%H:%M:%S"))
    handler.addFilter(_NotAgain())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of every rebalance; what comes of one our own lines say.
    logging.getLogger("aiokafka.consumer.group_coordinator").setLevel(logging.ERROR)
    # It logs as errors what it retries by itself, for each partition; what it cannot retry it raises.
    logging.getLogger("aiokafka.consumer.fetcher").setLevel(logging.CRITICAL)


@contextmanager
def redirected(write: Callable[[str], object]) -> Iterator[None]:
    """Send log lines of this process elsewhere for a while, without line ends."""
    handlers = logging.root.handlers
    handler = _Calling(write)
    handler.setFormatter(_Human("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.root.handlers = [handler]
    try:
        yield
    finally:
        logging.root.handlers = handlers


class _NotAgain(logging.Filter):
    """Lets what clients say about an outage through once in a while: they say it at every attempt."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(("aiokafka", "opentelemetry")):
            return True
        said = (record.name, str(record.msg))
        if record.created < self._last.get(said, 0.0) + _AGAIN_SECONDS:
            return False
        self._last[said] = record.created
        return True


class _Calling(logging.Handler):
    def __init__(self, write: Callable[[str], object]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(self.format(record))


class _Human(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - overridden
        line = super().formatMessage(record)
        return line if record.levelno < logging.WARNING else f"{line}  [{record.levelname.lower()}, {record.name}]"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(fields, option=orjson.OPT_UTC_Z, default=str).decode()
