"""What `make setup` does about missing system packages, on machines made of a few commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "tools" / "system-packages"
_INSTALL = "apt-get install -y --no-install-recommends"


class Machine:
    """A PATH of its own, with real ``sh`` tools and fakes for what a machine may lack."""

    def __init__(self, directory: Path) -> None:
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.home = directory / "home"
        self.home.mkdir()
        for tool in ("sh", "sed", "ls", "cat"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        (self.bin / "python3").symlink_to(sys.executable)

    def has(self, command: str, script: str) -> None:
        path = self.bin / command
        path.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        path.chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("sh") or "sh", str(_SCRIPT)],
            env={"PATH": str(self.bin), "HOME": str(self.home), **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.has("id", "echo 1000")
    machine.has("apt-get", 'echo "$@" >> "$HOME/apt"')
    return machine


def _java(release: str) -> str:
    return f"echo 'openjdk version \"{release}\" 2025-04-15' >&2"


def test_nothing_is_missing(machine: Machine) -> None:
    machine.has("java", _java("17.0.15"))
    machine.has("mvn", "true")
    ran = machine.run()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("java", [None, "11.0.2", "1.8.0_402"])
def test_without_root_the_line_is_printed(machine: Machine, java: str | None) -> None:
    if java:
        machine.has("java", _java(java))
    ran = machine.run()
    assert ran.returncode == 2
    assert f"sudo {_INSTALL} openjdk-17-jre-headless maven" in ran.stderr
    assert not (machine.home / "apt").exists()


def test_as_root_on_debian_it_is_installed(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("java", _java("21.0.1"))
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    assert (machine.home / "apt").read_text().splitlines()[-1].endswith("install -y -qq --no-install-recommends maven")


def test_maven_is_not_asked_for_where_the_jars_are(machine: Machine) -> None:
    machine.has("java", _java("17.0.1"))
    jars = machine.home / ".cache/geowire/kafka-4.4.0"
    jars.mkdir(parents=True)
    (jars / "kafka_2.13-4.4.0.jar").touch()
    assert machine.run().returncode == 0


def test_with_an_external_kafka_neither_java_nor_maven_is_asked_for(machine: Machine) -> None:
    assert machine.run(KAFKA_BOOTSTRAP_SERVERS="kafka:9092").returncode == 0


def test_elsewhere_it_says_what_is_missing(machine: Machine) -> None:
    (machine.bin / "apt-get").unlink()
    ran = machine.run()
    assert ran.returncode == 2
    assert "openjdk-17-jre-headless maven" in ran.stderr
    assert "KAFKA_BOOTSTRAP_SERVERS" in ran.stderr
