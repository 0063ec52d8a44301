"""Every foreseeable mistake gets one clear line: what is wrong, what to do; no traceback, and an exit code."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings

_CONFIG, _UNAVAILABLE = 2, 69


def _geowire(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def _refused(ran: subprocess.CompletedProcess[bytes], code: int, *says: str) -> None:
    """One line on standard error that says these things, and this exit code."""
    said = ran.stderr.decode()
    assert "Traceback" not in said, said
    lines = [line for line in said.splitlines() if "starting Kafka on" not in line]
    assert len(lines) == 1, said
    assert ran.returncode == code, said
    for word in says:
        assert word in lines[0], lines[0]


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    return {"GEOWIRE_DATA_DIR": str(tmp_path / "data"), "GEOWIRE_BROKER_PORT": "0"}


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with nothing on it."""
    directory = tmp_path / "bin"
    directory.mkdir()
    return directory


def test_no_java(data: Mapping[str, str], bare_path: Path) -> None:
    ran = _geowire("run", "--sample", **data, PATH=str(bare_path), JAVA_HOME="")
    _refused(ran, _CONFIG, "no java", "openjdk-17", "KAFKA_BOOTSTRAP_SERVERS")


def test_old_java(data: Mapping[str, str], bare_path: Path) -> None:
    java = bare_path / "java"
    java.write_text(f"#!{shutil.which('sh')}\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    _refused(_geowire("run", "--sample", **data, PATH=str(bare_path)), _CONFIG, "Java 11", "Java 17", "openjdk-17")


def test_no_maven_and_no_jars(data: Mapping[str, str], bare_path: Path, tmp_path: Path) -> None:
    (bare_path / "java").symlink_to(shutil.which("java") or "java")
    ran = _geowire("broker", "fetch", **data, PATH=str(bare_path), GEOWIRE_CACHE_DIR=str(tmp_path / "cache"))
    _refused(ran, _CONFIG, "Maven", "apt-get install")


def test_busy_port(data: Mapping[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _refused(
            _geowire("run", "--sample", **{**data, "GEOWIRE_BROKER_PORT": port}), _CONFIG, port, "GEOWIRE_BROKER_PORT"
        )


@pytest.mark.parametrize(
    "command", [("poll",), ("work",), ("tail",), ("audit",), ("streams", "list"), ("streams", "apply")]
)
def test_dead_broker(data: Mapping[str, str], command: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    ran = _geowire(*command, **data, KAFKA_BOOTSTRAP_SERVERS=address)
    _refused(ran, _UNAVAILABLE, address)


@pytest.mark.parametrize("command", [("poll",), ("work",), ("tail",), ("streams", "list")])
def test_no_broker_at_all(data: Mapping[str, str], command: tuple[str, ...]) -> None:
    _refused(_geowire(*command, **data), _UNAVAILABLE, "geowire run", "KAFKA_BOOTSTRAP_SERVERS")


def test_unwritable_data_directory() -> None:
    ran = _geowire("run", "--sample", GEOWIRE_DATA_DIR="/dev/null/x", GEOWIRE_BROKER_PORT="0")
    _refused(ran, _CONFIG, "/dev/null/x", "GEOWIRE_DATA_DIR")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("EVENT_TEXT", "half"), ("GEOWIRE_PARTITIONS", "x"), ("GEOWIRE_NAMESPACE", "a/b")],
)
def test_wrong_setting(variable: str, value: str) -> None:
    _refused(_geowire("config", **{variable: value}), _CONFIG, variable, value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tail", "--limit", "x"), "--limit"),
        (("tail", "no.such.stream"), "no.such.stream"),
        (("no-such-command",), "no-such-command"),
        (("run", "--feeds", "a.txt", "--sample"), "exclude each other"),
    ],
)
def test_wrong_argument(arguments: tuple[str, ...], says: str) -> None:
    ran = _geowire(*arguments)
    said = " ".join(ran.stderr.decode().split())
    assert ran.returncode == _CONFIG
    assert "Traceback" not in said
    assert says in said


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.yaml", "feeds:\n  - url: [", "YAML"),
        ("a.yaml", "feeds:\n  - url: https://news.example/feed\n    colour: red\n", "colour"),
        ("a.yaml", "feeds:\n  - {id: a, url: 'https://a.example/'}\n  - {id: a, url: 'https://b.example/'}\n", "twice"),
        ("a.opml", "<opml><body><outline", "OPML"),
        ("a.txt", "https://news.example/feed\nnot an address\n", "line 2"),
        ("a.txt", "# nothing\n", "no feeds"),
        ("gone.txt", None, "gone.txt"),
    ],
)
def test_broken_feed_list(data: Mapping[str, str], tmp_path: Path, name: str, content: str | None, says: str) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    _refused(_geowire("run", "--feeds", str(file), **data), _CONFIG, name, says)


def test_broken_knowledge(tmp_path: Path) -> None:
    file = tmp_path / "classify/topics/terms/en.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("language: en\ntopics: {no_such_topic: {strong: war}}\n")
    _refused(_geowire("pipe", GEOWIRE_KNOWLEDGE_DIR=str(tmp_path)), _CONFIG, "terms/en.yaml", "no_such_topic")


def test_files_that_are_not_there() -> None:
    _refused(_geowire("explain", "no-such-file"), _CONFIG, "no-such-file")
    _refused(_geowire("feeds", "parse", "no-such-file"), _CONFIG, "no-such-file")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedKafka, dict[str, str]]]:
    """A Kafka, for mistakes that need one to be made."""
    environment = {"GEOWIRE_DATA_DIR": str(tmp_path_factory.mktemp("data")), "GEOWIRE_BROKER_PORT": "0"}
    with EmbeddedKafka(Settings.from_env(environment)) as kafka:
        yield kafka, environment


@pytest.mark.integration
def test_two_instances_on_one_data_directory(running: tuple[EmbeddedKafka, dict[str, str]]) -> None:
    _, environment = running
    _refused(_geowire("run", "--sample", **environment), _CONFIG, environment["GEOWIRE_DATA_DIR"])


@pytest.mark.integration
def test_wrong_protocol(running: tuple[EmbeddedKafka, dict[str, str]]) -> None:
    kafka, _ = running
    sasl = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD": "wrong"}
    ran = _geowire("streams", "list", KAFKA_BOOTSTRAP_SERVERS=kafka.address, **sasl)
    _refused(ran, _UNAVAILABLE, kafka.address, "KAFKA_SECURITY_PROTOCOL")


@pytest.mark.integration
def test_streams_that_differ(running: tuple[EmbeddedKafka, dict[str, str]]) -> None:
    _, environment = running
    assert _geowire("streams", "apply", **environment, GEOWIRE_NAMESPACE="differ").returncode == 0
    ran = _geowire("streams", "apply", **environment, GEOWIRE_NAMESPACE="differ", GEOWIRE_PARTITIONS="3")
    _refused(ran, _UNAVAILABLE, "8 partitions, the table says 3", "GEOWIRE_PARTITIONS")


@pytest.mark.parametrize("arguments", [("config",), ("config", "--json"), ("knowledge", "check"), ("--help",)])
def test_a_reader_that_goes_away_is_no_mistake(arguments: tuple[str, ...], data: dict[str, str]) -> None:
    """Whether it goes in the middle, before anything is written, or before what is left is written at the end."""
    command = [sys.executable, "-m", "streams.cli", *arguments]
    running = subprocess.Popen(command, env={**os.environ, **data}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.close()
    _, said = running.communicate(timeout=60)
    assert said.decode() == ""
    assert running.returncode == 141


@pytest.mark.integration
def test_a_reader_that_has_enough(running: tuple[EmbeddedKafka, dict[str, str]]) -> None:
    _, environment = running
    command = f"{sys.executable} -m streams.cli streams list --json | head -n 1"
    ran = subprocess.run(
        ["sh", "-c", command], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, check=False
    )
    assert ran.stderr.decode() == ""
    assert ran.stdout.count(b"\n") == 1
