"""Which Kafka to talk to, and how: the ladder from the settings to a client's arguments."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from aiokafka.helpers import create_ssl_context

from schemas.errors import BrokerError, ConfigError
from streams.broker.embedded import running_address

if TYPE_CHECKING:
    from streams.settings import Settings


def bootstrap_servers(settings: Settings) -> str:
    """Return the brokers' addresses: KAFKA_BOOTSTRAP_SERVERS, else the embedded Kafka that runs on the data directory.

    Raises:
        BrokerError: Neither is there; says what to start.
    """
    if settings.bootstrap_servers:
        return settings.bootstrap_servers
    address = running_address(settings.data_dir)
    if address is None:
        raise BrokerError(
            f"no Kafka runs on {settings.data_dir}: start `geowire run` (everything) or `geowire broker run` (only "
            "Kafka) in another terminal, or set KAFKA_BOOTSTRAP_SERVERS to a Kafka you have"
        )
    return address


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Return the arguments that every aiokafka client takes.

    Raises:
        BrokerError: There is no broker to talk to.
        ConfigError: Credentials or certificates cannot be read.
    """
    arguments: dict[str, Any] = {"bootstrap_servers": bootstrap_servers(settings)}
    if not settings.bootstrap_servers:
        return arguments
    arguments["security_protocol"] = settings.security_protocol
    if settings.security_protocol.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    if settings.security_protocol.endswith("SSL"):
        arguments["ssl_context"] = ssl_context(settings)
    return arguments


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context of the settings.

    Raises:
        ConfigError: A certificate cannot be read.
    """
    try:
        context: ssl.SSLContext = create_ssl_context(
            cafile=str(settings.ssl_cafile) if settings.ssl_cafile else None,
            certfile=str(settings.ssl_certfile) if settings.ssl_certfile else None,
            keyfile=str(settings.ssl_keyfile) if settings.ssl_keyfile else None,
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"KAFKA_SSL_CAFILE, KAFKA_SSL_CERTFILE or KAFKA_SSL_KEYFILE cannot be used: {error}"
        ) from error
    return context
