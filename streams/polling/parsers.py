"""The parser processes: a few of them, each with a deadline for each document."""

from __future__ import annotations

import asyncio
import sys
from typing import Self

import msgspec

from schemas.errors import InfrastructureError
from streams.polling.pages.reading import PageReading, PageRequest
from streams.polling.parser import LENGTH, READY, encode
from streams.polling.reading import Reading, Request

DEADLINE_SECONDS = 5.0
COMMAND = ("-m", "streams.polling.parser")
"""What a parser process runs, behind the name of the interpreter."""
_START_SECONDS = 60.0

_decode_reading = msgspec.msgpack.Decoder(Reading).decode
_decode_page = msgspec.msgpack.Decoder(PageReading).decode


class Parsers:
    """Parser processes, started when needed, ended and replaced when a document takes too long."""

    def __init__(self, count: int, *, deadline: float = DEADLINE_SECONDS) -> None:
        """Prepare ``count`` processes; ``deadline`` is in seconds a document."""
        self._deadline = deadline
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(count):
            self._idle.put_nowait(None)
        self._count = count

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def read(self, request: Request, body: bytes) -> Reading:
        """Read a feed in one of the processes.

        A document that is too slow or ends its process is a problem of the reading, not an error.

        Raises:
            InfrastructureError: The processes do not start.
        """
        reply = await self._ask(request, body)
        return Reading(version="", problem=reply) if isinstance(reply, str) else _decode_reading(reply)

    async def read_page(self, request: PageRequest, body: bytes) -> PageReading:
        """Read an article's page in one of the processes; as for feeds.

        Raises:
            InfrastructureError: The processes do not start.
        """
        reply = await self._ask(request, body)
        return PageReading(problem=reply) if isinstance(reply, str) else _decode_page(reply)

    async def _ask(self, request: Request | PageRequest, body: bytes) -> bytes | str:
        """Return a process's reply, or in words why there is none."""
        process = await self._idle.get()
        try:
            # One that has ended while it had nothing to do (out of memory elsewhere?) is no fault of the document's.
            if process is None or process.returncode is not None:
                process = await _start()
            return await asyncio.wait_for(_exchange(process, encode((request, body))), self._deadline)
        except TimeoutError:
            await _end(process)
            return f"the document took longer than {self._deadline:g} s to parse"
        except (asyncio.IncompleteReadError, ConnectionError):
            await _end(process)
            return "the document ended its parser (more than 1 GiB of memory?)"
        except BaseException:  # cancelled between question and answer: the process cannot be used again
            await _end(process)
            raise
        finally:
            self._idle.put_nowait(process if process is not None and process.returncode is None else None)

    async def close(self) -> None:
        """End all processes."""
        for _ in range(self._count):
            await _end(await self._idle.get())


async def _start() -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    try:
        await asyncio.wait_for(process.stdout.readexactly(len(READY)), _START_SECONDS)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        await _end(process)
        raise InfrastructureError(
            "the process that parses feeds does not start; try `python -m streams.polling.parser`"
        ) from error
    except BaseException:
        await _end(process)
        raise
    return process


async def _exchange(process: asyncio.subprocess.Process, question: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(LENGTH.pack(len(question)) + question)
    await process.stdin.drain()
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    return await process.stdout.readexactly(length)


async def _end(process: asyncio.subprocess.Process | None) -> None:
    if process is not None and process.returncode is None:
        process.kill()
        await process.wait()
