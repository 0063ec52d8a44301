"""Values on the wire: JSON, encoded by orjson, decoded by msgspec into the typed structs."""

from __future__ import annotations

from typing import TypeVar

import msgspec
import orjson

from schemas.errors import DataError

T = TypeVar("T", bound=msgspec.Struct)


def encode(value: msgspec.Struct) -> bytes:
    """Encode an event. Field order is the struct's, so that equal events are equal bytes."""
    return orjson.dumps(value, default=msgspec.to_builtins)


def decode(decoder: msgspec.json.Decoder[T], value: bytes | None) -> T:
    """Decode and validate an event.

    Raises:
        DataError: ``empty``, ``invalid-json``, ``wrong-type`` (a field is missing or not of its kind) or
            ``control-character``; the message says where.
    """
    if not value:
        raise DataError("empty", "the record has no value")
    try:
        event = decoder.decode(value)
    except msgspec.ValidationError as error:
        raise DataError("wrong-type", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError("invalid-json", _json_fault(value) or str(error)) from error
    # JSON can say U+0000, most of what reads the events cannot (PostgreSQL, C strings): refuse it at the door.
    if b"\\u0000" in value and _holds_nul(event):
        raise DataError("control-character", "a text holds U+0000")
    return event


def _json_fault(value: bytes) -> str | None:
    """Ask orjson, whose messages name line and column, what is wrong."""
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return str(error)
    return None


def _holds_nul(event: msgspec.Struct) -> bool:
    # Looked at in the encoded form, where an escaped backslash before u0000 is not taken for U+0000.
    return b"\\u0000" in msgspec.json.encode(event).replace(b"\\\\", b"")
