"""When a process counts as standing still, and when it must be left alone."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.errors import BrokerError, InfrastructureError, StalledError
from streams.health.pulse import Phase, Work
from streams.health.watchdog import PATIENCE, Look, Watchdog

_SECONDS = 10.0


class Watched:
    """A process that is looked at every second."""

    def __init__(self) -> None:
        self.dog = Watchdog(_SECONDS)
        self.beats = 0
        self.moves = 0

    def watch(
        self,
        seconds: int,
        *,
        work: Mapping[str, Work] | None,
        phase: Phase = "running",
        recovering: bool = False,
        beating: bool = True,
        moving: bool = False,
    ) -> InfrastructureError | None:
        """Look for some seconds; what is wrong at their end."""
        found = None
        for _ in range(seconds):
            self.beats += beating
            self.moves += moving
            look = Look(phase=phase, beats=self.beats, moves=self.moves, recovering=recovering, work=work)
            found = self.dog.look(look, 1.0)
        return found


def test_work_that_waits_and_does_not_get_less() -> None:
    watched = Watched()
    assert watched.watch(10, work={"news.raw": Work(5, 100)}) is None
    found = watched.watch(2, work={"news.raw": Work(7, 100)})
    assert isinstance(found, StalledError)
    assert str(found) == "news.raw: 7 wait and nothing was done for 11 s"
    assert watched.watch(1, work={"news.raw": Work(6, 101)}) is None


def test_an_idle_process_may_be_idle_for_ever() -> None:
    watched = Watched()
    assert watched.watch(100, work={"news.raw": Work(0, 100)}) is None
    assert watched.watch(10, work={"news.raw": Work(1, 100)}) is None, "time counts from when something waits"


def test_a_partition_may_wait_its_turn_while_its_stream_moves() -> None:
    watched = Watched()
    for done in range(15 * PATIENCE):
        found = watched.watch(1, work={"news.raw": Work(9, 100 + done), "news.raw 3": Work(4, 50, patience=PATIENCE)})
        assert (found is None) == (done <= PATIENCE * _SECONDS)
    assert "news.raw 3" in str(found)


def test_kafka_that_does_not_say() -> None:
    watched = Watched()
    assert watched.watch(10, work=None) is None
    assert isinstance(watched.watch(2, work=None), BrokerError)
    assert watched.watch(1, work={}) is None
    assert watched.watch(10, work=None) is None


def test_recovery_and_rebalance_are_left_alone_while_they_get_on() -> None:
    waiting = {"news.raw": Work(5, 100)}
    watched = Watched()
    assert watched.watch(200, work=waiting, recovering=True, moving=True) is None
    assert watched.watch(50, work=waiting, phase="rebalancing") is None
    assert watched.watch(50, work=waiting, phase="starting") is None
    assert watched.watch(10, work=waiting) is None, "what waited meanwhile does not count"
    stuck = watched.watch(PATIENCE * 10 + 2, work=waiting, phase="rebalancing")
    assert isinstance(stuck, StalledError)
    assert "rebalancing" in str(stuck)


def test_a_blocked_loop() -> None:
    watched = Watched()
    assert watched.watch(11, work={}, beating=False) is None
    assert isinstance(watched.watch(2, work={}, beating=False), StalledError)
    assert watched.watch(1, work={}) is None
    starting = watched.watch(50, work={}, phase="starting", beating=False)
    assert starting is None, "loading the knowledge holds the loop for seconds"


def test_stopping_is_bounded_elsewhere() -> None:
    assert Watched().watch(1000, work={"news.raw": Work(5, 100)}, phase="stopping", beating=False) is None
