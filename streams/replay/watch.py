"""How replays stand: what is done of each, whether anybody works on it, and how it is ended."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from schemas.errors import ConfigError
from schemas.replay import Replay
from streams.broker.admin import admin, delete, patiently
from streams.operator import timestamp
from streams.replay import registry
from streams.replay.leg import Way, committed_by
from streams.replay.run import count, dedupe_way, enrich_way, group, own_unique, state_directory
from streams.table import replay_streams

if TYPE_CHECKING:
    from streams.settings import Settings

ENDED = ("promoted", "aborted")


class Step(Struct, frozen=True):
    """How far a step of a replay is."""

    step: str
    done: int
    total: int
    runners: int
    """Processes that work on it now."""


class Standing(Struct, frozen=True):
    """A replay, and how far it is."""

    replay: Replay
    steps: tuple[Step, ...]
    """In order; empty once its streams are deleted."""
    written: dict[str, int]

    @property
    def runners(self) -> int:
        """Processes that work on it now."""
        return max((step.runners for step in self.steps), default=0)


async def look(settings: Settings, replay: Replay) -> Standing:
    """Return how far a replay is.

    Raises:
        BrokerError: The broker cannot be asked.
    """
    if replay.state in ENDED:
        return Standing(replay, (), replay.written)
    ways = [enrich_way(settings, replay)]
    if replay.source == "raw":
        ways = [dedupe_way(settings, replay), await own_unique(settings, replay)]
    steps = tuple([await _step(settings, way) for way in ways])
    return Standing(replay, steps, await count(settings, replay))


async def _step(settings: Settings, way: Way) -> Step:
    async with admin(settings) as client:
        (described,) = await patiently(lambda: client.describe_consumer_groups([way.group]))
    members = described.groups[0][5]
    left = way.left(await committed_by(settings, way))
    return Step(way.step, way.total - left, way.total, len(members))


async def abort(settings: Settings, replay: Replay) -> Replay:
    """End a replay that is not to be promoted: its streams and groups are deleted, its record stays.

    Raises:
        ConfigError: It has ended already, is being promoted, or somebody works on it.
        BrokerError: The broker refuses.
    """
    if replay.state in ENDED:
        raise ConfigError(f"replay {replay.id} is {replay.state} already")
    if replay.state == "promoting":
        raise ConfigError(
            f"replay {replay.id} is being promoted, live decides by it already: finish with "
            f"`geowire replay promote {replay.id} --execute`; to go back, replay with the earlier knowledge and promote"
        )
    standing = await look(settings, replay)
    if standing.runners:
        raise ConfigError(f"{standing.runners} processes work on replay {replay.id}: stop them first")
    await clear(settings, replay)
    ended = msgspec.structs.replace(replay, state="aborted", written=standing.written, ended=timestamp())
    return await registry.write(settings, ended)


async def clear(settings: Settings, replay: Replay) -> None:
    """Delete the streams, groups and files of a replay."""
    shutil.rmtree(state_directory(settings, replay), ignore_errors=True)
    steps = ("enrich",) if replay.source == "unique" else ("dedupe", "enrich")
    streams = replay_streams(replay.id, replay.source)
    await delete(settings, streams, [group(settings, replay, step) for step in steps])
