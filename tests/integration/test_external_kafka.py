"""A Kafka of somebody else's: TLS, users and ACLs by settings; whatever it refuses is said in one line."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import BrokerError, DeliveryError
from streams.broker import admin
from streams.settings import Settings
from streams.table import PIPELINE
from streams.writing import append
from tests import site
from tests.integration import pipe
from tests.integration.live import attempt, geowire
from tests.secured import GROUP, TOPIC, Secured, secured

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    directory = tmp_path_factory.mktemp("secured")
    cache = os.environ.get("GEOWIRE_CACHE_DIR", "")
    settings = {"GEOWIRE_DATA_DIR": str(directory), "GEOWIRE_BROKER_PORT": "0", "GEOWIRE_CACHE_DIR": cache}
    with secured(directory, settings) as found:
        yield found


async def test_worker_poller_and_commands_with_sasl_and_tls_and_no_more_rights_than_documented(
    cluster: Secured, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("a worker's word\n")
    environment = {
        **cluster.environment("geowire", KAFKA_SASL_PASSWORD="", KAFKA_SASL_PASSWORD_FILE=str(password)),
        "GEOWIRE_NAMESPACE": "desk",
        "GEOWIRE_DATA_DIR": str(tmp_path / "data"),
        "GEOWIRE_SESSION_SECONDS": "2",
        "GEOWIRE_POLL_HOST_SECONDS": "0",
    }
    await cluster.allow("geowire", TOPIC, "desk.", ["Create", "Read", "Write", "Describe", "DescribeConfigs"])
    await cluster.allow("geowire", GROUP, "desk.", ["Read", "Describe"])
    item = {"title": "Ministers of Chile and Peru meet", "link": "https://daily.example/1"}
    settings = Settings.from_env(environment)
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents["/feed"] = site.rss(item)
        await running.poll(newsroom.url("/feed"))
        said = await geowire(environment, "tail", "--beginning", "--limit", "1")
        assert "Ministers of Chile and Peru meet" in said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"KAFKA_SASL_PASSWORD": "wrong"}, "does not accept the user 'geowire' with this password"),
        (
            {"KAFKA_SSL_CAFILE": ""},
            "not trusted (self-signed certificate in certificate chain): check KAFKA_SSL_CAFILE",
        ),
        ({"KAFKA_SASL_MECHANISM": "PLAIN"}, "does not take KAFKA_SASL_MECHANISM=PLAIN"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "is KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT what it speaks?"),
        ({"KAFKA_SECURITY_PROTOCOL": "SSL"}, "is KAFKA_SECURITY_PROTOCOL=SSL what it speaks?"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "localhost:{port}"}, "the certificate of localhost:{port} is not for localhost"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "no-such-host.invalid:9092"}, "there is no host no-such-host.invalid"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}, "nothing listens at 127.0.0.1:9: is Kafka running there?"),
        ({"GEOWIRE_REPLICATION": "3"}, "the cluster has fewer brokers than GEOWIRE_REPLICATION=3"),
    ],
)
async def test_what_keeps_us_out_is_said(
    cluster: Secured, wrong: dict[str, str], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    port = str(cluster.kafka.port)
    changes = {name: value.replace("{port}", port) for name, value in wrong.items()}
    await cluster.allow("geowire", TOPIC, "copies.", ["Create"])
    settings = Settings.from_env(cluster.environment("geowire", GEOWIRE_NAMESPACE="copies", **changes))
    with pytest.raises(BrokerError) as refused:
        await admin.apply(settings)
    assert says.replace("{port}", port) in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_every_process_says_it_in_one_line(cluster: Secured) -> None:
    environment = cluster.environment("geowire", KAFKA_SASL_PASSWORD="wrong")
    for done in await asyncio.gather(*(attempt(environment, *command) for command in (["work"], ["audit"]))):
        assert done.returncode == 69
        (line,) = done.stderr.splitlines()
        assert "does not accept the user 'geowire' with this password: check KAFKA_SASL_USERNAME" in line


async def test_missing_rights_and_missing_streams_are_named(cluster: Secured, tmp_path: Path) -> None:
    """A guest who may nothing, then is given one right after the other."""
    environment = {
        **cluster.environment("guest"),
        "GEOWIRE_NAMESPACE": "visit",
        "GEOWIRE_DATA_DIR": str(tmp_path),
        "GEOWIRE_FEEDS": "none",
    }

    async def refused(*command: str) -> str:
        done = await attempt(environment, *command)
        assert done.returncode == 69, done
        return done.stderr.splitlines()[-1]

    settings = Settings.from_env(environment)

    async def apply() -> str:
        with pytest.raises(BrokerError) as error:
            await admin.apply(settings)
        return str(error.value)

    assert "may neither see it nor create it (ACL Describe on the topic, or Create on the cluster)" in await apply()
    await admin.apply(Settings.from_env({**environment, **cluster.environment("admin")}))
    await cluster.allow("guest", TOPIC, "visit.", ["Read"])
    assert "is set up cannot be read: the Kafka user lacks the ACL DescribeConfigs" in await apply()
    await cluster.allow("guest", TOPIC, "visit.", ["DescribeConfigs"])
    said = await asyncio.gather(refused("work"), refused("poll"))
    assert "lacks the ACL Read on the group visit.geowire:" in said[0]
    assert "may write to no topic (ACL Write)" in said[1]
    await cluster.allow("guest", TOPIC, "visit.news", ["Write"])
    with pytest.raises(DeliveryError, match=r"lacks an ACL on the topic visit.pipeline"):
        await append(settings, PIPELINE, "1", b"{}")
