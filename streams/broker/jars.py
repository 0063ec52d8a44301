"""Java and Kafka's jars for the embedded broker: found, or fetched once with Maven."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree as ET

from schemas.errors import BrokerError, ConfigError

JAVA_LEAST = 17
_POM = resources.files("streams.broker").joinpath("pom.xml")
_INSTALL = "apt-get install -y --no-install-recommends"


def kafka_version() -> str:
    """Return the version of the embedded Kafka, from its pom."""
    root = ET.fromstring(_POM.read_text("utf-8"))  # noqa: S314 - our own file
    version = root.findtext("{*}properties/{*}kafka.version")
    if version is None:
        raise AssertionError("pom.xml names no kafka.version")
    return version


def find_java() -> Path:
    """Return the ``java`` to run Kafka with: of JAVA_HOME, else of the PATH.

    Raises:
        ConfigError: There is none, or it is older than Java 17; says how to get one.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    found = found or shutil.which("java")
    remedy = (
        f"install it ({_INSTALL} openjdk-17-jre-headless) or set KAFKA_BOOTSTRAP_SERVERS to a Kafka you already have"
    )
    if found is None:
        raise ConfigError(f"the embedded Kafka needs Java {JAVA_LEAST} or newer and there is no java here: {remedy}")
    printed = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r'version "(?:1\.)?(\d+)', printed.stderr + printed.stdout)
    if version is None:
        raise ConfigError(f"{found} does not say its version; the embedded Kafka needs Java {JAVA_LEAST}: {remedy}")
    if int(version[1]) < JAVA_LEAST:
        raise ConfigError(
            f"{found} is Java {version[1]}, the embedded Kafka needs Java {JAVA_LEAST} or newer: {remedy}"
        )
    return Path(found)


def jar_directory(cache: Path) -> Path:
    """Return where the jars that our pom names are kept, present or not."""
    pom = hashlib.blake2b(_POM.read_bytes(), digest_size=4).hexdigest()
    return cache.expanduser() / f"kafka-{kafka_version()}-{pom}"


def fetch_jars(cache: Path) -> Path:
    """Return the directory of Kafka's jars, fetching them with Maven where they are missing.

    Raises:
        ConfigError: Maven is missing, or the cache directory cannot be written.
        BrokerError: Maven could not fetch them.
    """
    directory = jar_directory(cache)
    if any(directory.glob("kafka_2*.jar")):
        return directory
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigError(
            f"Kafka's jars are not in {directory} and Maven, which fetches them once, is missing: {_INSTALL} maven"
        )
    partial = directory.with_name(f"{directory.name}.{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        (partial / "pom.xml").write_bytes(_POM.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot write to the cache directory: {error}; set GEOWIRE_CACHE_DIR") from error
    try:
        ran = subprocess.run(  # noqa: S603
            [
                maven,
                "-B",
                "-q",
                "dependency:copy-dependencies",
                "-DoutputDirectory=.",
                "-DincludeScope=runtime",
            ],
            cwd=partial,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0 or not any(partial.glob("kafka_2*.jar")):
            said = (ran.stdout + ran.stderr).strip().splitlines()
            raise BrokerError(f"Maven could not fetch Kafka's jars: {said[0] if said else 'it said nothing'}")
        # Renamed in one step, so that an interrupted fetch leaves nothing that looks complete.
        try:
            partial.rename(directory)
        except OSError:
            if not any(directory.glob("kafka_2*.jar")):  # another process was faster
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return directory
