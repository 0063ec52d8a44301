"""Whether a schema may take the place of an earlier one: what would break whom.

Events are kept for months, and readers and writers are not replaced at the same moment. So everything that an earlier
version wrote must be read by this one, and of what geowire publishes whatever this one writes by earlier readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def breaking(old: Schema, new: Schema, *, published: bool) -> list[str]:
    """Return what breaks between two schemas of one event, a line each; empty: nothing.

    Args:
        old: The schema of an earlier version.
        new: The schema as it is now.
        published: Others read the event (FULL); otherwise only we do (BACKWARD).
    """
    return sorted(set(_compare(_Side(old, old), _Side(new, new), "$", published=published, seen=set())))


class _Side:
    """A schema within its document, references followed."""

    def __init__(self, document: Schema, schema: Schema) -> None:
        self._document = document
        while "$ref" in schema:
            target: Any = document
            for step in str(schema["$ref"]).removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        self.schema = schema

    def at(self, schema: Schema) -> _Side:
        return _Side(self._document, schema)

    @property
    def branches(self) -> dict[str, _Side]:
        """The kinds of value that are allowed, by type: of ``anyOf`` each, otherwise one."""
        sides = [self.at(branch) for branch in self.schema.get("anyOf", ())] or [self]
        return {kind: side for side in sides for kind in side.types}

    @property
    def types(self) -> list[str]:
        if "enum" in self.schema:
            return ["enum"]
        found = self.schema.get("type", "any")
        return [found] if isinstance(found, str) else list(found)


def _compare(old: _Side, new: _Side, place: str, *, published: bool, seen: set[tuple[int, int]]) -> Iterator[str]:
    if (id(old.schema), id(new.schema)) in seen:
        return
    seen.add((id(old.schema), id(new.schema)))
    before, after = old.branches, new.branches
    for kind in before.keys() - after.keys():
        yield f"{place}: {kind} is allowed no longer: what was written is not read"
    for kind in after.keys() - before.keys():
        if published:
            yield f"{place}: {kind} is new there: readers do not know it"
    for kind in before.keys() & after.keys():
        for fault in _CHECKS.get(kind, _bounds)(before[kind], after[kind], place, published):
            if isinstance(fault, str):
                yield fault
            else:
                yield from _compare(*fault, published=published, seen=seen)


_Found = Iterator["str | tuple[_Side, _Side, str]"]


def _object(old: _Side, new: _Side, place: str, published: bool) -> _Found:  # noqa: FBT001 - one of a table of checks
    before, after = old.schema.get("properties", {}), new.schema.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{place}.{name}: is gone"
    for name in sorted(set(new.schema.get("required", ())) - set(old.schema.get("required", ()))):
        yield f"{place}.{name}: is required now: what was written without it is not read"
    if published:
        for name in sorted(set(old.schema.get("required", ())) - set(new.schema.get("required", ()))):
            yield f"{place}.{name}: is required no longer: readers rely on it"
    for name in before.keys() & after.keys():
        yield old.at(before[name]), new.at(after[name]), f"{place}.{name}"
    values = old.schema.get("additionalProperties"), new.schema.get("additionalProperties")
    if isinstance(values[0], Mapping) and isinstance(values[1], Mapping):
        yield old.at(values[0]), new.at(values[1]), f"{place}.*"
    elif values[1] is False and values[0] is not False:
        yield f"{place}: unknown fields are refused now"


def _array(old: _Side, new: _Side, place: str, published: bool) -> _Found:  # noqa: FBT001, ARG001
    if "items" in old.schema and "items" in new.schema:
        yield old.at(old.schema["items"]), new.at(new.schema["items"]), f"{place}[]"


def _enum(old: _Side, new: _Side, place: str, published: bool) -> _Found:  # noqa: FBT001
    before, after = set(old.schema["enum"]), set(new.schema["enum"])
    for word in sorted(map(str, before - after)):
        yield f"{place}: {word!r} is allowed no longer: what was written is not read"
    if published:
        for word in sorted(map(str, after - before)):
            yield f"{place}: {word!r} is new: readers do not know it"


_NARROWING = {"pattern": None, "format": None, "minimum": max, "minLength": max, "maximum": min, "maxLength": min}


def _bounds(old: _Side, new: _Side, place: str, published: bool) -> _Found:  # noqa: FBT001
    for word, tighter in _NARROWING.items():
        before, after = old.schema.get(word), new.schema.get(word)
        if before == after:
            continue
        narrower = after is not None and (before is None or tighter is None or tighter(before, after) == after)
        if narrower:
            yield f"{place}: {word} {after!r} is narrower than before: what was written is not read"
        if published and (not narrower or tighter is None):
            yield f"{place}: {word} {after!r} is wider than before: readers do not expect that"


_CHECKS = {"object": _object, "array": _array, "enum": _enum}
