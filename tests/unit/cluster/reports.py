"""Reports that share sentences, as signatures: what is alike follows from the sentences."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import combinations

from agents.cluster.index import meet
from agents.cluster.likeness import Text, alike
from agents.cluster.sign import sketch
from schemas.enriched import Reason
from schemas.signature import NO_SKETCH, Signature
from schemas.times import to_milliseconds
from tests.items import timestamp

START = 1_770_000_000_000
HOUR = 3_600_000

_WORDS = (
    "minister border talks river treaty harbour council envoy signed refused troops village dam market winter election "
    "court judge port island strait bridge railway grain fuel convoy camp protest union strike budget vote coast"
).split()


def sentence(number: int) -> str:
    """Twelve words; another number has others in another order."""
    draw = random.Random(number)
    return " ".join(f"{draw.choice(_WORDS)}{draw.randrange(9)}" for _ in range(12)).capitalize() + "."


def report(numbers: Iterable[int]) -> str:
    return "\n\n".join(sentence(number) for number in numbers)


def signature(
    item: str,
    numbers: Sequence[int],
    *,
    fetched: int = START,
    title: str = "",
    reason: Reason = "new",
    superseded: int | None = None,
    generation: int = 1,
) -> Signature:
    return Signature(
        item_id=item,
        fetched=timestamp(fetched),
        generation=generation,
        reason=reason,
        superseded=timestamp(superseded) if superseded is not None else None,
        sketch=NO_SKETCH if reason == "withdrawn" else sketch(title or f"Headline of {item}", report(numbers)),
    )


def components(signatures: Sequence[Signature], window: int) -> dict[str, list[str]]:
    """The stories by brute force: the version that stands of each item, every pair compared."""
    standing: dict[str, Signature] = {}
    first: dict[str, str] = {}
    for found in signatures:
        before = standing.get(found.item_id)
        if before is None or (found.fetched, found.generation) > (before.fetched, before.generation):
            standing[found.item_id] = found
        first[found.item_id] = min(found.fetched, first.get(found.item_id, found.fetched))
    there = {id_: Text(s.sketch) for id_, s in standing.items() if s.reason != "withdrawn"}
    names = {id_: id_ for id_ in there}
    for (a, text_a), (b, text_b) in combinations(there.items(), 2):
        apart = abs(to_milliseconds(standing[a].fetched) - to_milliseconds(standing[b].fetched))
        if apart <= window and meet(text_a, text_b) and alike(text_a, text_b):
            old, new = names[a], names[b]
            names = {id_: new if name == old else name for id_, name in names.items()}
    groups: dict[str, list[str]] = {}
    for id_ in sorted(there, key=lambda i: (first[i], i)):
        groups.setdefault(names[id_], []).append(id_)
    return {members[0]: members for members in groups.values()}
