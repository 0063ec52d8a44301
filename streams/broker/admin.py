"""Creating the streams of the table on the broker, and refusing to start where what is there differs."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupIdNotFound,
    InvalidReplicationFactorError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.admin import DeleteGroupsRequest
from msgspec import Struct

from schemas.errors import BrokerError, ConfigError
from streams.broker.connection import client_arguments
from streams.broker.refusals import in_words, unreachable
from streams.table import STREAMS, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from streams.settings import Settings

T = TypeVar("T")

# Where these differ from the table, records that one side accepts are refused by the other, or expire at once.
_VITAL = ("cleanup.policy", "max.message.bytes", "message.timestamp.type")


class StreamStatus(Struct, frozen=True):
    """One stream of the table as it is on the broker."""

    stream: Stream
    topic: str
    partitions: int
    """0: it does not exist."""
    differences: tuple[str, ...]


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect an admin client.

    Raises:
        BrokerError: The broker cannot be reached, or refuses the credentials.
    """
    client = AIOKafkaAdminClient(**client_arguments(settings), request_timeout_ms=20_000)
    try:
        await client.start()
    except KafkaError as error:
        await client.close()
        raise BrokerError(await unreachable(settings, error)) from error
    try:
        yield client
    except KafkaError as error:
        raise BrokerError(await unreachable(settings, error)) from error
    finally:
        await client.close()


async def patiently(ask: Callable[[], Awaitable[T]], *, seconds: float = 30.0) -> T:
    """Ask the broker again while it says that it will know later, as it does for a moment after it started.

    Raises:
        BrokerError: It still says so after that many seconds, or says something else.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise BrokerError(f"the broker says {in_words(error)}") from error
        await asyncio.sleep(0.2)


async def apply(settings: Settings, streams: Sequence[Stream] = STREAMS) -> list[StreamStatus]:
    """Create the streams that are missing, and check those that are there.

    Raises:
        BrokerError: A stream differs from the table, or could not be created; nothing that exists is changed.
    """
    async with admin(settings) as client:
        existing = set(await client.list_topics())
        missing = [stream for stream in streams if settings.stream(stream.name) not in existing]
        if missing:
            await _create(client, settings, missing)
        statuses = await _inspect(client, settings, streams)
    faults = [f"{status.topic}: {difference}" for status in statuses for difference in status.differences]
    if faults:
        raise BrokerError(
            f"streams on the broker differ from the stream table ({'; '.join(faults)}): set what differs back, "
            "correct GEOWIRE_PARTITIONS, or set GEOWIRE_NAMESPACE to begin beside them"
        )
    return statuses


async def status(settings: Settings, streams: Sequence[Stream] = STREAMS) -> list[StreamStatus]:
    """Return how the streams of the table are on the broker, changing nothing."""
    async with admin(settings) as client:
        return await _inspect(client, settings, streams)


class Member(Struct, frozen=True):
    """A member of a consumer group."""

    client: str
    host: str


async def members(client: AIOKafkaAdminClient, group: str) -> tuple[str, tuple[Member, ...]]:
    """Return the state of a consumer group, and who is in it.

    Raises:
        BrokerError: The broker does not say.
    """
    # One group at a time: aiokafka 0.14 reads an answer about several wrongly.
    (described,) = await patiently(lambda: client.describe_consumer_groups([group]))
    _error, _name, state, _type, _protocol, found, *_ = described.groups[0]
    return state, tuple(Member(client=client_id, host=host.lstrip("/")) for _id, client_id, host, *_ in found)


async def delete(settings: Settings, streams: Sequence[Stream], groups: Sequence[str] = ()) -> None:
    """Delete streams and consumer groups; what is not there is none the worse.

    Raises:
        BrokerError: The broker refuses.
    """
    async with admin(settings) as client:
        existing = set(await client.list_topics())
        names = [name for stream in streams if (name := settings.stream(stream.name)) in existing]
        if names:
            response = await client.delete_topics(names)
            for name, code, *_ in response.topic_error_codes:
                if code and for_code(code) is not UnknownTopicOrPartitionError:
                    raise BrokerError(f"stream {name} could not be deleted: {in_words(for_code(code)())}")
        for group in groups:
            # aiokafka 0.14 knows the request but has no method for it.
            coordinator = await patiently(partial(client.find_coordinator, group))
            response = await client._send_request(DeleteGroupsRequest([group]), coordinator)  # noqa: SLF001
            ((name, code),) = response.results
            if code and for_code(code) is not GroupIdNotFound:
                raise BrokerError(f"group {name} could not be deleted: {in_words(for_code(code)())}")


async def tombstone(settings: Settings, name: str, key: bytes, partition: int) -> None:
    """Delete a key of a compacted stream.

    Raises:
        ConfigError: There is no such stream or partition, or it is not compacted.
        BrokerError: The stream cannot be written.
    """
    stream = next((stream for stream in STREAMS if stream.name == name), None)
    if stream is None or not stream.compacted:
        compacted = ", ".join(stream.name for stream in STREAMS if stream.compacted)
        raise ConfigError(f"there is no compacted stream {name!r}; there are {compacted}")
    if not 0 <= partition < stream.partitions(settings):
        raise ConfigError(f"{name} has partitions 0 to {stream.partitions(settings) - 1}, not {partition}")
    producer = AIOKafkaProducer(**client_arguments(settings), enable_idempotence=True)
    try:
        await producer.start()
        await producer.send_and_wait(settings.stream(name), None, key=key, partition=partition)
    except KafkaError as error:
        raise BrokerError(f"{name} cannot be written: {in_words(error)}") from error
    finally:
        await producer.stop()


async def _create(client: AIOKafkaAdminClient, settings: Settings, streams: Sequence[Stream]) -> None:
    topics = [
        NewTopic(
            name=settings.stream(stream.name),
            num_partitions=stream.partitions(settings),
            replication_factor=settings.replication,
            topic_configs=stream.config(settings),
        )
        for stream in streams
    ]
    try:
        response = await client.create_topics(topics)
    except KafkaError as error:
        raise BrokerError(f"streams could not be created: {_not_created(settings, error)}") from error
    for name, code, *rest in response.topic_errors:
        error_type = for_code(code)
        if code != 0 and error_type is not TopicAlreadyExistsError:
            raise BrokerError(f"stream {name} could not be created: {_not_created(settings, error_type(*rest))}")


async def _inspect(client: AIOKafkaAdminClient, settings: Settings, streams: Sequence[Stream]) -> list[StreamStatus]:
    existing = set(await client.list_topics())
    names = [settings.stream(stream.name) for stream in streams]
    present = [name for name in names if name in existing]
    partitions = {t["topic"]: len(t["partitions"]) for t in await client.describe_topics(present)} if present else {}
    configs = await _configs(client, present)
    return [
        StreamStatus(
            stream,
            name,
            partitions.get(name, 0),
            tuple(_differences(settings, stream, name, partitions, configs)),
        )
        for stream, name in zip(streams, names, strict=True)
    ]


def _differences(
    settings: Settings,
    stream: Stream,
    name: str,
    partitions: dict[str, int],
    configs: dict[str, dict[str, str]],
) -> list[str]:
    if name not in partitions:
        return []
    found = []
    if partitions[name] != stream.partitions(settings):
        found.append(f"{partitions[name]} partitions, the table says {stream.partitions(settings)}")
    wanted = stream.config(settings)
    found += [
        f"{key}={configs[name][key]}, the table says {wanted[key]}"
        for key in _VITAL
        if configs.get(name, {}).get(key, wanted[key]) != wanted[key]
    ]
    return found


async def _configs(client: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for response in await client.describe_configs(resources):
        for code, _message, _type, name, entries in response.resources:
            if code:
                lacking = for_code(code) is TopicAuthorizationFailedError
                said = "the Kafka user lacks the ACL DescribeConfigs on it" if lacking else in_words(for_code(code)())
                raise BrokerError(f"how stream {name} is set up cannot be read: {said}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def _not_created(settings: Settings, error: KafkaError) -> str:
    match error:
        case TopicAuthorizationFailedError() | ClusterAuthorizationFailedError():
            return (
                "the Kafka user may neither see it nor create it (ACL Describe on the topic, or Create on the cluster):"
                " have `geowire streams apply` run by a user who may, or grant it"
            )
        case InvalidReplicationFactorError():
            return f"the cluster has fewer brokers than GEOWIRE_REPLICATION={settings.replication}"
        case _:
            return in_words(error)
