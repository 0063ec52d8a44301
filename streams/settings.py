"""The settings: one frozen object, read once from the environment.

Nothing else reads the environment. Each field says in its metadata which variable it comes from and what it means;
``geowire config`` prints the effective values and docs/configuration.md is generated from here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from schemas.errors import ConfigError

_LOWER_CASE_TOO = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""curl and most others read them in lower case first."""


def _setting(variable: str, default: Any, doc: str, *, secret: bool = False, least: int | None = None) -> Any:
    return field(default=default, metadata={"variable": variable, "doc": doc, "secret": secret, "least": least})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, documented and defaulted."""

    # Broker
    bootstrap_servers: str = _setting(
        "KAFKA_BOOTSTRAP_SERVERS",
        "",
        "Addresses of an external Kafka, `host:port,…`. Empty: the embedded Kafka of the data directory.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = _setting(
        "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", "How to talk to the external Kafka."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = _setting(
        "KAFKA_SASL_MECHANISM", "SCRAM-SHA-512", "SASL mechanism, with the SASL protocols."
    )
    sasl_username: str = _setting("KAFKA_SASL_USERNAME", "", "SASL user.")
    sasl_password: str = _setting("KAFKA_SASL_PASSWORD", "", "SASL password.", secret=True)
    ssl_cafile: Path | None = _setting(
        "KAFKA_SSL_CAFILE", None, "Certificate authority (PEM) of the brokers. Empty: the system's."
    )
    ssl_certfile: Path | None = _setting("KAFKA_SSL_CERTFILE", None, "Client certificate (PEM).")
    ssl_keyfile: Path | None = _setting("KAFKA_SSL_KEYFILE", None, "Key of the client certificate (PEM).")
    broker_port: int = _setting(
        "GEOWIRE_BROKER_PORT", 9092, "Port of the embedded Kafka on 127.0.0.1; 0 takes a free one.", least=0
    )

    # Directories
    data_dir: Path = _setting(
        "GEOWIRE_DATA_DIR",
        Path("data"),
        "Where the embedded Kafka and the workers keep their data between runs.",
    )
    cache_dir: Path = _setting(
        "GEOWIRE_CACHE_DIR",
        Path("~/.cache/geowire"),
        "Where the embedded Kafka's jars are kept; shared between data directories.",
    )
    knowledge_dir: Path | None = _setting(
        "GEOWIRE_KNOWLEDGE_DIR", None, "The operator's own knowledge files, laid over the shipped ones."
    )

    # Streams
    namespace: str = _setting(
        "GEOWIRE_NAMESPACE",
        "",
        "Prefix of every stream and consumer group, so that several pipes share one Kafka.",
    )
    partitions: int = _setting(
        "GEOWIRE_PARTITIONS", 8, "Partitions of the news streams; fixed when they are created.", least=1
    )
    replication: int = _setting(
        "GEOWIRE_REPLICATION", 1, "Replication factor of new streams; 3 on a real cluster.", least=1
    )
    min_insync: int = _setting(
        "GEOWIRE_MIN_INSYNC",
        0,
        "Copies of a record that must be written before it counts as written (`min.insync.replicas` of new streams). "
        "0: one less than GEOWIRE_REPLICATION, 1 at least.",
        least=0,
    )
    compression: Literal["lz4", "zstd"] = _setting(
        "GEOWIRE_COMPRESSION",
        "lz4",
        "How records are compressed. zstd takes a third less room for a few µs more, and needs consumers that know it: "
        "Node from 22.15 on.",
    )
    retention_days: int = _setting(
        "GEOWIRE_RETENTION_DAYS", 90, "Days that raw, unique and enriched records are kept.", least=1
    )
    dedupe_days: int = _setting(
        "GEOWIRE_DEDUPE_DAYS", 90, "Days after its last sighting that an item is still known.", least=1
    )

    # Polling
    feeds: Path | None = _setting(
        "GEOWIRE_FEEDS",
        None,
        "Feed list in force: YAML, OPML or one address a line. Empty: the shipped list. `none`: no list, only what "
        "`geowire feeds add` and `import` brought.",
    )
    poll_seconds: int = _setting(
        "GEOWIRE_POLL_SECONDS",
        1200,
        "Wait between two polls of a feed that brings 24 items a day, or of which nothing is known; busier feeds are "
        "polled more often, quieter ones less.",
        least=1,
    )
    poll_most_seconds: int = _setting(
        "GEOWIRE_POLL_MOST_SECONDS", 3600, "Longest wait between two polls of an active feed.", least=1
    )
    poll_floor_seconds: int = _setting(
        "GEOWIRE_POLL_FLOOR_SECONDS", 300, "No feed is polled more often than this.", least=1
    )
    poll_host_seconds: float = _setting(
        "GEOWIRE_POLL_HOST_SECONDS", 1.0, "Least time between two requests to one host.", least=0
    )
    poll_workers: int = _setting("GEOWIRE_POLL_WORKERS", 2, "Processes that parse feeds.", least=1)
    allow_private: tuple[str, ...] = _setting(
        "ALLOW_PRIVATE", (), "Private addresses that may be polled all the same, `host:port,…`."
    )
    http_proxy: str = _setting(
        "HTTP_PROXY", "", "Proxy for http addresses, `http://host:port`; lower case is read too, as for the next two."
    )
    https_proxy: str = _setting("HTTPS_PROXY", "", "Proxy for https addresses, `http://host:port`.")
    no_proxy: tuple[str, ...] = _setting(
        "NO_PROXY",
        (),
        "What is fetched without the proxy: hosts, domains, networks, `host:port`, or `*`. What ALLOW_PRIVATE names is "
        "fetched directly in any case.",
    )
    contact: str = _setting("GEOWIRE_CONTACT", "", "Address (URL or e-mail) that publishers find in the user agent.")

    # Console
    console_host: str = _setting(
        "GEOWIRE_CONSOLE_HOST",
        "127.0.0.1",
        "Address the console listens on; other than loopback only with GEOWIRE_CONSOLE_TOKEN.",
    )
    console_port: int = _setting("GEOWIRE_CONSOLE_PORT", 8642, "Port of the console; 0 takes a free one.", least=0)
    console_token: str = _setting(
        "GEOWIRE_CONSOLE_TOKEN",
        "",
        "What whoever looks at the console must give. Empty: nothing is asked for.",
        secret=True,
    )

    # Worker
    intake: Literal["batches", "records"] = _setting(
        "GEOWIRE_INTAKE",
        "batches",
        "How agents take what was fetched: batch by batch, or record by record through Faust's own queues, which costs "
        "twice as much.",
    )
    commit_seconds: float = _setting("GEOWIRE_COMMIT_SECONDS", 1.0, "How often offsets are committed.")
    session_seconds: float = _setting(
        "GEOWIRE_SESSION_SECONDS", 10.0, "How long a worker or poller that was killed keeps its partitions.", least=1
    )
    instance_id: str = _setting(
        "GEOWIRE_INSTANCE_ID",
        "",
        "Name that a worker or poller keeps over restarts: it gets its partitions back without a rebalance, if it is "
        "back within the session. Each needs its own. Empty: partitions move at once when it stops.",
    )
    event_text: Literal["full", "excerpt", "none"] = _setting(
        "EVENT_TEXT", "full", "How much of the text enriched events carry."
    )
    serve_text: tuple[str, ...] = _setting(
        "GEOWIRE_SERVE_TEXT",
        (),
        "Feeds, by id, whose texts are served over HTTP and exported as whole as events carry them; `*`: all. Of "
        "others at most 300 characters are, and none where text and data mining is reserved.",
    )
    story_hours: int = _setting(
        "GEOWIRE_STORY_HOURS",
        72,
        "How far apart copies of one report may be fetched and still be one story; memory holds a day more than that.",
        least=1,
    )

    # Operation
    watchdog_seconds: float = _setting(
        "GEOWIRE_WATCHDOG_SECONDS",
        60.0,
        "Seconds after which a worker or poller that has something to do and does nothing ends itself, to be started "
        "again. 0: it only says so at /health/live.",
        least=0,
    )
    health_host: str = _setting(
        "GEOWIRE_HEALTH_HOST", "127.0.0.1", "Address where workers and pollers answer probes and give their metrics."
    )
    health_port: str = _setting(
        "GEOWIRE_HEALTH_PORT",
        "",
        "Port of `/health/live`, `/health/ready` and `/metrics`, or a range of which each process takes the first free "
        "one: `9464-9479`. Empty or 0: none.",
    )
    traces_endpoint: str = _setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "OpenTelemetry collector that takes traces over HTTP, `http://collector:4318`; needs `geowire[otel]`. Empty: "
        "none. The other `OTEL_EXPORTER_OTLP_*` variables are read by OpenTelemetry itself.",
    )
    traces_ratio: float = _setting(
        "OTEL_TRACES_SAMPLER_ARG",
        1.0,
        "Share of the items whose traces are sent, 0 to 1; the same ones everywhere.",
        least=0,
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _setting("GEOWIRE_LOG_LEVEL", "INFO", "Log level.")
    log_format: Literal["human", "json"] = _setting(
        "GEOWIRE_LOG_FORMAT", "human", "Log lines for people, or one JSON object each."
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment; a secret also from the file that its variable with _FILE names.

        Raises:
            ConfigError: A value is not of its kind; says variable, value and what would do.
        """
        environ = dict(os.environ if environ is None else environ)
        for variable in _LOWER_CASE_TOO:
            environ.setdefault(variable, environ.get(variable.lower(), ""))
        for secret in (f.metadata["variable"] for f in fields(cls) if f.metadata["secret"]):
            if file := environ.get(f"{secret}_FILE"):
                environ[secret] = _content(f"{secret}_FILE", file)
        hints = get_type_hints(cls)
        values = {
            f.name: _parse(f.metadata["variable"], environ[f.metadata["variable"]], hints[f.name], f.metadata["least"])
            for f in fields(cls)
            if environ.get(f.metadata["variable"], "") != ""
        }
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.bootstrap_servers and self.security_protocol.startswith("SASL") and not self.sasl_username:
            raise ConfigError(
                f"KAFKA_SECURITY_PROTOCOL={self.security_protocol} needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
            )
        if self.min_insync > self.replication:
            raise ConfigError(
                f"GEOWIRE_MIN_INSYNC={self.min_insync} is more than GEOWIRE_REPLICATION={self.replication}: nothing "
                "could be written"
            )
        if self.namespace and not all(c.isalnum() or c in "-_" for c in self.namespace):
            raise ConfigError(f"GEOWIRE_NAMESPACE={self.namespace!r}: only letters, digits, - and _ are allowed")
        if self.retention_days < 1 or self.dedupe_days < 1:
            raise ConfigError("GEOWIRE_RETENTION_DAYS and GEOWIRE_DEDUPE_DAYS must be 1 or more")

    def stream(self, name: str) -> str:
        """Return the Kafka topic of a stream: its name, behind the namespace where one is set."""
        return f"{self.namespace}.{name}" if self.namespace else name

    @property
    def group(self) -> str:
        """Consumer group of the workers."""
        return self.stream("geowire")

    @property
    def poll_group(self) -> str:
        """Consumer group of the pollers."""
        return self.stream("geowire-poll")


def _content(variable: str, file: str) -> str:
    """Return the secret in a file, without the line's end."""
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable} cannot be read: {error}") from error


def _parse(variable: str, text: str, kind: Any, least: int | None) -> Any:
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        for choice in choices:
            if text.lower() == str(choice).lower():
                return choice
        raise ConfigError(f"{variable}={text!r} is none of {', '.join(choices)}")
    if kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            raise ConfigError(f"{variable}={text!r} is not a number") from None
        if least is not None and number < least:
            raise ConfigError(f"{variable}={text!r}: {least} or more is needed")
        return number
    if kind in (Path, Path | None):
        return Path(text).expanduser()
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text
