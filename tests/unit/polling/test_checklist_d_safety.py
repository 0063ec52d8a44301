"""Checklist D: addresses that must not be reached, bodies that must not fill the memory, documents that attack."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import brotli
import msgspec
import pytest

from schemas.polling import Kind
from schemas.raw import FeedRef, HttpResponse, RawItem
from schemas.times import from_datetime
from streams.polling import addresses
from streams.polling.fetch import Limits
from streams.polling.parsers import Parsers
from streams.polling.proxies import Proxies
from streams.polling.reading import Reading, Request
from tests import site
from tests.polled import START, desk
from tests.server import Answer, Server, raw, serving

_FEED = site.rss({"title": "Report", "link": "https://daily.example/1"})
_MB = 1024 * 1024


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",  # noqa: S104
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "user:secret@127.0.0.1",
        "public.example@127.0.0.1",
    ],
)
async def test_d_ssrf_an_address_that_is_not_public_is_refused(host: str) -> None:
    async with serving() as server, desk() as polls:
        port = server.address.rpartition(":")[2]
        state = (await polls.poll(f"http://{host}:{port}/feed")).outcome.state
    assert state.kind == "refused", state.problem
    assert not server.requests


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "1.1.1.1"])
def test_d_ssrf_public_addresses_are_not_refused(address: str) -> None:
    assert addresses.Guard().admits("public.example", address, 80)


async def test_d_ssrf_is_checked_on_every_hop() -> None:
    async with serving() as allowed, serving() as inner, desk(allowed.address) as polls:
        inner.on("/secret", Answer(body=_FEED))
        for n, target in enumerate(
            (inner.url("/secret"), inner.url("/secret", "localhost"), "http://[::ffff:127.0.0.1]/")
        ):
            allowed.on(f"/{n}", Answer(302, headers={"Location": f"/{n}/next"}))
            allowed.on(f"/{n}/next", Answer(301, headers={"Location": target}))
            state = (await polls.poll(allowed.url(f"/{n}"))).outcome.state
            assert state.kind == "refused"
            assert "not a public address" in (state.problem or "")
    assert not inner.requests


class _Names:
    """A resolver that gives a name other addresses each time it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> None:
        self.asked = 0
        self._answers = answers
        monkeypatch.setattr(addresses, "_look_up", self._look_up)

    def _look_up(self, _: str, port: int, __: int) -> list[Any]:
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [(2, 1, 6, "", (address, port)) for address in found]


async def test_d_ssrf_a_public_name_at_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _Names(monkeypatch, ("127.0.0.1",))
    async with serving() as server, desk() as polls:
        state = (await polls.poll(server.url("/feed", "public.example"))).outcome.state
    assert state.kind == "refused"
    assert "public.example is at 127.0.0.1" in (state.problem or "")
    assert "ALLOW_PRIVATE=public.example:" in (state.problem or ""), "and what to do if it is meant"
    assert not server.requests


async def test_d_ssrf_rebinding_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is at an allowed address when it is checked; a moment later it would be at another."""
    async with serving() as server:
        server.on("/feed", Answer(body=_FEED, headers={"Connection": "close"}))
        names = _Names(monkeypatch, ("127.0.0.1",), ("127.0.0.2",))
        async with desk(server.address) as polls:
            url = server.url("/feed", "rebinding.example")
            assert (await polls.poll(url)).outcome.state.problem is None
            assert names.asked == 1, "a second look-up between check and connection is what rebinding lives on"
        async with desk(server.address) as polls:
            assert (await polls.poll(url)).outcome.state.kind == "refused", "and a later look-up is checked again"


async def test_d_ssrf_of_several_addresses_only_the_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    _Names(monkeypatch, ("127.0.0.1", "10.0.0.1", "8.8.8.8"))
    resolver = addresses.Resolver(addresses.Guard())
    assert [found["host"] for found in await resolver.resolve("mixed.example", 80)] == ["8.8.8.8"]
    await resolver.close()


async def test_d_exceptions_are_host_and_port() -> None:
    async with serving() as server:
        server.on("/feed", Answer(body=_FEED))
        port = server.address.rpartition(":")[2]
        for allowed, url in (
            (server.address, server.url("/feed")),
            (f"LOCALHOST:{port}", server.url("/feed", "localhost")),
            (server.address, server.url("/feed", "localhost")),
        ):
            async with desk(allowed) as polls:
                assert (await polls.poll(url)).outcome.state.problem is None
        for allowed in ("127.0.0.1:80", "127.0.0.1", "*", f"other.example:{port}"):
            async with desk(allowed) as polls:
                assert (await polls.poll(server.url("/feed"))).outcome.state.kind == "refused"


# A proxy on the way out


@asynccontextmanager
async def _proxy() -> AsyncIterator[tuple[Proxies, list[str]]]:
    """A proxy that answers everything with a feed; the first lines it got."""
    lines: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((await reader.readline()).decode().strip())
        while (await reader.readline()).strip():
            pass
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(_FEED)}\r\n\r\n".encode()
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n" if lines[-1].startswith("CONNECT") else head + _FEED)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    address = "http://{}:{}".format(*listener.sockets[0].getsockname())
    try:
        yield Proxies(http=address, https=address, excepted=(".direct.example", "10.0.0.0/8")), lines
    finally:
        listener.close()


async def test_d_a_proxy_is_used_for_http_and_for_https() -> None:
    async with _proxy() as (proxies, lines), desk(proxies=proxies) as polls:
        assert (await polls.poll("http://feeds.example/a?b=1")).outcome.state.problem is None
        state = (await polls.poll("https://feeds.example/a")).outcome.state
        assert "proxy" in (state.problem or "")
    assert lines == ["GET http://feeds.example/a?b=1 HTTP/1.1", "CONNECT feeds.example:443 HTTP/1.1"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "localhost:9", "[::1]", "169.254.169.254", "intranet", "wiki.corp", "printer.local"]
)
async def test_d_a_proxy_is_not_asked_for_what_is_not_public(host: str) -> None:
    async with _proxy() as (proxies, lines), desk(proxies=proxies) as polls:
        assert (await polls.poll(f"http://{host}/feed")).outcome.state.kind == "refused"
        assert not lines


async def test_d_the_target_of_a_proxy_is_resolved_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    _Names(monkeypatch, ("10.1.2.3",))
    async with _proxy() as (proxies, lines), desk(proxies=proxies) as polls:
        assert (await polls.poll("http://public.example/feed")).outcome.state.kind == "refused"
        assert not lines


async def test_d_a_redirect_behind_a_proxy_is_checked_as_well() -> None:
    async with serving() as inner, _proxy() as (proxies, _), desk(proxies=proxies) as polls:

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(
                f"HTTP/1.1 302 Found\r\nLocation: {inner.url('/secret')}\r\nContent-Length: 0\r\n\r\n".encode()
            )
            await writer.drain()

        async with raw(redirect) as address, desk(proxies=Proxies(http=f"http://{address}")) as redirected:
            assert (await redirected.poll("http://feeds.example/")).outcome.state.kind == "refused"
        assert polls.states == {}
    assert not inner.requests


async def test_d_what_the_operator_allows_or_excepts_is_fetched_directly() -> None:
    async with serving() as server, _proxy() as (proxies, lines), desk(server.address, proxies=proxies) as polls:
        server.on("/feed", Answer(body=_FEED))
        assert (await polls.poll(server.url("/feed"))).outcome.state.problem is None
        assert "resolved" in ((await polls.poll("http://a.direct.example/")).outcome.state.problem or "")
        assert not lines


@pytest.mark.parametrize(
    ("entry", "direct"),
    [
        ("*", True),
        ("example.org", True),
        (".example.org", True),
        ("*.example.org", True),
        ("feeds.example.org:80", True),
        ("feeds.example.org:443", False),
        ("s.example.org", False),
        ("example.com", False),
        ("10.0.0.0/8", False),
        ("", False),
    ],
)
def test_d_no_proxy_is_read_as_curl_reads_it(entry: str, direct: bool) -> None:  # noqa: FBT001
    proxies = Proxies(http="http://proxy.example:3128", excepted=(entry,))
    assert (proxies.of("http", "feeds.example.org", 80) is None) == direct
    assert Proxies(http="http://p", excepted=("10.0.0.0/8",)).of("http", "10.1.2.3", 80) is None


# Bodies


@contextmanager
def _bounded(*, megabytes: float, seconds: float) -> Iterator[None]:
    """What happens inside takes no more than this much processor time; on a busy machine it may wait longer."""
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
        took, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < seconds
    assert peak < megabytes * _MB


@contextmanager
def _loop_stays_free(*, seconds: float) -> Iterator[None]:
    """The event loop is not blocked for longer than this."""
    gaps: list[float] = []

    async def beat() -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    task = asyncio.get_running_loop().create_task(beat())
    try:
        yield
    finally:
        task.cancel()
    assert max(gaps, default=0.0) < seconds


async def _body(body: bytes, encoding: str, *, limits: Limits | None = None) -> tuple[Kind | None, str]:
    limits = limits or Limits(total_seconds=10, body_bytes=8 * _MB)
    async with serving() as server, desk(server.address, limits=limits) as polls:
        server.on("/feed", Answer(body=body, headers={"Content-Encoding": encoding} if encoding else {}))
        with _bounded(megabytes=24, seconds=4), _loop_stays_free(seconds=1):
            state = (await polls.poll(server.url("/feed"))).outcome.state
        return state.kind, state.problem or ""


async def test_d_body_cap() -> None:
    kind, problem = await _body(b"<rss>" + b" " * 3 * _MB, "", limits=Limits(body_bytes=2 * _MB))
    assert kind == "too-large"
    assert "larger than 2 MB" in problem


async def test_d_body_cap_of_a_body_without_end() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()

    async with raw(endless) as address, desk(address) as polls:
        with _bounded(megabytes=16, seconds=4):
            state = (await polls.poll(f"http://{address}/")).outcome.state
    assert state.kind == "too-large"


@pytest.mark.parametrize(
    "head",
    [
        [b"X-%d: y\r\n" % n for n in range(100_000)],
        [b"X: " + b"y" * 4_000_000 + b"\r\n"],
        [b"X: y\r\n " + b"z\r\n " * 100_000 + b"\r\n"],
    ],
    ids=["many", "long", "folded"],
)
async def test_d_header_cap(head: list[bytes]) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for line in head:
            writer.write(line)
            await writer.drain()
        writer.write(b"\r\n")

    async with raw(answer) as address, desk(address) as polls:
        with _bounded(megabytes=16, seconds=4):
            state = (await polls.poll(f"http://{address}/")).outcome.state
    assert state.kind == "no-answer"
    assert state.problem


async def test_d_ratio_cap_a_gzip_bomb() -> None:
    kind, problem = await _body(gzip.compress(bytes(64 * _MB), 6), "gzip", limits=Limits(body_bytes=100 * _MB))
    assert kind == "too-large"
    assert "a bomb" in problem


async def test_d_ratio_cap_a_brotli_bomb() -> None:
    kind, problem = await _body(brotli.compress(bytes(64 * _MB), quality=2), "br", limits=Limits(body_bytes=100 * _MB))
    assert kind == "too-large"
    assert "a bomb" in problem


async def test_d_decompressed_bytes_are_capped_too() -> None:
    packed = gzip.compress(b"".join(b"<item>%09d</item>" % (n * 7919 % 10**9) for n in range(400_000)))
    assert len(packed) < 4 * _MB
    kind, problem = await _body(packed, "gzip", limits=Limits(body_bytes=4 * _MB))
    assert kind == "too-large"
    assert "larger" in problem


async def test_d_a_hundred_thousand_empty_gzip_members() -> None:
    kind, problem = await _body(gzip.compress(b"") * 100_000, "gzip")
    assert kind == "too-large"
    assert "members" in problem


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not gzip at all", "gzip"),
        (gzip.compress(_FEED)[:-20], "gzip"),
        (b"not brotli at all", "br"),
        (brotli.compress(_FEED)[:-20], "br"),
        (b"not zlib at all", "deflate"),
        (b"whatever", "zstd"),
        (gzip.compress(gzip.compress(_FEED)), "gzip, gzip"),
    ],
)
async def test_d_bodies_that_are_not_what_they_say_are_errors(body: bytes, encoding: str) -> None:
    kind, problem = await _body(body, encoding)
    assert kind == "no-answer"
    assert problem


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(_FEED), "gzip"),
        (gzip.compress(_FEED[:100]) + gzip.compress(_FEED[100:]), "x-gzip"),
        (gzip.compress(_FEED) + bytes(512), "gzip"),
        (brotli.compress(_FEED), "br"),
        (zlib.compress(_FEED), "deflate"),
        (zlib.compress(_FEED)[2:-4], "deflate"),
        (_FEED, "identity"),
        (_FEED, "Identity, "),
        (gzip.compress(site.rss(*({"title": " " * 900_000, "link": "https://daily.example/1"},))), "gzip"),
    ],
)
async def test_d_honest_bodies_pass(body: bytes, encoding: str) -> None:
    assert await _body(body, encoding) == (None, "")


# Documents

_XML = b'<?xml version="1.0"?>'
_RSS = b"<rss version='2.0'><channel><title>t</title><item><title>%s</title><link>https://x.example/1</link></item></channel></rss>"


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    return _XML + b'<!DOCTYPE rss [<!ENTITY l0 "ha">' + entities + b"]>" + _RSS % b"&l11;"


def _attacks(server: Server, secret: Path) -> dict[str, bytes]:
    file, net = secret.as_uri().encode(), server.url("/entity").encode()
    external = b'<!DOCTYPE rss [<!ENTITY e SYSTEM "%s">]>'
    return {
        "billion laughs": _laughs(),
        "quadratic": _XML + b'<!DOCTYPE rss [<!ENTITY a "' + b"a" * 100_000 + b'">]>' + _RSS % (b"&a;" * 20_000),
        "external file": _XML + external % file + _RSS % b"x &e; y",
        "external address": _XML + external % net + _RSS % b"x &e; y",
        "external dtd": _XML + b'<!DOCTYPE rss SYSTEM "%s">' % net + _RSS % b"x",
        "parameter entity": _XML + b'<!DOCTYPE rss [<!ENTITY %% p SYSTEM "%s"> %%p;]>' % net + _RSS % b"x",
        "xinclude": _RSS % (b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="%s"/>' % file),
        "20,000 nested tags": _RSS % (b"<b>" * 20_000 + b"x" + b"</b>" * 20_000),
        "20,000 nested items": b"<rss><channel>" + b"<item>" * 20_000 + b"</item>" * 20_000 + b"</channel></rss>",
        "nested html": _RSS % (b"&lt;div&gt;" * 20_000),
        "unclosed tags": b"<rss><channel><item><title>" + b"<" * 500_000,
        "unclosed comment": b"<rss><channel>" + b"<!--" * 200_000,
        "a body that is a path": str(secret).encode(),
        "a body that is an address": net,
    }


_ATTACKS = tuple(_attacks(Server(), Path("/x")))
_DEADLINE = 2.0


@asynccontextmanager
async def _parsers() -> AsyncIterator[Parsers]:
    async with Parsers(1, deadline=_DEADLINE) as parsers:
        await parsers.read(_request(), _FEED)  # the start of the process is not what is measured
        yield parsers


def _request() -> Request:
    return Request(
        feed=FeedRef(id="f", url="https://x.example/feed"),
        fetched=from_datetime(START),
        http=HttpResponse(status=200, url="https://x.example/feed"),
        content_type="application/rss+xml",
        listed=(),
        first=True,
    )


def _memory(parsers: Parsers) -> float:
    """Megabytes that the parser process has had at most."""
    process = parsers._idle._queue[-1]  # type: ignore[attr-defined]
    if process is None:  # it was ended: the limit of the process held
        return 0.0
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.parametrize("attack", _ATTACKS)
async def test_d_documents_that_attack_take_bounded_time_and_memory(attack: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    async with serving() as server, _parsers() as parsers:
        document = _attacks(server, secret)[attack]
        started = time.monotonic()
        reading = await parsers.read(_request(), document)
        took = time.monotonic() - started
        memory = _memory(parsers)
        again = await parsers.read(_request(), _FEED)
    assert took < _DEADLINE + 1
    assert memory < 400
    assert not server.requests, "nothing is fetched for a document"
    assert b"the secret" not in b"".join(item.record for item in reading.items)
    assert sum(len(item.record) for item in reading.items) < 4 * _MB
    assert isinstance(reading, Reading)
    assert len(again.items) == 1, "the next document is read as if nothing had been"


def test_d_links_are_http_or_https_only() -> None:
    from streams.polling.reading import read

    links = [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://x.example/1",
        "https://x.example/ok",
    ]
    items = [{"title": f"Report {n}", "link": link} for n, link in enumerate(links)]
    reading = read(_request(), site.rss(*items))
    found = [msgspec.json.decode(item.record, type=RawItem).link for item in reading.items]
    assert [link for link in found if link] == ["https://x.example/ok"]
    assert len(found) == len(links), "the items are kept all the same"
