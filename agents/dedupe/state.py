"""How a dedupe entry is stored: MessagePack, positional, so that a million entries stay small."""

from __future__ import annotations

import msgspec

from agents.dedupe.decide import Entry

_FORMAT = 1

_decoder = msgspec.msgpack.Decoder(tuple[int, Entry])
_encoder = msgspec.msgpack.Encoder()


def encode(entry: Entry) -> bytes:
    """Encode an entry; the first number names the format, so that a later version can read it."""
    return _encoder.encode((_FORMAT, entry))


def decode(stored: bytes) -> Entry:
    """Decode a stored entry.

    Raises:
        msgspec.DecodeError: The state is corrupt, or a later version's. This is not the record's fault: the worker must
            stop.
    """
    version, entry = _decoder.decode(stored)
    if version != _FORMAT:
        raise msgspec.ValidationError(f"the entry is of format {version}, this version of geowire reads {_FORMAT}")
    return entry
