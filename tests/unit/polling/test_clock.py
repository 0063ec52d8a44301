"""Clocks that are set, and clocks that differ: edits stay newer than what they replace, nothing waits for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.errors import InvalidTimestampError

from schemas.codec import encode
from schemas.errors import DeliveryError
from schemas.feed import Feed, Subscription
from schemas.feed_state import FeedState
from schemas.times import from_datetime
from streams.broker.refusals import in_words
from streams.clock import Setting
from streams.polling.hosts import Hosts
from streams.polling.poller import Held, Poller
from streams.polling.service import first_of
from streams.settings import Settings
from tests import site
from tests.polled import desk
from tests.server import Answer, serving

_URL = "https://daily.example/feed"


async def test_an_edit_is_later_than_what_it_replaces_whatever_the_clock_says() -> None:
    async with serving() as server, desk(server.address) as polls:
        url = server.url("/feed")
        fetched = []
        for version, passed in enumerate((0, -7_200, 1, -86_400)):
            item = {"title": f"Report, version {version}", "link": "https://daily.example/1"}
            server.on("/feed", Answer(body=site.rss(item)))
            polls.hosts.shift(passed)
            polled = await polls.poll(url, after=timedelta(seconds=passed))
            assert polled.reading is not None
            assert polled.reading.items[0].record.find(from_datetime(polled.fetched).encode()) > 0
            fetched.append(polled.fetched)
        assert fetched == sorted(set(fetched))
        assert datetime.fromisoformat(polls.states[url].next_due) < polls.now + timedelta(hours=1), "by its own clock"


def test_a_clock_that_was_set_is_noticed_once() -> None:
    wall, steady = [1_000.0], [10.0]
    setting = Setting(lambda: wall[0], lambda: steady[0])
    for passed, set_ahead in ((60, 0), (1, 7_200), (3_600, 0), (1, -7_200), (30, 1)):
        steady[0] += passed
        wall[0] += passed + set_ahead
        assert setting.seconds() == (set_ahead if abs(set_ahead) > 5 else 0)


def test_waits_for_a_host_stay_as_long_when_the_clock_is_set() -> None:
    now = [1_000.0]
    hosts = Hosts(gap=1.0, clock=lambda: now[0])
    hosts.rest("daily.example", 300)
    now[0] -= 7_200
    hosts.shift(-7_200)
    assert hosts.free_at("daily.example") - now[0] == 300


def test_what_the_broker_refuses_is_said_in_one_line_however_deep_it_was_raised() -> None:
    refused = DeliveryError(f"the broker does not take what a feed brought: {in_words(InvalidTimestampError())}")
    group: BaseExceptionGroup[Any] = ExceptionGroup("outer", [ExceptionGroup("inner", [refused, refused])])
    assert first_of(group) is refused
    assert str(refused).endswith("ahead of Kafka's clock, or older than its stream keeps")


async def test_a_feed_that_was_polled_in_the_future_is_polled_now() -> None:
    """A poller whose clock is two hours ahead has said when it is due; one whose clock is right takes over."""
    poller = Poller(Settings.from_env({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}))
    now = datetime.now(UTC)
    for ahead, due_soon in ((timedelta(hours=2), True), (timedelta(minutes=1), False)):
        state = FeedState(
            feed_id="a-feed",
            url=_URL,
            polled=from_datetime(now + ahead),
            next_due=from_datetime(now + ahead + timedelta(hours=1)),
        )
        held = Held(Subscription(feed=Feed(id="a-feed", url=_URL)))
        poller.hold(held, encode(state))
        due, _ = poller._agenda._due["a-feed"]
        assert (due < now.timestamp() + 60) is due_soon
    await poller._producer.stop()
