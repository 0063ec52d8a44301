"""Decompressing what a server sends, bounded: in bytes that come out, in their ratio to what came in, in members.

aiohttp could do it, but not bounded the way a poller needs it: a gzip bomb has to end after the cap and not after the
memory, and 100,000 empty gzip members, which are a megabyte of nothing, must not hold up the event loop.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Protocol

import brotli

from streams.polling.trouble import PollError

STEP = 256 * 1024
"""Bytes decompressed at a time; the caller lets others run in between."""
_MEMBERS_MAX = 16
_RATIO_MAX = 200
_RATIO_FROM = 1024 * 1024
"""Up to this size any ratio is fine: a page of white space compresses well."""


class Inflater(Protocol):
    """Turns the bytes of a content encoding into those of the document."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the data decompress to, in steps."""
        ...

    def finish(self) -> None:
        """Raise PollError if the stream ended early."""
        ...


def inflater(encoding: str | None) -> Inflater:
    """Return what undoes a Content-Encoding.

    Raises:
        PollError: It is one that was not asked for and is not known.
    """
    names = [name for name in (encoding or "").lower().replace(" ", "").split(",") if name not in {"", "identity"}]
    if not names:
        return _Plain()
    if names in (["gzip"], ["x-gzip"], ["deflate"]):
        return _Zlib(names[0])
    if names == ["br"]:
        return _Brotli()
    raise PollError("no-answer", f"the body is encoded as {encoding!r}, which was not asked for")


class Meter:
    """Counts bytes in and out, and stops what is too large."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._in = self._out = 0

    def came(self, count: int) -> None:
        """Count compressed bytes."""
        self._in += count
        if self._in > self._most:
            raise PollError("too-large", _too_large(self._most))

    def gave(self, count: int) -> None:
        """Count decompressed bytes."""
        self._out += count
        if self._out > self._most:
            raise PollError("too-large", _too_large(self._most))
        if self._out > _RATIO_FROM and self._out > _RATIO_MAX * self._in:
            raise PollError(
                "too-large", f"the body grows more than {_RATIO_MAX}-fold when decompressed: a bomb, not a feed"
            )


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        """Nothing can be missing: HTTP's own framing says where a plain body ends."""


class _Zlib:
    def __init__(self, name: str) -> None:
        self._name = name
        self._stream: Any = None
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream is None:
                self._stream = self._next(data)
            try:
                out = self._stream.decompress(data, STEP)
            except zlib.error as error:
                raise PollError("no-answer", f"the body is not {self._name}: {error}") from error
            yield out
            if self._stream.eof:
                data = self._stream.unused_data
                if not data.strip(b"\0"):  # padding behind the last member is no member
                    return
                self._stream = None
            else:
                data = self._stream.unconsumed_tail

    def finish(self) -> None:
        if self._stream is not None and not self._stream.eof:
            raise PollError("no-answer", f"the {self._name} body ends early")

    def _next(self, data: bytes) -> Any:
        self._members += 1
        if self._members > _MEMBERS_MAX:
            raise PollError("too-large", f"the body has more than {_MEMBERS_MAX} {self._name} members")
        if self._name == "deflate":
            # "deflate" means zlib, but some servers send it without its two bytes of header.
            return zlib.decompressobj(zlib.MAX_WBITS if data[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS)
        return zlib.decompressobj(zlib.MAX_WBITS | 16)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            yield self._stream.process(data, output_buffer_limit=STEP)
            while not self._stream.can_accept_more_data():
                yield self._stream.process(b"", output_buffer_limit=STEP)
        except brotli.error as error:
            raise PollError("no-answer", f"the body is not brotli: {error}") from error

    def finish(self) -> None:
        if not self._stream.is_finished():
            raise PollError("no-answer", "the brotli body ends early")


def _too_large(most: int) -> str:
    return f"the body is larger than {most / 1024 / 1024:g} MB"
