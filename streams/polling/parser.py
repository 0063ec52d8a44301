"""The parser process: reads requests from standard input, writes readings to standard output.

Parsing a feed blocks for up to 300 ms and is where hostile documents do their harm; it happens here, under a memory
limit, and the poller ends the process when a document takes too long. Started as ``python -m streams.polling.parser``.
"""

from __future__ import annotations

import os
import resource
import signal
import struct
import sys
import warnings

import msgspec

from streams.polling.pages.reading import PageReading, PageRequest, read_page
from streams.polling.reading import Reading, Request, read

MEMORY_MAX = 1 << 30
READY = b"\x06"
"""What the process says once it can take requests: its start does not count against a document's deadline."""
LENGTH = struct.Struct(">I")
decode_request = msgspec.msgpack.Decoder(tuple[Request | PageRequest, bytes]).decode
encode = msgspec.msgpack.Encoder().encode


def main() -> None:
    """Serve until standard input ends."""
    # Ctrl-C goes to the whole terminal group; this process ends when the poller closes its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MAX, MEMORY_MAX))
    warnings.simplefilter("ignore")  # feedparser warns about what real feeds contain
    # Whatever a library prints must not get between the readings.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    replies.write(READY)
    replies.flush()
    while header := requests.read(LENGTH.size):
        (length,) = LENGTH.unpack(header)
        request, body = decode_request(requests.read(length))
        reading = _read(request, body)
        reply = encode(reading)
        replies.write(LENGTH.pack(len(reply)) + reply)
        replies.flush()


def _read(request: Request | PageRequest, body: bytes) -> Reading | PageReading:
    try:
        return read(request, body) if isinstance(request, Request) else read_page(request, body)
    except Exception as error:  # noqa: BLE001 - a document must not end the parser
        problem = f"the parser failed: {type(error).__name__}: {error}"[:300]
    return Reading(version="", problem=problem) if isinstance(request, Request) else PageReading(problem=problem)


if __name__ == "__main__":
    main()
