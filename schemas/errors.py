"""Every error geowire raises on purpose.

::

    GeowireError                    base; carries what the command line prints: one line, what to do
    ├── ConfigError                 a setting, an option or a file given by the operator is wrong        exit 2
    ├── DataError                   one record cannot be processed: it becomes a dead letter, the stream goes on
    └── InfrastructureError         the world around us failed: the process exits, Kafka redelivers      exit 69
        ├── BrokerError             no broker, wrong credentials, streams that differ from the table
        ├── DeliveryError           an output was not acknowledged by the broker
        └── StalledError            work waited and nothing was done: the watchdog ends the process          exit 75

``retriable`` says whether the same call may succeed later without anybody changing anything. ``exit_code``
follows sysexits.h, so that a supervisor can tell a mistake (do not restart) from an outage (restart).
"""

from __future__ import annotations

from typing import ClassVar, Literal

Stage = Literal["poll", "dedupe", "enrich", "cluster"]
"""The steps that can turn a record into a dead letter."""


class GeowireError(Exception):
    """Base of all errors raised on purpose; ``str()`` is one line that says what was wrong and what to do."""

    retriable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1


class ConfigError(GeowireError):
    """Something the operator gave us is wrong; only the operator can change it."""

    exit_code = 2


class DataError(GeowireError):
    """One record cannot be processed.

    Attributes:
        code: A short stable word for the kind of fault (``invalid-json``, ``wrong-type``, …); filters and
            metrics go by it.
        stage: The step that refused the record; filled in by the agent's shell.
    """

    def __init__(self, code: str, message: str, *, stage: Stage | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.stage = stage


class InfrastructureError(GeowireError):
    """The broker, the disk or the network failed: nothing is acknowledged, the process exits."""

    retriable = True
    exit_code = 69  # EX_UNAVAILABLE


class BrokerError(InfrastructureError):
    """There is no usable broker, or what it holds differs from the stream table."""


class DeliveryError(InfrastructureError):
    """The broker did not acknowledge an output."""


class StalledError(InfrastructureError):
    """Work waited, nothing was done, and nobody raised anything: the process is better started anew."""

    exit_code = 75  # EX_TEMPFAIL
