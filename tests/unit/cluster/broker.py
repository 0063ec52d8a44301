"""What the cluster agent wrote, as the broker would keep it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agents.cluster.agent import Cluster
from schemas.codec import decode
from schemas.record import Output, Record
from schemas.signature import Signature, encode_signature
from schemas.story import Story
from tests.unit.cluster.reports import HOUR, START

WINDOW = 48 * HOUR
_decoder = msgspec.json.Decoder(Story)


class Broker:
    """The records of news.stories and the changelog, in order."""

    def __init__(self) -> None:
        self.log: list[Output] = []

    def told(self) -> dict[str, Story]:
        """The newest record of each story."""
        told: dict[str, Story] = {}
        for output in self.log:
            if output.stream == "news.stories":
                key = (output.key or b"").decode()
                if output.value is None:
                    told.pop(key, None)
                else:
                    told[key] = decode(_decoder, output.value)
        return told

    def stored(self) -> dict[bytes, tuple[int, bytes]]:
        """The newest record of each key of the changelog."""
        stored: dict[bytes, tuple[int, bytes]] = {}
        for offset, output in enumerate(self.log):
            if output.stream == "geowire-cluster-changelog":
                key = output.key or b""
                if output.value is None:
                    stored.pop(key, None)
                else:
                    stored[key] = (offset, output.value)
        return stored

    def stories(self) -> dict[str, list[str]]:
        """The members of each story."""
        return {
            key: [member.item_id for member in story.members]
            for key, story in self.told().items()
            if story.merged_into is None
        }

    def names(self) -> dict[str, str]:
        """Where a name that is no more leads."""
        return {key: story.merged_into for key, story in self.told().items() if story.merged_into is not None}


def records(signatures: Sequence[Signature], first: int = 0) -> list[Record]:
    """As news.signatures would hold them."""
    return [
        Record("news.signatures", 0, at, found.item_id.encode(), encode_signature(found), [("origin", b"0:7")], START)
        for at, found in enumerate(signatures, first)
    ]


def ran(signatures: Sequence[Signature], broker: Broker | None = None, first: int = 0) -> tuple[Broker, Cluster]:
    """Let a worker take in some signatures, going on from what there is."""
    broker = broker or Broker()
    cluster = Cluster(WINDOW)
    cluster.take_over(broker.stored(), first)
    for record in records(signatures, first):
        broker.log += cluster.handle(record)
    return broker, cluster
