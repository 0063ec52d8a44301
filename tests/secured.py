"""A real Kafka that speaks TLS, asks for users and obeys ACLs, as somebody else's cluster would."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka.protocol.admin import CreateAclsRequest, DescribeAclsRequest

from streams.broker import admin
from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests import streams_of

PASSWORDS = {"admin": "the admin's word", "geowire": "a worker's word", "guest": "a guest's word"}

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
# aiokafka knows the requests, but has no names for what is in them.
TOPIC, GROUP = 2, 3
_PREFIXED, _ALLOW = 4, 3
_OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}


class Secured:
    """The broker, and the certificate that signed its own."""

    def __init__(self, kafka: EmbeddedKafka, authority: Path) -> None:
        self.kafka = kafka
        self.authority = authority

    def environment(self, user: str, **changes: str) -> dict[str, str]:
        """Settings of a user who may connect; ``changes`` spoil them."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.address,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": PASSWORDS[user],
            "KAFKA_SSL_CAFILE": str(self.authority),
            **changes,
        }

    async def allow(self, user: str, resource: int, prefix: str, operations: Iterable[str]) -> None:
        """Give a user some rights on what begins with a prefix; they are in force when this returns."""
        settings = Settings.from_env(self.environment("admin"))
        async with admin.admin(settings) as client:
            for operation in operations:
                acl = (resource, prefix, _PREFIXED, f"User:{user}", "*", _OPERATIONS[operation], _ALLOW)
                answer = await client._send_to_controller(CreateAclsRequest(*acl))
                assert answer.creation_responses[0][0] == 0, answer

                async def known(acl: tuple[Any, ...] = acl) -> bool:
                    return bool((await client._send_request(DescribeAclsRequest(*acl))).resources)

                await streams_of.until(known, what=f"the broker knows {acl}")


@contextmanager
def secured(directory: Path, settings: Mapping[str, str]) -> Iterator[Secured]:
    authority = _certificates(directory)
    extra = {
        # The listener's name stays; only what it speaks is another.
        "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.name.plaintext.scram-sha-512.sasl.jaas.config": _SCRAM,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(directory / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:ANONYMOUS",
        "group.min.session.timeout.ms": "1000",
    }
    with EmbeddedKafka(Settings.from_env(settings), extra=extra, users=PASSWORDS) as kafka:
        yield Secured(kafka, authority)


def _certificates(directory: Path) -> Path:
    """Make an authority, and a certificate for 127.0.0.1 that it signed."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=directory)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority")
    openssl(
        "req", "-x509", *key, "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=broker",
        "-addext", "subjectAltName=IP:127.0.0.1", "-CA", "ca.pem", "-CAkey", "ca.key",
    )  # fmt: skip
    parts = ("key.pem", "cert.pem", "ca.pem")
    (directory / "broker.pem").write_text("".join((directory / part).read_text() for part in parts))
    return directory / "ca.pem"
