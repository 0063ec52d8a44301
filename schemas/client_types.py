"""The client's event types (client/geowire/events.py), generated from the structs.

The client reads what later versions write: what is one of some words here is any word there, and no length or pattern
is checked. Otherwise the types are the same.
"""

from __future__ import annotations

import inspect
import textwrap
import types
import typing
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from schemas.enriched import Enriched
from schemas.story import Story

ROOTS = (Enriched, Story)

_HEAD = '''"""The events as geowire publishes them; written by geowire's `make generate`, do not edit.

Texts are Unicode; offsets (`start`, `end`) count code points. Times are RFC 3339 in UTC, which sort as text. A field
that is not there has its default; fields of later versions are ignored.
"""

from __future__ import annotations

from msgspec import Struct
'''


def source() -> str:
    """Return the module."""
    return _HEAD + "".join(f"\n\n{_class(struct)}" for struct in _ordered())


def _ordered() -> list[type[Struct]]:
    """Return all structs, each behind those it is made of."""
    found: list[type[Struct]] = []

    def visit(struct: type[Struct]) -> None:
        for hint in typing.get_type_hints(struct).values():
            for inner in _structs(hint):
                visit(inner)
        if struct not in found:
            found.append(struct)

    for root in ROOTS:
        visit(root)
    return found


def _structs(hint: Any) -> list[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return [hint]
    return [struct for inner in get_args(hint) for struct in _structs(inner)]


def _class(struct: type[Struct]) -> str:
    lines = [f"class {struct.__name__}(Struct, frozen=True, kw_only=True):"]
    summary, _, rest = inspect.getdoc(struct).partition("\n\n")  # type: ignore[union-attr]  # every struct has one
    if rest:
        lines += [f'    """{summary}', "", textwrap.indent(rest, "    "), '    """', ""]
    else:
        lines += [f'    """{summary}"""', ""]
    hints = typing.get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        default = "" if field.required else f" = {_default(field)}"
        lines.append(f"    {field.name}: {_shown(hints[field.name])}{default}")
        if said := _description(hints[field.name]):
            lines += textwrap.wrap(f'"""{said}."""', 110, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _default(field: msgspec.structs.FieldInfo) -> str:
    return repr(field.default_factory()) if field.default is msgspec.NODEFAULT else _literal(field.default)


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value!r}"


def _shown(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _shown(arguments[0])
    if origin is Literal:
        return "str"
    if origin in {types.UnionType, Union}:
        return " | ".join(dict.fromkeys(_shown(argument) for argument in arguments))
    if origin is tuple:
        return f"tuple[{_shown(arguments[0])}, ...]"
    return "None" if hint is type(None) else str(hint.__name__)


def _description(hint: Any) -> str:
    """Return what a field's type says of itself, its words in front where it is one of some."""
    said: list[str] = []
    inner = hint
    while get_origin(inner) is Annotated:
        said[:0] = [meta.description for meta in inner.__metadata__ if getattr(meta, "description", None)]
        inner = get_args(inner)[0]
    for part in (inner, *get_args(inner)):
        if get_origin(part) is Annotated and not said:
            said += [_description(part)]
    words = [word for part in (inner, *get_args(inner)) if get_origin(part) is Literal for word in get_args(part)]
    return "; ".join(part for part in (", ".join(words), said[-1] if said else "") if part)
