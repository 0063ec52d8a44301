"""The embedded broker: a real Apache Kafka, one KRaft node on loopback, its data kept between runs.

One process owns a data directory at a time (a lock file says so). The address stands in ``broker.json`` while the
broker runs, so that other geowire commands on the same directory find it.
"""

from __future__ import annotations

import base64
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self
from uuid import uuid4

from schemas.errors import BrokerError, ConfigError
from streams.broker.jars import fetch_jars, find_java

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from streams.settings import Settings

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_HEAP = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_PR_SET_PDEATHSIG = 1


class EmbeddedKafka:
    """An Apache Kafka that lives as long as this object's ``with`` block."""

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare, start nothing.

        Args:
            settings: Data and cache directory, port, retention.
            extra: Further lines for server.properties.
            users: SCRAM users that a new broker knows, and their passwords.
        """
        self._settings = settings
        self._extra = dict(extra or {})
        self._users = dict(users or {})
        self.directory = settings.data_dir.expanduser().resolve() / "kafka"
        self.port = settings.broker_port
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        if self._process is None:
            raise BrokerError("the embedded Kafka is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            ConfigError: No Java, a busy port, a directory that cannot be written or that another process uses.
            BrokerError: Kafka did not start; says what its log says.
        """
        java = find_java()
        jars = fetch_jars(self._settings.cache_dir)
        self._take_directory()
        try:
            self._choose_port()
            command = [str(java), *_HEAP, f"-Dgeowire.log={self.directory / 'server.log'}"]
            with resources.as_file(resources.files("streams.broker").joinpath("log4j2.yaml")) as logging:
                command += [f"-Dlog4j2.configurationFile={logging}", "-cp", f"{jars}/*"]
                properties = self._write_properties()
                self._format(command, properties)
                with (self.directory / "stdout.log").open("wb") as output:
                    self._process = self._launch([*command, "kafka.Kafka", str(properties)], output)
                self._wait_until_up()
        except BaseException:
            self.stop()
            raise
        self._announce()

    def _launch(self, command: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl-C in the terminal must reach us, not Kafka, which stops last. And
            # it must not outlive us when we are killed.
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
        )

    def stop(self) -> None:
        """Stop the broker, politely first, and give the directory free."""
        (self.directory / "broker.json").unlink(missing_ok=True)
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """End the broker at once, as a power cut would; ``start`` brings it back on the same data."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.stop()

    def alive(self) -> bool:
        """Whether the broker's process runs."""
        return self._process is not None and self._process.poll() is None

    def _take_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = (self.directory / "lock").open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write to the data directory: {error}; set GEOWIRE_DATA_DIR") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ConfigError(
                f"another geowire already runs on {self.directory.parent}: stop it, use it "
                f"(`geowire tail news.enriched`), or set GEOWIRE_DATA_DIR to another directory"
            ) from None
        self._lock = lock

    def _choose_port(self) -> None:
        if self.port == 0:
            self.port = _free_port()
            return
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise ConfigError(
                    f"port {self.port} for the embedded Kafka is taken ({error.strerror}): set GEOWIRE_BROKER_PORT to "
                    "a free one (0 takes any), or KAFKA_BOOTSTRAP_SERVERS if it is your Kafka that listens there"
                ) from None

    def _write_properties(self) -> Path:
        controller = _free_port()
        offsets_minutes = max(self._settings.retention_days, 7) * 24 * 60
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.directory / "log"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "8",
            # A committed offset must live as long as the records it points into.
            "offsets.retention.minutes": str(offsets_minutes),
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "num.network.threads": "2",
            "num.io.threads": "4",
            **self._extra,
        }
        path = self.directory / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()), "utf-8")
        return path

    def _format(self, command: list[str], properties: Path) -> None:
        if (self.directory / "log" / "meta.properties").exists():
            return
        known = [f"--add-scram=SCRAM-SHA-512=[name={user},password={word}]" for user, word in self._users.items()]
        ran = subprocess.run(  # noqa: S603
            [*command, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties), *known],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise BrokerError(f"Kafka could not format {self.directory / 'log'}: {_last_line(ran.stderr + ran.stdout)}")

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                raise BrokerError(f"the embedded Kafka did not start: {self._complaint()}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise BrokerError(f"the embedded Kafka did not answer within {_START_SECONDS:.0f} s: {self._complaint()}")

    def _complaint(self) -> str:
        said = ""
        for name in ("server.log", "stdout.log"):
            path = self.directory / name
            if path.exists():
                said += path.read_text("utf-8", "replace")[-20_000:]
        for line in reversed(said.splitlines()):
            if "ERROR" in line or "FATAL" in line or "Exception" in line:
                return line.strip()[:300]
        return f"its logs in {self.directory} say nothing"

    def _announce(self) -> None:
        announcement = json.dumps({"address": self.address, "pid": self.pid})
        temporary = self.directory / "broker.json.new"
        temporary.write_text(announcement, "utf-8")
        temporary.replace(self.directory / "broker.json")


def running_address(data_dir: Path) -> str | None:
    """Return the address of the embedded broker that runs on a data directory, or None."""
    try:
        announced = json.loads((data_dir.expanduser() / "kafka" / "broker.json").read_text("utf-8"))
        os.kill(announced["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return str(announced["address"])


def die_with_parent() -> None:
    """Ask the kernel, in a child before it execs, to end it when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cluster_id() -> str:
    """Return a new id, never one that Kafka's tool would take for an option."""
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        if not cluster_id.startswith("-"):
            return cluster_id


def _last_line(said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
