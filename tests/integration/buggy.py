"""A worker with a bug in each step: it trips over some items, as it might after a bad release."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from agents.dedupe import route
from agents.enrich import enrich
from schemas.signature import Signature, decode_signature
from streams.settings import Settings
from streams.worker import work

monkeypatch = pytest.MonkeyPatch()
CLUSTERED = "https://wire.example/5"
"""A signature has no headline: it trips over this item's."""


def tripping(decide: Any, title: Any, word: str) -> Any:
    def trip(*arguments: Any, **options: Any) -> Any:
        if word in title(*arguments):
            raise ZeroDivisionError(f"tripped in {word}")
        return decide(*arguments, **options)

    return trip


if __name__ == "__main__":
    judge = tripping(route.judge, lambda sighted, *_: sighted.item.title, "dedupe")
    monkeypatch.setattr("agents.dedupe.agent.judge", judge)
    monkeypatch.setattr(
        "agents.enrich.agent.enrich_batch",
        tripping(enrich.enrich_batch, lambda items, *_: "\n".join(item.title for item, _ in items), "enrich"),
    )
    item = str(uuid.uuid5(uuid.NAMESPACE_URL, CLUSTERED))

    def trip(value: bytes | None) -> Signature:
        signature = decode_signature(value)
        if signature.item_id == item:
            raise ZeroDivisionError("tripped in cluster")
        return signature

    monkeypatch.setattr("agents.cluster.agent.decode_signature", trip)
    work(Settings.from_env())
