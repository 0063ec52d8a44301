"""Stories are the connected components, in whatever order signatures come, and after any crash."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.cluster.agent import Cluster
from schemas.enriched import Reason
from schemas.record import Output
from schemas.signature import Signature
from tests.unit.cluster.broker import WINDOW, Broker, ran, records
from tests.unit.cluster.reports import HOUR, START, components, signature

_numbers = st.lists(st.integers(0, 11), min_size=1, max_size=8, unique=True).map(sorted)
_later: st.SearchStrategy[Reason] = st.sampled_from(["edited", "edited", "withdrawn", "reprocessed"])


@st.composite
def _histories(draw: st.DrawFn) -> list[Signature]:
    """Versions of a few items: new, edited, withdrawn, decided anew; some copies of others, some hours apart."""
    texts = draw(st.lists(_numbers, min_size=1, max_size=5))
    found = []
    for number in range(draw(st.integers(1, 7))):
        item = f"item-{number}"
        fetched = START + HOUR * draw(st.integers(0, 60))
        superseded = None
        for version in range(draw(st.integers(1, 3))):
            reason: Reason = "new" if version == 0 else draw(_later)
            text = draw(st.sampled_from(texts))
            found.append(
                signature(item, text, fetched=fetched, reason=reason, superseded=superseded, generation=version + 1)
            )
            superseded = fetched
            fetched += 0 if reason == "reprocessed" else HOUR * draw(st.integers(1, 3))
    return found


def check(broker: Broker, history: Sequence[Signature]) -> None:
    expected = components(history, WINDOW)
    assert broker.stories() == expected
    home = {member: name for name, members in expected.items() for member in members}
    for name, into in broker.names().items():
        if name in home:  # not that of a withdrawn item
            assert into == home[name], "a name that is no more leads to where its item is"


@settings(max_examples=100)
@given(_histories(), st.randoms(use_true_random=False))
def test_stories_are_the_components_whatever_the_order(history: list[Signature], draw: random.Random) -> None:
    for _ in range(3):
        draw.shuffle(history)
        broker, _ = ran(history)
        check(broker, history)


@settings(max_examples=100)
@given(_histories(), st.randoms(use_true_random=False))
def test_a_crash_changes_nothing(history: list[Signature], draw: random.Random) -> None:
    """Three crashes: any beginning of what was under way is there, and signatures come again from any offset."""
    draw.shuffle(history)
    whole = records(history)
    broker = Broker()
    committed = 0
    for _ in range(3):
        cluster = Cluster(WINDOW)
        cluster.take_over(broker.stored(), committed)
        done = draw.randrange(committed, len(whole) + 1)
        acknowledged = draw.randrange(committed, done + 1)
        for record in whole[committed:acknowledged]:
            broker.log += cluster.handle(record)
        broker.log += _torn([output for record in whole[acknowledged:done] for output in cluster.handle(record)], draw)
        committed = acknowledged
    if committed < len(whole):
        ran(history[committed:], broker, committed)
        check(broker, history)


def _torn(outputs: list[Output], draw: random.Random) -> list[Output]:
    """What may be left of outputs that were under way: a beginning of each stream."""
    left = []
    for stream in ("news.stories", "geowire-cluster-changelog"):
        sent = [output for output in outputs if output.stream == stream]
        left += sent[: draw.randrange(len(sent) + 1)]
    return left
