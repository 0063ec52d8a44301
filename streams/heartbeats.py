"""The heartbeats of a member of a consumer group, which aiokafka 0.14 shows nowhere.

A member with an instance id keeps its partitions over a restart (static membership). Two processes with one id take
them from each other with every heartbeat, and both hold them all the time, without an error anywhere: the broker says
"unknown member" to the one, who joins anew and so makes the other unknown. Here that ends the one who hears it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.errors import ConfigError
from streams.clock import steady
from streams.delivery import fail


def listen(
    coordinator: Any,
    *,
    instance_id: str,
    session_seconds: float,
    heard: Callable[[float], None] = lambda _: None,
    fell: Callable[[], None] = lambda: None,
) -> None:
    """Hear of every heartbeat from now on; a second call for the same coordinator changes nothing.

    Args:
        coordinator: aiokafka's, of a consumer that has started.
        instance_id: Ours, empty for none.
        session_seconds: How long the group waits for heartbeats.
        heard: Called with the time at which we asked, where the group answered.
        fell: Called where we are no member any more.
    """
    if hasattr(coordinator, "geowire_listens"):
        return
    coordinator.geowire_listens = True
    beat = coordinator._do_heartbeat  # noqa: SLF001
    last = float("-inf")

    async def listening() -> bool:
        nonlocal last
        asked = steady()  # it goes on while the machine sleeps, as the session does
        answered: bool = await beat()
        if answered:
            last = asked
            heard(asked)
        elif coordinator.generation <= 0:
            if instance_id and steady() - last < session_seconds:
                fail(replaced(instance_id))
            fell()
        return answered

    coordinator._do_heartbeat = listening  # noqa: SLF001


def replaced(instance_id: str) -> ConfigError:
    """Return what is said where another process took our place in the group."""
    return ConfigError(
        f"another process has GEOWIRE_INSTANCE_ID={instance_id} and took this one's partitions: each worker, and each "
        "poller, needs an id of its own, or none"
    )
