"""Are two texts copies of one report? A symmetric predicate on two sketches.

Likeness is Jaccard's, estimated from the hashes that both samples could hold; from it and the two sizes follows how
much of the shorter text the longer one holds. Copies are found in three ways:

* *near*: a third and more of all runs in common, and lengths alike;
* *retold*: a fifth in common, lengths alike, and headlines that share half their words;
* *longer*: the shorter text is in the longer one, and both begin alike: a teaser and its article, an early version
  and a late one. A piece that holds another among other matters (a round-up) begins otherwise, and is not one story
  with it.

Teasers need headlines that have something in common besides: outlets repeat some of them word for word under any
story.
The figures behind the thresholds stand in docs/stories.md.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import cache

from msgspec import Struct

from agents.cluster.sign import LEAD
from schemas.signature import Sketch

NEAR = 0.35
NEAR_SHORT = 0.5
RETOLD = 0.2
ALIKE_LENGTH = 1.5
SHORT = 40
"""Below so many runs a text is a teaser."""
HELD = 0.7
BEGINS_ALIKE = 0.5
SAME_HEADLINE = 0.5
RELATED_HEADLINE = 0.25
_FEWEST_WORDS = 3
_ALL = 1 << 32


class Text:
    """A sketch whose hashes are unpacked when they are asked for: most texts differ in size or beginning already."""

    __slots__ = ("_beginning", "_lead", "_lowest", "_sample", "_sketch", "_title", "size")

    def __init__(self, sketch: Sketch) -> None:
        self.size = sketch.size
        self._sketch = sketch
        self._lowest: tuple[int, ...] | None = None
        self._lead: tuple[int, ...] | None = None
        self._title: tuple[int, ...] | None = None
        self._beginning: frozenset[int] | None = None
        self._sample: frozenset[int] | None = None

    @property
    def lowest(self) -> tuple[int, ...]:
        """The lowest hashes of the text."""
        if self._lowest is None:
            self._lowest = _numbers("I", self._sketch.lowest)
        return self._lowest

    @property
    def lead(self) -> tuple[int, ...]:
        """The lowest hashes of its beginning."""
        if self._lead is None:
            self._lead = _numbers("I", self._sketch.lead)
        return self._lead

    @property
    def title(self) -> tuple[int, ...]:
        """The hashes of the headline's words."""
        if self._title is None:
            self._title = _numbers("H", self._sketch.title)
        return self._title

    @property
    def beginning(self) -> frozenset[int]:
        """The lowest hashes of the beginning as a set."""
        if self._beginning is None:
            self._beginning = frozenset(self.lead)
        return self._beginning

    @property
    def sample(self) -> frozenset[int]:
        """The lowest hashes as a set: worth while for a text that is compared with many."""
        if self._sample is None:
            self._sample = frozenset(self.lowest)
        return self._sample


class Likeness(Struct, frozen=True):
    """What two texts have in common.

    Attributes:
        jaccard: Runs in common among all runs of both.
        held: Runs in common among those of the shorter text.
        ratio: Length of the longer text in lengths of the shorter one.
        lead: Runs in common among those at the beginning, of the shorter beginning.
        title: Headline words in common, of the shorter headline.
    """

    jaccard: float
    held: float
    ratio: float
    lead: float
    title: float


def alike(a: Text, b: Text) -> bool:
    """Say whether two texts are copies of one report."""
    if not a.size or not b.size:
        return False
    shorter, longer = (a.size, b.size) if a.size <= b.size else (b.size, a.size)
    if longer <= ALIKE_LENGTH * shorter:
        if _near(a, b, teaser=shorter < SHORT):
            return True
        if shorter > LEAD:
            return False  # see only_if_near
    lead = _lead(a, b)
    if lead < (HELD if shorter <= LEAD else BEGINS_ALIKE):
        return False
    if shorter < SHORT and _title(a, b)[0] < RELATED_HEADLINE:
        return False
    # A text that is no longer than a beginning is held where the beginnings say so: the sample of a long text is thin.
    return shorter <= LEAD or likeness(a, b).held >= HELD


def only_if_near(a: int, b: int) -> bool:
    """Say whether texts of these sizes can be copies only if they are near.

    Of like lengths, what holds .7 of the shorter text has .39 of all in common.
    """
    return a > LEAD < b and a <= ALIKE_LENGTH * b and b <= ALIKE_LENGTH * a


def _near(a: Text, b: Text, *, teaser: bool) -> bool:
    """Say whether two texts of like length are near each other, or one is the other retold."""
    jaccard = _jaccard(a, b)
    if teaser:
        return jaccard >= NEAR_SHORT and _title(a, b)[0] >= RELATED_HEADLINE
    if jaccard >= NEAR:
        return True
    if jaccard < RETOLD:
        return False
    share, words = _title(a, b)
    return share >= SAME_HEADLINE and words >= _FEWEST_WORDS


def likeness(a: Text, b: Text) -> Likeness:
    """Compare two texts that have runs."""
    shorter, longer = sorted((a.size, b.size))
    jaccard = _jaccard(a, b)
    return Likeness(
        jaccard=jaccard,
        held=min(1.0, jaccard / (1 + jaccard) * (shorter + longer) / shorter),
        ratio=longer / shorter,
        lead=_lead(a, b),
        title=_title(a, b)[0],
    )


def _jaccard(a: Text, b: Text) -> float:
    shared = len(a.sample.intersection(b.lowest))
    if not shared:
        return 0.0
    of_a, of_b = _comparable(a.lowest, a.size, b.lowest, b.size)
    return shared / (of_a + of_b - shared)


def _lead(a: Text, b: Text) -> float:
    shared = len(a.beginning.intersection(b.lead))
    if not shared:
        return 0.0
    return shared / max(1, min(_comparable(a.lead, min(a.size, LEAD), b.lead, min(b.size, LEAD))))


def _title(a: Text, b: Text) -> tuple[float, int]:
    """Return the share of the shorter headline that both have in common, and how many words that is."""
    shared = len(set(a.title).intersection(b.title))
    return shared / max(1, min(len(a.title), len(b.title))), shared


def _comparable(a: tuple[int, ...], size_a: int, b: tuple[int, ...], size_b: int) -> tuple[int, int]:
    """Return how many hashes two samples have where both are complete."""
    top = min(a[-1] if size_a > len(a) else _ALL, b[-1] if size_b > len(b) else _ALL)
    return bisect_right(a, top), bisect_right(b, top)


def _numbers(kind: str, packed: bytes) -> tuple[int, ...]:
    form = _form(kind, len(packed))
    return form.unpack(packed)


@cache
def _form(kind: str, length: int) -> struct.Struct:
    return struct.Struct(f"<{length // struct.calcsize(kind)}{kind}")
