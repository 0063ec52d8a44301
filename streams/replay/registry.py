"""The replays there are and were: the compacted ``replays`` stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from schemas.codec import decode, encode
from schemas.errors import ConfigError
from schemas.replay import Replay
from streams import writing
from streams.reading import read_all
from streams.table import REPLAYS

if TYPE_CHECKING:
    from streams.settings import Settings

_decoder = msgspec.json.Decoder(Replay)


async def read(settings: Settings) -> dict[str, Replay]:
    """Return every replay by its id, the oldest first.

    Raises:
        BrokerError: The ``replays`` stream cannot be read.
    """
    found: dict[str, Replay] = {}
    for record in await read_all(settings, settings.stream(REPLAYS.name)):
        replay = decode(_decoder, record.value)
        found[replay.id] = replay
    return dict(sorted(found.items(), key=lambda item: item[1].created))


async def get(settings: Settings, replay_id: str) -> Replay:
    """Return one replay.

    Raises:
        ConfigError: There is none of that name; says which there are.
    """
    known = await read(settings)
    if replay_id not in known:
        names = ", ".join(list(known)[-5:]) or "none"
        raise ConfigError(f"there is no replay {replay_id!r}; the newest are: {names} (`geowire replay list`)")
    return known[replay_id]


async def write(settings: Settings, replay: Replay) -> Replay:
    """Note how a replay stands now, and return it."""
    await writing.append(settings, REPLAYS, replay.id, encode(replay))
    return replay
