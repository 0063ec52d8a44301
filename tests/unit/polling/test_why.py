"""Checklist B: the reasons are recorded, and said in plain words."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from schemas.polling import Reason, Rule
from streams.polling.why import in_words, span, why
from tests import site
from tests.polled import START, desk
from tests.server import Answer, serving


async def test_b_why_says_when_and_why_in_plain_words() -> None:
    items = [{"title": f"Report {n}", "link": f"https://daily.example/{n}"} for n in range(3)]
    page = site.rss(*items).replace(b"<channel>", b"<channel><ttl>90</ttl><skipHours><hour>11</hour></skipHours>")
    async with serving() as server, desk(server.address) as polls:
        url = server.url("/feed")
        assert list(why(url, None, now=START)) == ["is polled for the first time as soon as a poller runs"]
        server.on("/feed", Answer(body=page), Answer(503), Answer(429, headers={"Retry-After": "7200"}), Answer(410))
        await polls.poll(url)
        lines = list(why(url, polls.states[url], now=polls.now))
        assert lines[0].startswith("is polled next at 2026-02-18T12:0")
        assert "because the publisher's ttl asks for 1 h 30 min between two polls" in lines
        assert any(line.startswith("also: the publisher's skipHours or skipDays move it by") for line in lines)
        assert any("items a day" in line for line in lines)
        await polls.poll_when_due(url)
        lines = list(why(url, polls.states[url], now=polls.now))
        assert any("which failed: HTTP 503" in line for line in lines)
        await polls.poll_when_due(url)
        lines = list(why(url, polls.states[url], now=polls.now))
        assert any("failed, 2 times in a row: HTTP 429" in line for line in lines)
        assert any("asked to be left alone until" in line for line in lines)
        other = server.url("/other")
        shown = list(why(other, None, now=polls.now, others=polls.states.values()))
        assert len(shown) == 1
        await polls.poll_when_due(url, 2)
        assert next(iter(why(url, polls.states[url], now=polls.now))) == "is not polled any more"


@pytest.mark.parametrize("rule", get_args(Rule))
def test_b_every_rule_has_words(rule: Rule) -> None:
    assert len(in_words(Reason(rule, 90.0))) > 10
    assert "{" not in in_words(Reason(rule, 90.0))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59.6, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (90_061, "1 d 1 h"), (-120, "-2 min")],
)
def test_b_spans(seconds: float, shown: str) -> None:
    assert span(seconds) == shown
    assert timedelta(seconds=abs(seconds)) < timedelta(days=2)
