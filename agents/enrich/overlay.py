"""An operator's knowledge directory: what is wrong with it, and what it changes against the shipped knowledge."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from agents.classify.topics.topics import TopicModel
from agents.enrich.enrich import LOADERS, read_knowledge
from agents.knowledge import KnowledgeFile, plain_yaml, read_files
from schemas.errors import ConfigError

_ENDINGS = (".yaml", ".tsv")
_REMOVING = frozenset({"off", "without"})
"""Fields of a knowledge file that take something away."""


class Change(Struct, frozen=True):
    """One entry of an operator's file.

    Attributes:
        file: Its name below the rooms, e.g. ``strip/forms/en.yaml``.
        where: The place in the file, e.g. ``topics.trade.strong``.
        entry: What stands there.
        effect: ``added``, ``removed``, ``replaced`` (a shipped value gives way) or ``shipped`` (it is there already).
    """

    file: str
    where: str
    entry: str
    effect: str


def check(directory: Path | None) -> list[str]:
    """Return what is wrong with a knowledge directory: one line a fault, with file and line. Empty if nothing is.

    Of a file with several faults the first is named. Without a directory the shipped files are checked, up to the first
    fault of each room.
    """
    if directory is None:
        return list(_shipped_faults())
    if not directory.is_dir():
        return [f"{directory}: there is no such directory"]
    faults = list(_strangers(directory))
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "knowledge"
        shutil.copytree(directory, copy)
        for load, rooms in LOADERS:
            # A file that is not valid is set aside, until what is left is.
            while any(file.overlay for room in rooms for file in read_files(room, overlay=copy)):
                try:
                    load(copy)
                except ConfigError as error:
                    fault = str(error)
                    faults.append(fault.replace(str(copy), str(directory)))
                    named = next((path for path in copy.rglob("*.*") if str(path) in fault), None)
                    if named is None:
                        break
                    named.unlink()
                else:
                    break
    return faults


def _shipped_faults() -> Iterator[str]:
    for load, _ in LOADERS:
        try:
            loaded, _ = load(None)
        except ConfigError as error:
            yield str(error)
            continue
        if isinstance(loaded, TopicModel):
            yield from _shipped_terms(loaded)


def _shipped_terms(model: TopicModel) -> Iterator[str]:
    """Yield what is wrong with shipped terms: else they are compiled when the first text of the language comes."""
    for code in model.languages.codes:
        try:
            model.languages.get(code)
        except ConfigError as error:
            yield str(error)


def _strangers(directory: Path) -> Iterator[str]:
    """Yield a fault for every file that no room reads."""
    rooms = [room for _, rooms in LOADERS for room in rooms]
    known = {file.name for room in rooms for file in read_files(room, overlay=directory)}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_file() and name not in known and not path.name.startswith("."):
            if path.suffix not in _ENDINGS:
                yield f"{path}: knowledge files end in .yaml or .tsv; this one is not read"
            else:
                yield f"{path}: not read; files stand in {', '.join(rooms)}"


def changes(directory: Path) -> list[Change]:
    """Return what a valid knowledge directory adds, replaces and takes away, file by file.

    Raises:
        ConfigError: A file is not valid.
    """
    _, files = read_knowledge(directory)
    shipped = {file.name: _entries(file) for file in files if not file.overlay}
    return [
        change
        for file in files
        if file.overlay
        for change in _compared(file.name, _entries(file), shipped.get(file.name, {}))
    ]


def _compared(name: str, own: dict[str, list[str]], shipped: dict[str, list[str]]) -> Iterator[Change]:
    for where, entries in own.items():
        known = shipped.get(where, [])
        single = len(entries) == len(known) == 1
        for entry in entries:
            if where.rpartition(".")[2] in _REMOVING or _is_removal(name, entry):
                yield Change(name, where, entry, "removed")
            elif entry in known:
                yield Change(name, where, entry, "shipped")
            else:
                yield Change(name, where, entry, "replaced" if single else "added")
        if _is_replaced(name, where, own):
            yield from (Change(name, where, entry, "removed") for entry in known if entry not in entries)


def _is_removal(name: str, entry: str) -> bool:
    return name.endswith(".tsv") and entry.startswith("-")


def _is_replaced(name: str, where: str, own: dict[str, list[str]]) -> bool:
    """Say whether the operator's entry takes the place of the shipped one as a whole, as forms do by id."""
    return name.startswith("strip/forms/") and where.startswith("forms.") and where.endswith(".texts") and where in own


def _entries(file: KnowledgeFile) -> dict[str, list[str]]:
    """Return the entries of a file by place: the terms of a list, the lines of a block, the forms of a table's row."""
    text = file.content.decode("utf-8")
    found: dict[str, list[str]] = {}
    if file.name.endswith(".tsv"):
        rows = [line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#")]
        for kind, id_, *cells in rows[1:]:
            found.setdefault(f"{kind} {id_}", []).extend(filter(None, "\t".join(cells).split("|")))
    else:
        for where, value in _walk("", plain_yaml(file)):
            found.setdefault(where, []).extend(value)
    return found


def _walk(where: str, node: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(f"{where}.{key}" if where else str(key), value)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            named = isinstance(value, dict) and "id" in value
            yield from _walk(f"{where}.{value['id'] if named else number}" if isinstance(value, dict) else where, value)
    elif isinstance(node, str) and ("\n" in node or "," in node):
        parts = node.splitlines() if "\n" in node else node.split(",")
        yield where, [" ".join(part.split()) for part in parts if part.strip()]
    else:
        yield where, [str(node)]
