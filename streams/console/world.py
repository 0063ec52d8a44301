"""World: which countries, pairs and topics get attention, from news.stats."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
from aiohttp import web
from aiokafka import ConsumerRecord

from schemas.attention import EVERY, Attention
from schemas.codec import decode
from schemas.errors import ConfigError, DataError
from streams.attention.counting import DAYS, keep_counted
from streams.console.follow import Followed, follow
from streams.console.live import LIVE
from streams.console.state import SETTINGS
from streams.scan import Bounds
from streams.table import STATS

_PAIRS = 300
_PERIODS = {"hour": 1, "day": 24, "week": 168}
_SHOWN = 24
"""Hours that a series shows at least: one alone is no series."""

_records = msgspec.json.Decoder(Attention)

routes = web.RouteTableDef()


class World:
    """What stands on news.stats, by hour and topic; of more than a week nothing is kept."""

    def __init__(self) -> None:
        """Begin empty."""
        self._hours: dict[str, dict[str, Attention]] = {}
        self.loaded = asyncio.Event()

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Take in counts."""
        for record in records:
            hour, _, topic = record.key.decode("utf-8", "replace").partition("/")
            self._hours.setdefault(hour, {}).pop(topic, None)
            with suppress(DataError):
                self._hours[hour][topic] = decode(_records, record.value)
        oldest = (datetime.now(UTC) - timedelta(days=DAYS)).strftime("%Y-%m-%dT%H")
        for hour in [hour for hour, counts in self._hours.items() if hour < oldest or not counts]:
            del self._hours[hour]

    def of(self, hour: str) -> Mapping[str, Attention]:
        """Return the counts of an hour, by topic."""
        return self._hours.get(hour, {})

    def look(self, hours: Sequence[str], shown: Sequence[str], topic: str) -> dict[str, Any]:
        """Return the attention over some hours.

        Args:
            hours: Those that count.
            shown: Those of which the series are, oldest first.
            topic: A topic, or ``all``.
        """
        countries, pairs, topics = Counter[str](), Counter[str](), Counter[str]()
        for hour in hours:
            for name, found in self.of(hour).items():
                topics[name] += found.items
                if name == topic:
                    countries.update(found.countries)
                    pairs.update(found.pairs)
        series = {
            name: [at[name].items if name in (at := self.of(hour)) else 0 for hour in shown] for name in sorted(topics)
        }
        return {
            "items": topics[topic],
            "countries": dict(countries.most_common()),
            "pairs": dict(pairs.most_common(_PAIRS)),
            "topics": dict(topics.most_common()),
            "series": series,
        }


WORLD = web.AppKey("world", World)


async def context(app: web.Application) -> AsyncIterator[None]:
    """Follow the counts, and keep them up to date, as long as the application lives."""
    world, settings = app[WORLD], app[SETTINGS]
    followed = Followed(STATS.name, _all, world.take, world.loaded.set)

    async def count() -> None:
        await world.loaded.wait()
        await keep_counted(settings, world.of)

    tasks = [asyncio.create_task(follow(settings, followed, app[LIVE].health)), asyncio.create_task(count())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _all(bounds: Bounds) -> Mapping[int, int]:
    return bounds.kept


@routes.get("/api/world")
async def world_now(request: web.Request) -> web.StreamResponse:
    """Give the attention of this hour, or of the last 24 or 168 with it: ``period=hour|day|week&topic=…``."""
    period, topic = request.query.get("period", "day"), request.query.get("topic", EVERY)
    if period not in _PERIODS:
        raise ConfigError(f"period={period[:40]!r} is none of {', '.join(_PERIODS)}")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    shown = [now - timedelta(hours=back) for back in range(max(_SHOWN, _PERIODS[period]))][::-1]
    names = [hour.strftime("%Y-%m-%dT%H") for hour in shown]
    found = request.app[WORLD].look(names[-_PERIODS[period] :], names, topic)
    body = orjson.dumps({"period": period, "topic": topic, "hours": names, **found})
    return web.Response(body=body, content_type="application/json")
