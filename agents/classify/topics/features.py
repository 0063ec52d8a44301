"""What a reading amounts to: few named numbers per item and topic, from which the decision is calibrated."""

from __future__ import annotations

from math import log1p
from typing import NamedTuple

from agents.classify.topics.lexicon import GENRES
from agents.classify.topics.reading import Reading

_COUNTRIES_MAX = 4
_FEW = 3

ITEM_FEATURES = (
    "constant",
    "best",  # density of the topic that most speaks for
    "all",  # density of all topics
    "strong",  # distinct strong terms, by length
    "strong_title",  # a strong term in the title
    "strong_lead",  # distinct strong terms in title and lead
    "countries",  # distinct countries
    "countries_title",  # the same, in the title
    "actors",  # organisations and office holders
    "state",  # density of statecraft
    "noise",  # density of other genres
    "noise_title",  # their weight in the title
    "noise_share",  # of all that speaks for or against
    "domestic",  # density of domestic matters
    "nowhere",  # no country named
    "length",
)
TOPIC_FEATURES = (
    "constant",
    "density",  # weight of its terms, by length
    "share",  # of the topic with most weight
    "sure",  # weight of its strong terms, by length
    "sure_share",  # of the topic with most of that
    "strong",  # distinct strong terms, by length
    "strong_title",  # a strong term in the title
    "strong_lead",  # one in the lead
    "strong_count",  # distinct strong terms
    "weak",  # no strong term at all
    "geopolitical",  # log-odds of the item
    "length",
)


def item_features(reading: Reading) -> list[float]:
    """Return the features of ``geopolitical``, in the order of ``ITEM_FEATURES``."""
    units = reading.units
    slots = len(reading.strong)
    topics = slots - len(GENRES)
    state, noise, domestic = reading.points[topics:slots]
    weights = reading.points[:topics]
    total = sum(weights)
    return [
        1.0,
        log1p(max(weights) / units),
        log1p(total / units),
        log1p(sum(reading.strong[:topics]) / units),
        float(any(reading.titled[:topics])),
        log1p(sum(reading.titled[:topics]) + sum(reading.led[:topics])),
        min(reading.countries, _COUNTRIES_MAX) / _COUNTRIES_MAX,
        float(min(reading.countries_titled, 2)),
        float(min(reading.actors, _FEW)),
        log1p(state / units),
        log1p(noise / units),
        log1p(reading.noise_titled),
        noise / (noise + total + 1.0),
        log1p(domestic / units),
        float(not reading.countries),
        log1p(units),
    ]


class Shared(NamedTuple):
    """What the features of all topics of an item have in common.

    Attributes:
        units: Length.
        length: Its logarithm.
        most: Logarithm of the most weight that a topic has.
        surest: The same of strong terms alone; 1 without any.
        geopolitical: Log-odds of the item being geopolitical.
    """

    units: float
    length: float
    most: float
    surest: float
    geopolitical: float


def shared(reading: Reading, geopolitical: float) -> Shared:
    """Return what the topics' features have in common.

    Args:
        reading: The item; it has a term of a topic.
        geopolitical: Log-odds of its being geopolitical.
    """
    topics = len(reading.strong) - len(GENRES)
    return Shared(
        units=reading.units,
        length=log1p(reading.units),
        most=log1p(max(reading.points[:topics])),
        surest=log1p(max(reading.sure[:topics])) or 1.0,
        geopolitical=geopolitical,
    )


def topic_features(reading: Reading, slot: int, common: Shared) -> list[float]:
    """Return the features of one topic, in the order of ``TOPIC_FEATURES``.

    Args:
        reading: The item.
        slot: The topic; it has a term there.
        common: What the topics of the item have in common.
    """
    units, length, most, surest, geopolitical = common
    points, strong, sure = reading.points[slot], reading.strong[slot], reading.sure[slot]
    return [
        1.0,
        log1p(points / units),
        log1p(points) / most,
        log1p(sure / units),
        log1p(sure) / surest,
        log1p(strong / units),
        1.0 if reading.titled[slot] else 0.0,
        1.0 if reading.led[slot] else 0.0,
        log1p(strong),
        0.0 if strong else 1.0,
        geopolitical,
        length,
    ]
