"""What every test may use: one real Kafka for the whole run, streams of its own for each test, the evaluation data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest

from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings

# How long an example takes says how busy the machine is; what must be fast is measured in processor time.
hypothesis.settings.register_profile("geowire", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("geowire")

# One second lets a test kill workers often; Kafka's own least is six.
_BROKER = {"group.min.session.timeout.ms": "1000", "log.initial.task.delay.ms": "1000"}


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    settings = Settings.from_env(
        {
            "GEOWIRE_DATA_DIR": str(tmp_path_factory.mktemp("kafka")),
            "GEOWIRE_BROKER_PORT": "0",
            "GEOWIRE_CACHE_DIR": os.environ.get("GEOWIRE_CACHE_DIR", ""),
        }
    )
    with EmbeddedKafka(settings, extra=_BROKER) as broker:
        yield broker


@pytest.fixture
def environment(kafka: EmbeddedKafka, tmp_path: Path) -> dict[str, str]:
    """The environment of one pipe: the shared Kafka, streams and directories of its own."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
        "GEOWIRE_NAMESPACE": f"t{uuid4().hex[:10]}",
        "GEOWIRE_DATA_DIR": str(tmp_path / "data"),
        "GEOWIRE_SESSION_SECONDS": "2",
        "GEOWIRE_POLL_HOST_SECONDS": "0",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return Settings.from_env(environment)


@pytest.fixture(scope="session")
def eval_data() -> Path:
    """The third-party data; tests that ask for it are skipped, visibly, where it is absent."""
    path = os.environ.get("GEOWIRE_EVAL_DATA")
    if not path:
        pytest.skip("GEOWIRE_EVAL_DATA is not set: third-party data is not here")
    return Path(path)
