"""The topics there are: the 18 shipped, and the operator's."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from agents.knowledge import KnowledgeFile, mistake, parse_yaml, read_files

_TOPIC = re.compile(r"[a-z][a-z_]*|x-[a-z0-9][a-z0-9-]*")


class CatalogueEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One topic of ``catalogue.yaml``."""

    medtop: str | None = None
    plover: tuple[str, ...] = ()
    cameo: tuple[str, ...] = ()
    means: str = ""


class _Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    topics: dict[str, CatalogueEntry]


def read_catalogue(files: list[KnowledgeFile]) -> dict[str, CatalogueEntry]:
    """Read the topics, the operator's ``x-…`` ones behind the shipped.

    Raises:
        ConfigError: A file is not of the form, or an operator's topic lacks its ``x-``.
    """
    topics: dict[str, CatalogueEntry] = {}
    for file in files:
        if file.stem != "catalogue":
            continue
        for id_, entry in parse_yaml(file, _Catalogue).topics.items():
            if not _TOPIC.fullmatch(id_) or (file.overlay and id_ not in topics and not id_.startswith("x-")):
                raise mistake(file, f"{id_!r} is no topic id; an operator's own is written x-name")
            topics[id_] = entry
    return topics


def topic_ids(overlay: Path | None = None) -> list[str]:
    """Return the ids of the topics there are.

    Raises:
        ConfigError: As ``read_catalogue``.
    """
    return list(read_catalogue(read_files("classify/topics", overlay=overlay)))
