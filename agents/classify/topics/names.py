"""What naming an organisation, a sea or a disputed area says of the topics, in any language: ``names.yaml``."""

from __future__ import annotations

from msgspec import Struct

from agents.classify.topics.lexicon import GENRES, Senses, Spoken, spoken
from agents.classify.topics.termfile import LEVELS, Levels, terms_of
from agents.knowledge import KnowledgeFile, mistake, parse_yaml

TWO_STATES = "two-states"
"""Stands for a second country in the title."""


class _Names(Struct, frozen=True, forbid_unknown_fields=True):
    topics: dict[str, Levels]


class Names(Struct, frozen=True):
    """By id of an actor or a place of the gazetteer, its number, which is below zero; by number, what it speaks for."""

    numbers: dict[str, int]
    senses: list[Senses]
    spoken: list[Spoken]

    def senses_of(self, number: int) -> Senses:
        """Return what a name speaks for."""
        return self.senses[-1 - number]

    def spoken_of(self, number: int) -> Spoken:
        """Return what a name speaks for, as it is added up."""
        return self.spoken[-1 - number]


def read_names(files: list[KnowledgeFile], topics: list[str]) -> Names:
    """Read what names speak for, the operator's laid over the shipped ones.

    Raises:
        ConfigError: A file is not of the form, or names a topic that is not in the catalogue.
    """
    found: dict[str, dict[int, int]] = {}
    for file in files:
        if file.stem != "names":
            continue
        for topic, levels in parse_yaml(file, _Names).topics.items():
            if topic not in topics:
                raise mistake(file, f"no topic {topic!r}; the catalogue has {', '.join(topics)}")
            slot = topics.index(topic)
            for level, name in enumerate(LEVELS):
                for id_ in terms_of(getattr(levels, name)):
                    found.setdefault(id_, {}).setdefault(slot, level)
            for id_ in terms_of(levels.without):
                found.get(id_, {}).pop(slot, None)
    senses = [tuple(said.items()) for said in found.values()]
    return Names(
        numbers={id_: -1 - number for number, id_ in enumerate(found)},
        senses=senses,
        spoken=[spoken(said, len(topics) + len(GENRES)) for said in senses],
    )
