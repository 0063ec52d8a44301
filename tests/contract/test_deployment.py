"""docker-compose.yml and the image agree with the code, and keep what the docs promise of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.broker.jars import kafka_version
from streams.cli.commands import cli
from streams.settings import Settings
from streams.table import DERIVED_MAX
from tools.replay_dockerfile import steps

_ROOT = Path(__file__).parents[2]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text("utf-8"))
_SERVICES: dict[str, Any] = _COMPOSE["services"]
_OURS = [name for name, service in _SERVICES.items() if service["image"].startswith("geowire")]


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    assert _SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


def test_the_broker_takes_the_largest_record_of_the_stream_table() -> None:
    environment = _SERVICES["kafka"]["environment"]
    assert int(environment["KAFKA_MESSAGE_MAX_BYTES"]) >= DERIVED_MAX
    assert int(environment["KAFKA_REPLICA_FETCH_MAX_BYTES"]) >= DERIVED_MAX


def test_offsets_outlive_the_records() -> None:
    minutes = int(_SERVICES["kafka"]["environment"]["KAFKA_OFFSETS_RETENTION_MINUTES"])
    assert minutes >= Settings().retention_days * 24 * 60


@pytest.mark.parametrize("service", _OURS)
def test_only_settings_and_commands_that_exist_are_used(service: str) -> None:
    known = {field.metadata["variable"] for field in fields(Settings)}
    known |= {f"{field.metadata['variable']}_FILE" for field in fields(Settings) if field.metadata["secret"]}
    commands = {command.callback.__name__ for command in cli.registered_commands if command.callback}
    assert _SERVICES[service]["command"][0] in commands
    assert set(_SERVICES[service]["environment"]) <= known


@pytest.mark.parametrize("name", _SERVICES)
def test_every_service_is_confined(name: str) -> None:
    service = _SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    if name != "kafka":  # its image is no root's either, and writes its configuration when it starts
        assert service["read_only"] is True
        assert not service["user"].startswith("0")
    if "build" not in service:
        assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), "pinned by version"


def test_no_secret_stands_in_the_file() -> None:
    for service in _SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"PASSWORD$|TOKEN$|SECRET$", variable), f"{variable}={value}"
    ignored = (_ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/deploy/secrets/" in ignored
    assert all(secret["file"].startswith("./deploy/secrets/") for secret in _COMPOSE["secrets"].values())


def test_prometheus_asks_where_processes_answer() -> None:
    jobs = yaml.safe_load((_ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))["scrape_configs"]
    found = {name: job["port"] for config in jobs for job in config["dns_sd_configs"] for name in job["names"]}
    assert found == {name: int(_SERVICES[name]["environment"]["GEOWIRE_HEALTH_PORT"]) for name in ("worker", "poller")}
    assert {config["job_name"] for config in jobs} == {"geowire-worker", "geowire-poller"}


def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    """By the tool that runs it: references between services, anchors, and all it knows of its own format."""
    text = (_ROOT / "docker-compose.yml").read_text("utf-8")
    command = ["docker", "compose"]
    if not (
        shutil.which("docker")
        and subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0
    ):
        if not shutil.which("docker-compose"):
            pytest.skip("neither `docker compose` nor docker-compose is here: tools/test-packages installs it")
        command = ["docker-compose"]
        text = text.replace("name: geowire\n", "", 1)  # Debian's is older than a project's name in the file
    file = tmp_path / "docker-compose.yml"
    file.write_text(text)
    ran = subprocess.run(
        [*command, "--project-directory", str(_ROOT), "-f", str(file), "config"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert yaml.safe_load(ran.stdout)["services"].keys() == _SERVICES.keys()


def test_the_image_has_everything_that_the_wheel_is_built_from() -> None:
    kept = {line[1:] for line in (_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    found = steps((_ROOT / "Dockerfile").read_text("utf-8"))
    copied = {
        word
        for step in found
        if step.word == "COPY" and not step.rest.startswith("--from")
        for word in step.rest.split()[:-1]
    }
    assert copied == kept
    assert all((_ROOT / name).exists() for name in copied)
    assert ("USER", "geowire") in found, "not root"
    uid = _SERVICES["worker"]["user"].partition(":")[0]
    assert any(f"--uid {uid} geowire" in step.rest for step in found)
