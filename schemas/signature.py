"""The signature: what ``cluster`` needs of an item's text to tell copies, on news.signatures.

MessagePack, positional: fields are only ever appended. Hashes are little-endian.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from schemas.enriched import Reason
from schemas.errors import DataError
from schemas.fields import ItemId, Timestamp


class Sketch(Struct, frozen=True, array_like=True):
    """A text, as far as likeness needs it.

    Attributes:
        size: Different runs of five words in the text; 0 where it is too short to be compared.
        lowest: The lowest hashes of them, ascending, 4 bytes each: all of them where the text is short.
        lead: The lowest hashes of those at the beginning of the text, ascending, 4 bytes each.
        title: The hashes of the headline's words, ascending, 2 bytes each.
    """

    size: int
    lowest: bytes
    lead: bytes
    title: bytes


NO_SKETCH = Sketch(0, b"", b"", b"")


class Signature(Struct, frozen=True, array_like=True):
    """One version of an item.

    Attributes:
        item_id: The item; also the record's key.
        fetched: When this version was fetched.
        generation: Generation of knowledge and rules that stripped the text.
        reason: As in the enriched event; ``withdrawn`` takes the item out of its story.
        superseded: When the version before was fetched, where there was one.
        sketch: Of the stripped text; a withdrawn item has none.
    """

    item_id: ItemId
    fetched: Timestamp
    generation: int
    reason: Reason
    superseded: Timestamp | None
    sketch: Sketch


_decoder = msgspec.msgpack.Decoder(Signature)
_encoder = msgspec.msgpack.Encoder()


def encode_signature(signature: Signature) -> bytes:
    """Encode a signature."""
    return _encoder.encode(signature)


def decode_signature(value: bytes | None) -> Signature:
    """Decode and check a signature.

    Raises:
        DataError: ``empty`` or ``wrong-type``.
    """
    if not value:
        raise DataError("empty", "the record has no value")
    try:
        signature = _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError("wrong-type", f"no signature: {error}") from error
    sketch = signature.sketch
    if len(sketch.lowest) % 4 or len(sketch.lead) % 4 or len(sketch.title) % 2 or sketch.size < len(sketch.lowest) // 4:
        raise DataError("wrong-type", "no signature: its hashes have a wrong length")
    return signature
