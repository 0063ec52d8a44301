"""Why Kafka cannot be reached, or refuses us: one line that says what, why, and which setting or ACL to look at."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTimestampError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.broker.connection import bootstrap_servers, client_arguments

if TYPE_CHECKING:
    from streams.settings import Settings

_ANSWER_SECONDS = 5
_OTHER_NAME = {62, 64}
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH."""
_ACLS = "docs/deployment.md lists the ACLs geowire needs"


async def unreachable(settings: Settings, error: KafkaError) -> str:
    """Return in words why the broker could not be reached, or refused us.

    aiokafka only logs why it has no connection, so each address is asked once more.
    """
    where = settings.bootstrap_servers or "the embedded Kafka"
    if not isinstance(error, KafkaConnectionError | NodeNotReadyError | KafkaTimeoutError):
        return f"Kafka at {where} refused us: {in_words(error)}"
    reasons: dict[str, None] = {}
    for host, port, _ in collect_hosts(bootstrap_servers(settings), randomize=False):
        found, brokers = await _ask(settings, host, port)
        for broker in brokers:
            # Where the cluster says its brokers are may be out of reach though what we were told is not.
            reason, _ = await _ask(settings, *broker)
            found = f"{host}:{port} sends clients on, and {reason}" if reason else found
        if found is None:
            return f"Kafka at {where} did not answer in time, and does now: {in_words(error)}"
        reasons[found] = None
    return f"cannot reach Kafka: {'; '.join(reasons)}"


async def _ask(settings: Settings, host: str, port: int) -> tuple[str | None, list[tuple[str, int]]]:
    """Return in words why an address does not answer (None: it does), and where it says the brokers are."""
    arguments = client_arguments(settings)
    del arguments["bootstrap_servers"]
    try:
        connection = await create_conn(host, port, request_timeout_ms=_ANSWER_SECONDS * 1000, **arguments)
        try:
            answer = await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    except (OSError, KafkaError, TimeoutError) as cause:
        return _why(settings, host, port, cause), []
    return None, [(broker[1], broker[2]) for broker in answer.brokers if broker[1:3] != (host, port)]


def _why(settings: Settings, host: str, port: int, cause: Exception) -> str:
    """Return in words what one address answered."""
    at, protocol = f"{host}:{port}", settings.security_protocol
    match cause:
        case ssl.SSLError():
            return _not_trusted(settings, host, at, cause)
        case SaslAuthenticationFailed():
            said = (
                f"{at} does not accept the user {settings.sasl_username!r} with this password: check "
                "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE"
            )
        case UnsupportedSaslMechanismError():
            said = f"{at} does not take KAFKA_SASL_MECHANISM={settings.sasl_mechanism}"
        case socket.gaierror():
            said = f"there is no host {host}: check KAFKA_BOOTSTRAP_SERVERS"
        case ConnectionRefusedError():
            said = f"nothing listens at {at}: is Kafka running there?"
        case _:
            said = f"{at} gives no answer that fits: is KAFKA_SECURITY_PROTOCOL={protocol} what it speaks?"
    return said


def _not_trusted(settings: Settings, host: str, at: str, cause: ssl.SSLError) -> str:
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return f"{at} does not speak TLS: KAFKA_SECURITY_PROTOCOL={settings.security_protocol} is for listeners that do"
    if cause.verify_code in _OTHER_NAME:
        return (
            f"the certificate of {at} is not for {host}: name the broker in KAFKA_BOOTSTRAP_SERVERS as its "
            "certificate does"
        )
    authority = settings.ssl_cafile or "(not set: the system's)"
    return f"the certificate of {at} is not trusted ({cause.verify_message}): check KAFKA_SSL_CAFILE={authority}"


def in_words(error: KafkaError) -> str:
    """Return what Kafka refuses, and which ACL is missing where that is why."""
    about = _about(error)
    match error:
        case TopicAuthorizationFailedError():
            return f"the Kafka user lacks an ACL on the topic{about} (Read, Write or Describe): {_ACLS}"
        case GroupAuthorizationFailedError():
            group = about.rpartition(" ")[2]  # of "Unable to get coordinator id for NAME"
            return f"the Kafka user lacks the ACL Read on the group {group}: {_ACLS}"
        case ClusterAuthorizationFailedError():
            return f"the Kafka user may write to no topic (ACL Write), or lacks an ACL on the cluster: {_ACLS}"
        case UnknownTopicOrPartitionError():
            return (
                f"the stream{about} is not on the broker, or the Kafka user lacks the ACL Describe on it: "
                "`geowire streams apply` creates it"
            )
        case InvalidTimestampError():
            return "a record's time is more than five minutes ahead of Kafka's clock, or older than its stream keeps"
        case _:
            return f"{type(error).__name__}{about}"


def _about(error: KafkaError) -> str:
    """Return what Kafka or aiokafka says it is about: names of topics, the name of a group, or words."""
    said = (
        ", ".join(map(str, found)) if isinstance(found, list | set | frozenset) else str(found) for found in error.args
    )
    return "".join(f" {words}" for words in said if words)
