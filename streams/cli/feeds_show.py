"""What the commands of ``geowire feeds`` show."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from rich.table import Table
from rich.text import Text

from schemas.errors import BrokerError, ConfigError
from schemas.feed import Subscription
from schemas.feed_state import FeedState
from streams.cli.audit import printable
from streams.cli.show import console, write_json
from streams.polling import editing, feedlist, states, subscriptions
from streams.settings import Settings

_STATE_WIDTH = 36

Known = tuple[Mapping[str, Subscription], Mapping[str, FeedState]]
"""The feeds and their states, by feed id."""


def show_feeds(settings: Settings, *, path: Path | None, state: str | None, as_json: bool) -> None:
    """Print the feeds and how each is.

    Args:
        settings: The settings.
        path: Print the feeds of this list instead; where there is no broker, those of the list that would be in force.
        state: Only feeds of which this is true.
        as_json: One JSON object a feed.

    Raises:
        ConfigError: The list is wrong.
    """
    problem = None
    listed = None if path is None else {feed.id: Subscription(feed=feed, listed=True) for feed in feedlist.load(path)}
    try:
        feeds, known = _read(settings)
        feeds = feeds if listed is None else listed
    except BrokerError as error:
        problem = str(error)
        in_force = feedlist.in_force(settings.feeds) if listed is None else []
        feeds, known = listed or {feed.id: Subscription(feed=feed, listed=True) for feed in in_force}, {}
    shown = {
        feed_id: subscription
        for feed_id, subscription in sorted(feeds.items())
        if not subscription.removed and (state is None or state in _said(subscription, known.get(feed_id)))
    }
    if as_json:
        for feed_id, subscription in shown.items():
            write_json(_as_object(subscription, known.get(feed_id)))
    else:
        console.print(_table(shown, known))
        if problem is None:
            console.print(Text(_summary(feeds, known), style="dim"), soft_wrap=True)
    if problem:
        print(f"geowire: how the feeds are is not known: {problem}", file=sys.stderr)


def show_why(settings: Settings, word: str, *, as_json: bool) -> None:
    """Say when a feed is polled next, and why.

    Raises:
        ConfigError: There is no such feed.
        BrokerError: There is no broker to ask.
    """
    from streams.polling.why import in_words

    feeds, known = _read(settings)
    feed_id = editing.find(feeds, word)
    subscription, state = feeds[feed_id], known.get(feed_id)
    lines = list(_why(subscription, state, known))
    if as_json:
        reasons = [
            {"rule": reason.rule, "seconds": reason.seconds, "words": in_words(reason)}
            for reason in (state.reasons if state else ())
        ]
        facts = {"feed": feed_id, "url": subscription.feed.url, "next_due": state.next_due if state else None}
        write_json({**facts, "reasons": reasons, "says": lines})
        return
    print(f"{feed_id}  {printable(subscription.url)}")
    for line in lines:
        print(f"  {printable(line)}")


def write_list(settings: Settings, file: Path | None, *, form: Literal["yaml", "opml", "lines"]) -> None:
    """Write the feeds as a feed list.

    Raises:
        ConfigError: The file cannot be written.
        BrokerError: There is no broker to ask.
    """
    feeds, _ = _read(settings)
    kept = [subscription.feed for _, subscription in sorted(feeds.items()) if not subscription.removed]
    text = {"yaml": feedlist.dump, "opml": feedlist.opml, "lines": feedlist.lines}[form](kept)
    if file is None:
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error


def _read(settings: Settings) -> Known:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def read() -> Known:
        roll, known = await asyncio.gather(subscriptions.read(settings), states.load(settings))
        return roll.feeds, known

    return asyncio.run(read())


def _why(subscription: Subscription, state: FeedState | None, known: Mapping[str, FeedState]) -> Iterator[str]:
    from streams.polling.why import why

    feed_id = subscription.feed.id
    if subscription.removed:
        yield f"is not polled: it was removed by a command (`geowire feeds add {subscription.feed.url}` brings it back)"
    elif subscription.paused:
        yield f"is not polled: it is paused since {subscription.paused[:16]}Z (`geowire feeds resume {feed_id}`)"
    else:
        others = (other for other_id, other in known.items() if other_id != feed_id)
        yield from why(subscription.feed.url, state, now=datetime.now(UTC), others=others)
        if state is not None and "gone" in state.standing:
            yield f"`geowire feeds resume {feed_id}` has it polled again"
    if state is not None and "stale" in state.standing:
        yield f"it has brought nothing new since {(state.news or '')[:10]}"


def _said(subscription: Subscription, state: FeedState | None) -> set[str]:
    """Return the words that are true of a feed, as ``--state`` takes them."""
    if not subscription.active:
        return {"paused"}
    if state is None or state.polled is None:
        return {"never-polled"}
    return {"failing" if state.problem else "ok", *state.standing}


def _as_object(subscription: Subscription, state: FeedState | None) -> dict[str, Any]:
    told = msgspec.to_builtins(subscription)
    feed = told.pop("feed")
    return {**feed, **told, "is": sorted(_said(subscription, state)), "state": msgspec.to_builtins(state)}


def _table(feeds: Mapping[str, Subscription], known: Mapping[str, FeedState]) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    # The id is what the other commands are told: never cut, however narrow the terminal.
    table.add_column("Id", no_wrap=True, min_width=max(map(len, feeds), default=0))
    for name in ("Publisher", "", "Lang"):
        table.add_column(name, no_wrap=True)
    table.add_column("State", no_wrap=True, overflow="ellipsis", max_width=_STATE_WIDTH)
    table.add_column("Address", no_wrap=True, overflow="ellipsis")
    for feed_id, subscription in feeds.items():
        feed = subscription.feed
        table.add_row(
            feed_id,
            Text(printable(feed.publisher or feed.title or "")),
            feed.country or "",
            feed.language or "",
            _state(subscription, known.get(feed_id)),
            Text(printable(subscription.url)),
        )
    return table


def _state(subscription: Subscription, state: FeedState | None) -> Text:
    if subscription.paused:
        return Text(f"paused since {subscription.paused[:10]}", style="yellow")
    if state is None or state.polled is None:
        return Text("not polled yet", style="dim")
    standing = "".join(f"{name}; " for name in state.standing)
    if state.problem:
        return Text(printable(f"{standing}{state.problem}"), style="red")
    return Text(f"{standing}ok, next {state.next_due[11:16]}", style="yellow" if standing else "green")


def _summary(feeds: Mapping[str, Subscription], known: Mapping[str, FeedState]) -> str:
    active = [feed_id for feed_id, subscription in feeds.items() if subscription.active]
    dead = len(editing.dead(feeds, known))
    hint = f"; {dead} never answered with a feed: `geowire feeds pause --dead` pauses them" if dead else ""
    return f"{len(active):,} feeds are polled{hint}"
