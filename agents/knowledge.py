"""The knowledge files: what geowire knows that is not code, with the operator's overlay on top.

A room keeps its files beside its code (``agents/strip/forms/en.yaml``); an operator's directory
(``GEOWIRE_KNOWLEDGE_DIR``) holds files under the same names (``strip/forms/en.yaml``). Every room says itself how two
files of one name are merged. All files that were read go into one hash, which every event carries: change a term, and
it is visible on the event.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import yaml

from schemas.errors import ConfigError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

T = TypeVar("T")


class KnowledgeFile(msgspec.Struct, frozen=True):
    """One file of knowledge, read.

    Attributes:
        name: Path below the rooms, e.g. ``strip/forms/en.yaml``.
        shown: Where it was found, for messages.
        content: The bytes.
        overlay: Whether it is the operator's.
    """

    name: str
    shown: str
    content: bytes
    overlay: bool

    @property
    def stem(self) -> str:
        """The file's name without directory and ending, usually a language code."""
        return Path(self.name).stem

    def place(self, text: str) -> str:
        """Return where a text stands in the file, for messages: path and line, or the path where it stands nowhere."""
        for number, line in enumerate(self.content.decode("utf-8", "replace").splitlines(), 1):
            if text and text.casefold() in line.casefold():
                return f"{self.shown}, line {number}"
        return self.shown


def mistake(file: KnowledgeFile, fault: str, *, at: str = "") -> ConfigError:
    """Return the error for what a knowledge file says wrong.

    Args:
        file: The file.
        fault: What is wrong, and what would do.
        at: A text of the file, whose line is named; without it, what the fault quotes first.
    """
    quoted = _QUOTED.search(fault)
    return ConfigError(f"{file.place(at or (quoted[1] if quoted else ''))}: {fault}")


_QUOTED = re.compile(r"'([^']+)'")


def read_files(room: str, *, overlay: Path | None = None) -> list[KnowledgeFile]:
    """Read the knowledge files below a room, shipped ones first, then the operator's.

    Args:
        room: Path below ``agents``, e.g. ``strip/forms``.
        overlay: The operator's knowledge directory.

    Raises:
        ConfigError: The overlay cannot be read.
    """
    shipped = resources.files("agents").joinpath(room)
    files = [
        KnowledgeFile(f"{room}/{entry.name}", f"{room}/{entry.name} (shipped)", entry.read_bytes(), overlay=False)
        for entry in sorted(shipped.iterdir(), key=_name)
        if _is_knowledge(entry.name)
    ]
    directory = overlay / room if overlay is not None else None
    if directory is not None and directory.is_dir():
        try:
            files += [
                KnowledgeFile(f"{room}/{path.name}", str(path), path.read_bytes(), overlay=True)
                for path in sorted(directory.iterdir())
                if _is_knowledge(path.name)
            ]
        except OSError as error:
            raise ConfigError(f"knowledge file cannot be read: {error}; check GEOWIRE_KNOWLEDGE_DIR") from error
    return files


def plain_yaml(file: KnowledgeFile) -> Any:
    """Read a YAML knowledge file as it is, unchecked."""
    return yaml.load(file.content, Loader=_loader())  # noqa: S506 - both are safe loaders


def parse_yaml(file: KnowledgeFile, form: type[T]) -> T:
    """Read a YAML knowledge file as a typed struct.

    Raises:
        ConfigError: The file is no YAML, or not of that form; says file, place and fault.
    """
    try:
        return msgspec.convert(plain_yaml(file), form, strict=True)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ConfigError(f"{file.shown}{line}: not valid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.shown}: not valid YAML: {' '.join(str(error).split())}") from error
    except msgspec.ValidationError as error:
        number = _line_of(file.content, str(error))
        unknown = _FIELD.search(str(error))
        place = f"{file.shown}, line {number}" if number else file.place(unknown[1] if unknown else "")
        raise ConfigError(f"{place}: {error}") from error


_AT = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_FIELD = re.compile(r"unknown field `([^`]+)`")


def _line_of(content: bytes, fault: str) -> int | None:
    """Return the line of a YAML file that a msgspec error is about: ``… - at `$.forms[3].kind```."""
    found = _AT.search(fault)
    if found is None or "..." in found[1]:
        return None
    node = yaml.compose(content, Loader=_loader())
    steps = _STEP.findall(found[1])
    if unknown := _FIELD.search(fault):
        steps.append((unknown[1], ""))
    line: int | None = None
    for key, index in steps:
        if key and isinstance(node, yaml.MappingNode):
            entry = next(((name, value) for name, value in node.value if name.value == key), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            node = node.value[int(index)]
            line = node.start_mark.line + 1
        else:
            break
    return line


def parse_tsv(file: KnowledgeFile, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a TSV knowledge file with a header line; lines that start with ``#`` are comments.

    Raises:
        ConfigError: A column is missing, or a row has another number of cells; says file and line.
    """
    try:
        text = file.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file.shown}: not UTF-8: {error.reason} at byte {error.start}") from error
    lines = [
        (number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")
    ]
    header = tuple(lines[0][1].split("\t")) if lines else ()
    if header != columns:
        raise ConfigError(f"{file.shown}: the header must be {'<tab>'.join(columns)}, found {'<tab>'.join(header)}")
    rows = []
    for number, line in lines[1:]:
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise ConfigError(f"{file.shown}, line {number}: {len(columns)} cells expected, {len(cells)} found")
        rows.append(dict(zip(columns, cells, strict=True)))
    return rows


def knowledge_hash(files: list[KnowledgeFile]) -> str:
    """Return the hash over names and contents that events carry as ``pipeline.knowledge``."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(files, key=lambda f: (f.name, f.overlay)):
        digest.update(f"{file.name}\0{file.overlay:d}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()


@cache
def _loader() -> type[yaml.SafeLoader | yaml.CSafeLoader]:
    """Return a safe loader to which ``no``, ``on`` and ``off`` are words: ``no`` is a language, ``off`` a field."""
    # libyaml reads ten times faster; wheels of PyYAML have it, a build from source may not.
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = type("KnowledgeLoader", (base,), {})
    loader.yaml_implicit_resolvers = {  # type: ignore[attr-defined]
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return loader


def _is_knowledge(name: str) -> bool:
    return name.endswith((".yaml", ".tsv"))


def _name(entry: Traversable) -> str:
    return entry.name
