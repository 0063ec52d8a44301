"""Checklist A: conditional requests, against a real server."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from schemas.feed_state import FeedState, Validators
from schemas.polling import Trust
from streams.polling import validators
from tests import site
from tests.polled import PACE, Desk, desk
from tests.server import Answer, Seen, serving

_ETAG = 'W/"a,b \t;c\\"'
_MODIFIED = "Wed, 18 Feb 2026 09:00:00 +0000"  # not quite as RFC 9110 has it: it goes back as it came
_VALIDATED = {"ETag": _ETAG, "Last-Modified": _MODIFIED}


def _feed(*numbers: int) -> bytes:
    return site.rss(*({"title": f"Report {n}", "link": f"https://daily.example/{n}"} for n in numbers))


def _conditional(seen: Seen) -> Answer:
    """A server that keeps to RFC 9110."""
    if seen.headers.get("If-None-Match") == _ETAG:
        return Answer(304)
    return Answer(body=_feed(1, 2, 3), headers=_VALIDATED)


async def test_a_first_request_without_validators_later_etag_and_last_modified_back_verbatim() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", _conditional)
        for _ in range(3):
            await polls.poll(server.url("/feed"))
    first, *later = server.seen("/feed")
    assert not {"If-None-Match", "If-Modified-Since"} & set(first.headers)
    for request in later:
        assert request.headers["If-None-Match"] == _ETAG
        assert request.headers["If-Modified-Since"] == _MODIFIED


async def test_a_one_of_the_two_validators_is_enough() -> None:
    async with serving() as server, desk(server.address) as polls:
        for path, header in (("/etag", "ETag"), ("/modified", "Last-Modified")):
            server.on(path, Answer(body=_feed(1), headers={header: _VALIDATED[header]}))
            await polls.poll(server.url(path))
            await polls.poll(server.url(path))
    assert "If-Modified-Since" not in server.seen("/etag")[1].headers
    assert "If-None-Match" not in server.seen("/modified")[1].headers


async def test_a_304_keeps_the_validators_updates_cache_headers_no_parse_no_event() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on(
            "/feed",
            Answer(body=_feed(1, 2), headers={**_VALIDATED, "Cache-Control": "max-age=60"}),
            Answer(304, headers={"ETag": '"other"', "Cache-Control": "max-age=7200", "Age": "600"}),
            Answer(304),
        )
        before = (await polls.poll(server.url("/feed"))).outcome.state
        polled = await polls.poll(server.url("/feed"), after=timedelta(minutes=20))
        after = polled.outcome.state
        assert polled.reading is None, "nothing is parsed, so there are no items to send"
        assert after.validators == before.validators
        assert (after.listed, after.body_hash) == (before.listed, before.body_hash)
        assert after.asks.cache_control == "max-age=7200"
        assert polls.wait(server.url("/feed")) >= timedelta(seconds=6600)
        assert after.succeeded == after.polled != before.polled
        assert after.problem is None
        await polls.poll(server.url("/feed"), after=timedelta(hours=2))
        assert polls.states[server.url("/feed")].asks.cache_control == "max-age=7200", "it stands until it is renewed"


async def test_a_validators_are_bound_to_the_exact_url() -> None:
    """A redirect that leads elsewhere today gets no validators of yesterday's address."""
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", Answer(302, headers={"Location": "/one"}), Answer(302, headers={"Location": "/two?x=1"}))
        server.on("/one", Answer(body=_feed(1), headers=_VALIDATED))
        server.on("/two?x=1", Answer(body=_feed(1, 2), headers={"ETag": '"two"'}))
        for _ in range(3):
            await polls.poll(server.url("/feed"))
    assert all("If-None-Match" not in request.headers for request in server.seen("/feed"))
    first, second = server.seen("/two?x=1")
    assert "If-None-Match" not in first.headers
    assert second.headers["If-None-Match"] == '"two"'


async def test_a_another_address_in_the_feed_list_starts_without_validators_and_repeats_no_item() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/old", Answer(body=_feed(1, 2), headers=_VALIDATED))
        server.on("/new", Answer(body=_feed(1, 2, 3), headers=_VALIDATED))
        old, new = server.url("/old"), server.url("/new")
        await polls.poll(old)
        polls.states[new] = polls.states[old]
        polled = await polls.poll(new)
    assert "If-None-Match" not in server.seen("/new")[0].headers
    assert polled.reading is not None
    assert len(polled.reading.items) == 1


async def test_a_validators_are_stored_only_after_the_items_are_safe() -> None:
    """The broker did not take the items: the state stays, so the next request is a full one and brings them again.

    (That the poller stores the state behind the broker's answer is in tests/integration/test_polling.py, by kill -9.)
    """
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", _conditional)
        lost = await polls.poll(server.url("/feed"), stored=False)
        again = await polls.poll(server.url("/feed"))
        assert lost.reading is not None
        assert again.reading is not None
    assert [item.item_id for item in again.reading.items] == [item.item_id for item in lost.reading.items]
    assert "If-None-Match" not in server.seen("/feed")[1].headers


async def test_a_an_identical_body_is_unchanged() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on(
            "/feed",
            Answer(body=_feed(1, 2), headers={"ETag": '"1"'}),
            Answer(body=_feed(1, 2), headers={"ETag": '"2"', "Cache-Control": "max-age=3000"}),
        )
        await polls.poll(server.url("/feed"))
        polled = await polls.poll(server.url("/feed"), after=timedelta(hours=1))
    state = polled.outcome.state
    assert polled.reading is None
    assert state.problem is None
    assert state.succeeded == state.polled
    assert state.validators is not None
    assert state.validators.etag == '"2"', "the newest validators are kept"
    assert state.asks.cache_control == "max-age=3000"


async def _days(polls: Desk, url: str, days: int) -> list[tuple[datetime, bool, int]]:
    """Poll every hour; when, whether the request was conditional, how many items came."""
    found = []
    for _ in range(24 * days):
        polled = await polls.poll(url, after=timedelta(hours=1))
        found.append((polls.now, polled.response.conditional, len(polled.reading.items) if polled.reading else 0))
    return found


async def test_a_a_validator_that_lies_is_found_by_one_unconditional_get_a_day_at_most() -> None:
    """The server says 304 to whatever has validators, although it has news every hour."""
    async with serving() as server, desk(server.address) as polls:
        hour = 0

        def lying(seen: Seen) -> Answer:
            nonlocal hour
            hour += 1
            if "If-None-Match" in seen.headers:
                return Answer(304)
            return Answer(body=_feed(*range(hour, hour + 20)), headers={"ETag": '"always the same"'})

        server.on("/feed", lying)
        url = server.url("/feed")
        found = await _days(polls, url, 3)
        full = [when for when, conditional, _ in found if not conditional]
        assert full[1] - full[0] == timedelta(hours=25), "one unconditional request a day while nothing is known"
        assert all(items for when, _, items in found if when >= full[1]), "then its validators are not believed"
        later = [conditional for _, conditional, _ in await _days(polls, url, 12)]
        assert sum(later) == 1, "a week later it gets one chance, and fails"


async def test_a_validators_that_change_and_lie_are_found_on_the_second_day() -> None:
    async with serving() as server, desk(server.address) as polls:
        hour = 0

        def lying(seen: Seen) -> Answer:
            nonlocal hour
            hour += 1
            if "If-None-Match" in seen.headers:
                return Answer(304)
            return Answer(body=_feed(*range(hour, hour + 20)), headers={"ETag": f'"{hour}"'})

        server.on("/feed", lying)
        found = await _days(polls, server.url("/feed"), 4)
    full = [when for when, conditional, _ in found if not conditional]
    assert [later - earlier for earlier, later in pairwise(full[:3])] == [timedelta(hours=25)] * 2
    assert full[3] - full[2] == timedelta(hours=1)


async def test_a_an_honest_server_gets_one_unconditional_get_a_day_at_most() -> None:
    async with serving() as server, desk(server.address) as polls:
        version = 0

        def honest(seen: Seen) -> Answer:
            etag = f'"{version}"'
            if seen.headers.get("If-None-Match") == etag:
                return Answer(304)
            return Answer(body=_feed(*range(version, version + 5)), headers={"ETag": etag})

        server.on("/feed", honest)
        for _ in range(6):
            found = await _days(polls, server.url("/feed"), 1)
            assert sum(not conditional for _, conditional, _ in found) <= 1
            version += 1
        state = polls.states[server.url("/feed")]
    assert state.trust is not None
    assert state.trust.lies_until is None


def test_a_a_feed_polled_once_a_day_is_not_fetched_in_full_every_day() -> None:
    moment = datetime.fromisoformat("2026-02-18T09:30:00.000Z")
    state = FeedState(
        feed_id="f",
        url="u",
        next_due="2026-02-18T09:30:00.000Z",
        validators=Validators(url="u", etag="1"),
        trust=Trust(full="2026-02-15T09:30:00.000Z", unchanged=3),
    )
    assert validators.to_send(state, moment) == state.validators


async def test_a_no_cookies_no_referrer_no_cache_busting_query() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed?b=2&a=1", Answer(302, headers={"Location": "/there", "Set-Cookie": "id=1; Path=/"}))
        server.on("/there", Answer(body=_feed(1), headers={"Set-Cookie": "id=2; Path=/"}))
        for _ in range(3):
            await polls.poll(server.url("/feed?b=2&a=1"))
    assert len(server.requests) == 6
    for request in server.requests:
        assert request.path in {"/feed?b=2&a=1", "/there"}, "the address is asked for as it is written"
        assert not {"Cookie", "Referer", "Cache-Control", "Pragma"} & set(request.headers)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/feed?sig=%2fab%2B+c'%7e&x=", "/feed?sig=%2fab%2B+c'%7e&x="),
        ("/a//b/../c;d?q=a|b", "/a//b/../c;d?q=a|b"),
        ("/новости feed", "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8%20feed"),
        ("/a#part", "/a"),
    ],
)
async def test_a_the_address_is_asked_for_as_it_is_spelt(path: str, asked: str) -> None:
    async with serving() as server, desk(server.address) as polls:
        await polls.poll(server.url(path))
    assert [request.path for request in server.requests] == [asked]


async def test_a_one_get_on_add() -> None:
    async with serving() as server, desk(server.address) as polls:
        server.on("/feed", _conditional)
        await polls.poll(server.url("/feed"))
        assert polls.wait(server.url("/feed")) >= timedelta(seconds=PACE.floor)
    assert [(request.method, request.path) for request in server.requests] == [("GET", "/feed")]
