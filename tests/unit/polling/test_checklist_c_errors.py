"""Checklist C: errors, against real servers, well and badly behaved."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from schemas.polling import Kind
from streams.polling.fetch import Limits
from streams.polling.schedule import NEVER
from tests import site
from tests.polled import QUICK, Desk, desk
from tests.server import Answer, raw, serving

_FEED = Answer(body=site.rss({"title": "Report", "link": "https://daily.example/1"}))
_HOUR = timedelta(hours=1)
_TLS = Path(__file__).parents[2] / "fixtures/tls"


async def _once(answer: Answer, **headers: str) -> tuple[Kind | None, str, timedelta]:
    """Poll a server that answers so; kind, words, wait."""
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", answer)
        state = (await polls.poll(server.url("/feed"))).outcome.state
        assert state.failures == 1
        assert state.succeeded is None
        return state.kind, state.problem or "", polls.wait(server.url("/feed"))


# 429, 503, 403


async def _other_feed_of_the_host(answer: Answer) -> tuple[Desk, timedelta, float]:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", answer)
        server.on("/other", _FEED)
        polled = await polls.poll(server.url("/feed"))
        rests = polls.hosts.free_at("127.0.0.1") - polls.now.timestamp()
        other = await polls.poll(server.url("/other"))
        assert (len(server.seen("/other")) == 0) == (rests > 0), "a host that rests is not asked"
        assert (other.outcome.state.kind == "rate-limited") == (rests > 0)
        assert (polled.outcome.state.host_rests is not None) == (rests > 0), "and it is remembered over a restart"
        return polls, polls.wait(server.url("/feed")), rests


async def test_c_429_retry_after_in_seconds_is_host_wide() -> None:
    _, wait, rests = await _other_feed_of_the_host(Answer(429, headers={"Retry-After": "7200"}))
    assert wait >= 2 * _HOUR
    assert rests == pytest.approx(7200, abs=5)


async def test_c_429_retry_after_as_a_date_is_host_wide() -> None:
    # The server's clock is the real one; the desk's is not.
    async with serving() as server, desk(server.address) as polls:
        polls.now = datetime.now(UTC)
        later = format_datetime(polls.now + 3 * _HOUR, usegmt=True)
        server.on("/feed", Answer(429, headers={"Retry-After": later}))
        await polls.poll(server.url("/feed"))
        assert polls.wait(server.url("/feed")) >= 2.9 * _HOUR
        assert polls.hosts.free_at("127.0.0.1") - polls.now.timestamp() >= 10_000


@pytest.mark.parametrize("junk", ["0", "soon", "-1", "", "Tue, 99 Foo"])
async def test_c_429_retry_after_0_or_junk_leaves_the_back_off(junk: str) -> None:
    _, wait, rests = await _other_feed_of_the_host(Answer(429, headers={"Retry-After": junk}))
    assert wait >= timedelta(minutes=5)
    assert rests >= 300


async def test_c_429_retry_after_that_is_huge_ends_at_a_day() -> None:
    _, wait, rests = await _other_feed_of_the_host(Answer(429, headers={"Retry-After": "999999999"}))
    assert wait <= timedelta(days=1)
    assert rests <= 86_400


async def test_c_429_without_header_is_exponential_with_a_cap() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(429))
        waits, rests = [], []
        for _ in range(12):
            await polls.poll_when_due(server.url("/feed"))
            waits.append(polls.wait(server.url("/feed")))
            rests.append(polls.hosts.free_at("127.0.0.1") - polls.now.timestamp())
    assert len(server.requests) == 12
    for series in (waits, [timedelta(seconds=rest) for rest in rests]):
        assert series[2] > 3 * series[0]
        assert max(series) <= timedelta(days=1)


async def test_c_503_is_feed_wide() -> None:
    _, wait, rests = await _other_feed_of_the_host(Answer(503, headers={"Retry-After": "7200"}))
    assert wait >= 2 * _HOUR
    assert rests <= 0


async def test_c_403_counts_as_a_rate_limit() -> None:
    _, wait, rests = await _other_feed_of_the_host(Answer(403, headers={"Retry-After": "7200"}))
    assert wait >= 2 * _HOUR
    assert rests > 7000
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(403))
        states = [polled.outcome.state for polled in await polls.poll_when_due(server.url("/feed"), 8)]
        assert {state.kind for state in states} == {"rate-limited"}
        assert polls.wait(server.url("/feed")) > 20 * _HOUR, "without a header it slows, as a rate limit does"
        server.on("/feed", _FEED)
        (recovered,) = await polls.poll_when_due(server.url("/feed"))
        assert recovered.outcome.state.failures == 0


# 404, 410


async def test_c_404_is_soft_it_slows_and_never_dies() -> None:
    async with serving() as server, desk(server.address) as polls:
        url = server.url("/feed")
        server.on("/feed", *[Answer(404)] * 20, _FEED)
        waits = []
        for _ in range(20):
            await polls.poll_when_due(url)
            waits.append(polls.wait(url))
        assert waits[0] < waits[2] < waits[4]
        assert max(waits) <= timedelta(days=1)
        (back,) = await polls.poll_when_due(url)
        assert back.outcome.state.problem is None
        assert polls.wait(url) < _HOUR


async def test_c_410_stops_after_two_and_tells() -> None:
    async with serving() as server, desk(server.address) as polls:
        url = server.url("/feed")
        server.on("/feed", Answer(404), Answer(410), Answer(404), Answer(410), Answer(410))
        states = [polled.outcome.state for polled in await polls.poll_when_due(url, 5)]
    assert [state.kind for state in states] == ["not-found", "gone", "not-found", "gone", "gone"]
    stopped = datetime.fromisoformat(states[-1].next_due) > NEVER - timedelta(days=1)
    assert stopped
    assert all(datetime.fromisoformat(state.next_due).year < 9999 for state in states[:-1]), "two in a row it takes"
    assert "gone for good" in (states[-1].problem or "")
    assert states[-1].reasons[0].rule == "gone"


# 200 that is no feed

_HTML = b"<!DOCTYPE html><html><head><title>The Daily Example</title></head><body><p>News</p></body></html>"
_LOGIN = (
    b"<html><head><title>Sign in</title></head><body><form><input name=u><input type='password' name=p></form></body>"
    b"</html>"
)
_CHALLENGES = {
    "Cloudflare": b"<html><head><title>Just a moment...</title></head><body><script src='/cdn-cgi/challenge-platform/x'"
    b"></script></body></html>",
    "Imperva": b"<html><body><iframe src='/_Incapsula_Resource?x=1'></iframe></body></html>",
    "DataDome": b"<html><body><script src='https://ct.captcha-delivery.com/c.js'></script></body></html>",
    "AWS WAF": b"<html><body><script src='https://x.token.awswaf.com/x/challenge.js'></script></body></html>",
    "Anubis": b"<html><head><title>Making sure you&#39;re not a bot!</title></head></html>",
    "PerimeterX": b"<html><body><div id='px-captcha'></div></body></html>",
    "Sucuri": b"<html><body>Sucuri Website Firewall - Access Denied</body></html>",
    "a captcha": b"<html><body><div class='g-recaptcha'></div></body></html>",
}


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (_HTML, "not-a-feed", "a web page instead of a feed, titled 'The Daily Example'"),
        (_LOGIN, "login", "a login page"),
        (b'{"error": "no such feed"}', "not-a-feed", "'no such feed'"),
        (b'{"items": {"a": 1}}', "not-a-feed", "JSON"),
        (b"[]", "not-a-feed", "JSON"),
        (b'{"broken', "not-a-feed", "neither JSON nor a feed"),
        (b"", "not-a-feed", "empty"),
        (b" \r\n\t", "not-a-feed", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "not-a-feed", ""),
        (b"Service temporarily unavailable", "not-a-feed", ""),
    ],
)
async def test_c_200_that_is_no_feed_is_an_error_and_not_0_items(body: bytes, kind: Kind, words: str) -> None:
    found, problem, wait = await _once(Answer(body=body, headers={"Content-Type": "text/html"}))
    assert found == kind
    assert words in problem
    assert len(problem) > 5
    assert wait >= timedelta(minutes=5)


@pytest.mark.parametrize("status", [200, 202, 403, 405, 429, 503])
@pytest.mark.parametrize("guard", _CHALLENGES)
async def test_c_a_challenge_page_is_blocked_and_says_by_whom(guard: str, status: int) -> None:
    kind, problem, wait = await _once(Answer(status, body=_CHALLENGES[guard], headers={"Content-Type": "text/html"}))
    assert kind == "blocked"
    assert guard in problem
    assert "ask the publisher" in problem
    assert wait >= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("header", "value", "guard"),
    [
        ("cf-mitigated", "challenge", "Cloudflare"),
        ("x-amzn-waf-action", "challenge", "AWS WAF"),
        ("x-datadome", "protected", "DataDome"),
    ],
)
async def test_c_a_challenge_is_known_by_its_header_alone(header: str, value: str, guard: str) -> None:
    kind, problem, _ = await _once(Answer(403, headers={header: value}))
    assert kind == "blocked"
    assert guard in problem


async def test_c_an_empty_feed_is_a_feed_and_a_feed_about_challenges_too() -> None:
    writes = site.rss({"title": "Just a moment: px-captcha, g-recaptcha", "link": "https://daily.example/1"})
    for body in (site.rss(), writes):
        async with serving() as server, desk(server.address) as polls:
            server.on("/feed", Answer(body=body))
            state = (await polls.poll(server.url("/feed"))).outcome.state
            assert state.problem is None


async def test_c_a_failure_keeps_what_is_known_of_the_feed() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", _FEED, Answer(body=_HTML), Answer(500), _FEED)
        states = [polled.outcome.state for polled in await polls.poll_when_due(server.url("/feed"), 4)]
    assert states[0].listed == states[1].listed == states[2].listed
    assert states[0].validators == states[2].validators
    assert [state.failures for state in states] == [0, 1, 2, 0]


# Redirects


@pytest.mark.parametrize("status", [301, 308])
async def test_c_a_permanent_redirect_is_adopted_after_three_identical_sightings(status: int) -> None:
    async with serving() as server, desk(server.address) as polls:
        url = server.url("/feed")
        server.on("/feed", Answer(status, headers={"Location": "/new"}))
        server.on("/new", _FEED)
        polled = await polls.poll_when_due(url, 4)
    assert [found.outcome.adopted for found in polled] == [None, None, server.url("/new"), None]
    assert len(server.seen("/feed")) == 3
    assert len(server.seen("/new")) == 4
    assert polled[-1].outcome.state.url == url, "the feed list is the operator's"


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_c_a_temporary_redirect_is_never_adopted(status: int) -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(status, headers={"Location": "/new"}))
        server.on("/new", _FEED)
        polled = await polls.poll_when_due(server.url("/feed"), 6)
    assert all(found.outcome.adopted is None and found.outcome.state.problem is None for found in polled)
    assert len(server.seen("/feed")) == 6


async def test_c_only_identical_sightings_in_a_row_count() -> None:
    def to(path: str) -> Answer:
        return Answer(301, headers={"Location": path})

    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", to("/a"), to("/a"), to("/b"), to("/a"), to("/a"), _FEED, to("/a"), to("/a"), _FEED)
        server.on("/a", _FEED)
        server.on("/b", _FEED)
        polled = await polls.poll_when_due(server.url("/feed"), 9)
    assert all(found.outcome.adopted is None for found in polled)


async def test_c_what_lies_behind_a_temporary_redirect_is_not_adopted() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(301, headers={"Location": "/now"}))
        server.on("/now", Answer(302, headers={"Location": "/today"}))
        server.on("/today", Answer(301, headers={"Location": "/there"}))
        server.on("/there", _FEED)
        polled = await polls.poll_when_due(server.url("/feed"), 3)
    assert polled[-1].outcome.adopted == server.url("/now")


async def test_c_a_permanent_redirect_to_no_feed_is_not_adopted() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(301, headers={"Location": "/home"}))
        server.on("/home", Answer(body=_HTML))
        polled = await polls.poll_when_due(server.url("/feed"), 5)
    assert all(found.outcome.adopted is None and found.outcome.state.kind == "not-a-feed" for found in polled)


async def test_c_an_adopted_address_that_goes_away_is_given_up() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", *[Answer(301, headers={"Location": "/new"})] * 3, _FEED)
        server.on("/new", *[_FEED] * 3, Answer(404))
        polled = await polls.poll_when_due(server.url("/feed"), 7)
    assert [found.outcome.state.kind for found in polled[3:]] == ["not-found", "not-found", "not-found", None]
    assert len(server.seen("/feed")) == 4


async def test_c_redirect_loops_are_refused() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/self", Answer(302, headers={"Location": "/self"}))
        server.on("/a", Answer(301, headers={"Location": "/b"}))
        server.on("/b", Answer(301, headers={"Location": "/a"}))
        for path in ("/self", "/a"):
            state = (await polls.poll(server.url(path))).outcome.state
            assert state.kind == "redirects"
            assert "circle" in (state.problem or "")
    assert len(server.requests) == 3


async def test_c_more_than_five_hops_are_refused_five_are_followed() -> None:
    async with serving() as server, desk(server.address) as polls:
        for n in range(10):
            server.on(f"/{n}", Answer(302, headers={"Location": f"/{n + 1}"}))
        state = (await polls.poll(server.url("/0"))).outcome.state
        assert state.kind == "redirects"
        assert "more than 5" in (state.problem or "")
        assert len(server.requests) == 6
        server.on("/10", _FEED)
        assert (await polls.poll(server.url("/5"))).outcome.state.problem is None


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/feed",
        "file:///etc/passwd",
        "gopher://x.example/",
        "javascript:1",
        "data:text/xml,<rss/>",
    ],
)
async def test_c_redirects_to_other_schemes_are_refused(location: str) -> None:
    kind, problem, _ = await _once(Answer(302, headers={"Location": location}))
    assert kind == "refused"
    assert problem


async def test_c_a_redirect_without_location_is_an_error() -> None:
    kind, problem, _ = await _once(Answer(302))
    assert kind == "redirects"
    assert "where to" in problem


# The network


async def test_c_dns_a_name_that_does_not_resolve() -> None:
    async with desk() as polls:
        state = (await polls.poll("http://no-such-host.invalid/feed")).outcome.state
    assert state.kind == "no-answer"
    assert state.problem == "the name no-such-host.invalid cannot be resolved"
    assert state.status is None


async def test_c_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*taken.getsockname())
        async with desk(address) as polls:
            state = (await polls.poll(f"http://{address}/feed")).outcome.state
    assert state.kind == "no-answer"
    assert f"cannot connect to {address}" in (state.problem or "")


async def test_c_tls_a_certificate_that_nobody_signed() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_TLS / "certificate.pem", _TLS / "key.pem")
    async with serving(tls=context) as server, desk(server.address) as polls:
        state = (await polls.poll(server.url("/feed"))).outcome.state
    assert state.kind == "tls"
    assert "certificate" in (state.problem or "")
    assert not server.requests, "nothing is fetched without a good certificate"


async def test_c_tls_against_a_server_that_speaks_http() -> None:
    async with serving() as server, desk(server.address) as polls:
        state = (await polls.poll(f"https://{server.address}/feed")).outcome.state
    assert state.kind == "tls"


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"


async def _raw(
    *pieces: bytes, pause: float = 0.0, reset: bool = False, limits: Limits = QUICK
) -> tuple[Kind | None, str, float]:
    """Poll a server that sends these bytes; kind, words, seconds it took."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()

    async with raw(answer) as address, desk(address, limits=limits) as polls:
        started = time.monotonic()
        state = (await polls.poll(f"http://{address}/feed")).outcome.state
        return state.kind, state.problem or "", time.monotonic() - started


async def test_c_reset_in_the_middle_of_the_body() -> None:
    kind, problem, _ = await _raw(_HEAD + b"Content-Length: 100000\r\n\r\n", b"<rss><channel>", reset=True)
    assert kind == "no-answer"
    assert "middle" in problem


async def test_c_a_body_that_ends_early() -> None:
    kind, problem, _ = await _raw(_HEAD + b"Content-Length: 100000\r\n\r\n<rss><channel>")
    assert kind == "no-answer"
    assert "middle" in problem
    kind, _, _ = await _raw(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n")
    assert kind == "no-answer"


async def test_c_a_server_that_closes_without_a_word() -> None:
    kind, _, _ = await _raw()
    assert kind == "no-answer"


async def test_c_what_is_not_http() -> None:
    kind, problem, _ = await _raw(b"220 mail.example ESMTP\r\n")
    assert kind == "no-answer"
    assert problem


async def test_c_slow_loris_in_the_body_meets_the_total_deadline() -> None:
    """A byte now and then: never silent for long, and never done."""
    pieces = [_HEAD + b"Content-Length: 100000\r\n\r\n", *[b"<"] * 1_000]
    limits = Limits(total_seconds=0.6, silence_seconds=0.4)
    kind, problem, took = await _raw(*pieces, pause=0.05, limits=limits)
    assert kind == "no-answer"
    assert "in time" in problem
    assert took < 2


async def test_c_slow_loris_in_the_head_meets_the_total_deadline() -> None:
    limits = Limits(total_seconds=0.6, silence_seconds=0.4)
    kind, _, took = await _raw(*[b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 120], pause=0.05, limits=limits)
    assert kind == "no-answer"
    assert took < 2


async def test_c_a_server_that_falls_silent_is_left_earlier() -> None:
    limits = Limits(total_seconds=30, silence_seconds=0.3)
    kind, _, took = await _raw(_HEAD + b"Content-Length: 9\r\n\r\n<", b"", b"", pause=1.0, limits=limits)
    assert kind == "no-answer"
    assert took < 2


async def test_c_the_deadline_covers_all_hops_together() -> None:
    async with serving() as server, desk(server.address, limits=Limits(total_seconds=0.5)) as polls:
        for n in range(5):
            server.on(f"/{n}", Answer(302, headers={"Location": f"/{n + 1}"}))
        server.delay = 0.2
        started = time.monotonic()
        state = (await polls.poll(server.url("/0"))).outcome.state
    assert state.kind == "no-answer"
    assert time.monotonic() - started < 2
