"""docker-compose.yml and the image agree with the code."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.broker.jars import kafka_version
from streams.settings import Settings
from streams.table import DERIVED_MAX

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def services() -> dict[str, Any]:
    compose = yaml.safe_load((_ROOT / "docker-compose.yml").read_text("utf-8"))
    services: dict[str, Any] = compose["services"]
    return services


def test_compose_runs_the_kafka_that_the_tests_run(services: dict[str, Any]) -> None:
    assert services["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


def test_the_broker_takes_the_largest_record_of_the_stream_table(services: dict[str, Any]) -> None:
    environment = services["kafka"]["environment"]
    assert int(environment["KAFKA_MESSAGE_MAX_BYTES"]) >= DERIVED_MAX
    assert int(environment["KAFKA_REPLICA_FETCH_MAX_BYTES"]) >= DERIVED_MAX


def test_offsets_outlive_the_records(services: dict[str, Any]) -> None:
    minutes = int(services["kafka"]["environment"]["KAFKA_OFFSETS_RETENTION_MINUTES"])
    assert minutes >= Settings().retention_days * 24 * 60


@pytest.mark.parametrize("service", ["poller", "worker"])
def test_only_settings_that_exist_are_set(services: dict[str, Any], service: str) -> None:
    known = {field.metadata["variable"] for field in fields(Settings)}
    assert set(services[service]["environment"]) <= known


def test_the_image_has_everything_that_the_wheel_is_built_from() -> None:
    kept = {line[1:] for line in (_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word
        for line in (_ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == kept
