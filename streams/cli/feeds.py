"""``geowire feeds``: what is polled. Changes go onto the stream ``feeds``; pollers that run follow them at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.cli.help import examples
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.polling.editing import Feeds

feeds_cli = typer.Typer(
    help="What is polled: add, remove, pause, look into. Works while pollers run, and when none does.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]
Words = Annotated[list[str], typer.Argument(metavar="FEED...", help="Ids or addresses of feeds.")]


@feeds_cli.command("list", epilog=examples("geowire feeds list", "geowire feeds list --state failing --json"))
def list_(
    state: Annotated[
        Literal["ok", "failing", "never-polled", "paused", "gone", "stale", "blocked"] | None,
        typer.Option(help="Only feeds of which this is true."),
    ] = None,
    feeds: Annotated[
        Path | None, typer.Option(help="The feeds of this list instead, with what is known of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the feeds, and how each is."""
    from streams.cli.feeds_show import show_feeds

    show_feeds(Settings.from_env(), path=feeds, state=state, as_json=as_json)


@feeds_cli.command(epilog=examples("geowire feeds why meridian-wire"))
def why(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="Id or address of a feed.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Say in plain words when a feed is polled next, and why then."""
    from streams.cli.feeds_show import show_why

    show_why(Settings.from_env(), feed, as_json=as_json)


@feeds_cli.command(
    epilog=examples(
        "geowire feeds add https://daily.example/feed",
        "geowire feeds add https://daily.example --id daily --language en --content page",
    )
)
def add(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="Addresses of feeds, or of sites that have one.")],
    feed_id: Annotated[str | None, typer.Option("--id", help="Name for the feed; items and state hang on it.")] = None,
    title: Annotated[str | None, typer.Option(help="Title, instead of the feed's own.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Who publishes it.")] = None,
    country: Annotated[str | None, typer.Option(help="Where the publisher sits (ISO 3166): GB.")] = None,
    language: Annotated[str | None, typer.Option(help="Language (BCP 47): en.")] = None,
    content: Annotated[
        Literal["feed", "page"] | None, typer.Option(help="Where the text is taken from: page fetches each article.")
    ] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="Without looking whether there is a feed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add feeds, or say more of one that is there. They stay, whatever feed list is in force.

    Of a site its feed is added: the one that its page declares or links to, its news sitemap, or one where feeds often
    are; others are named.
    """
    from schemas.errors import ConfigError
    from streams.cli.feeds_change import change
    from streams.polling import editing, feedlist

    if feed_id is not None and len(urls) > 1:
        raise ConfigError(f"--id names one feed, but {len(urls)} addresses are given")
    told = {
        "id": feed_id,
        "title": title,
        "publisher": publisher,
        "country": country,
        "language": language,
        "content": content,
    }
    said = {name: value for name, value in told.items() if value is not None}
    feeds = [feedlist.feed(url, **said) for url in urls]
    if not as_is:
        from streams.cli.feeds_find import feeds_at

        feeds = [feedlist.feed(url, **said) for url in feeds_at(Settings.from_env(), urls)]
    change(lambda known: editing.add(known, feeds), as_json=as_json)


@feeds_cli.command(epilog=examples("geowire feeds remove daily"))
def remove(feeds: Words, as_json: AsJson = False) -> None:
    """Stop polling feeds for good, also those that the feed list names."""
    from streams.cli.feeds_change import change
    from streams.polling import editing

    change(lambda known: editing.remove(known, _ids(known, feeds)), as_json=as_json)


@feeds_cli.command(epilog=examples("geowire feeds pause daily", "geowire feeds pause --dead"))
def pause(
    feeds: Annotated[list[str] | None, typer.Argument(metavar="FEED...", help="Ids or addresses of feeds.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that never answered with a feed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop polling feeds until they are resumed."""
    from schemas.errors import ConfigError
    from streams.cli.feeds_change import change, dead_feeds
    from streams.polling import editing

    if bool(feeds) == dead:
        raise ConfigError("name the feeds to pause, or give --dead")
    found = dead_feeds() if dead else []
    change(lambda known: editing.pause(known, found if dead else _ids(known, feeds or []), now=_now()), as_json=as_json)


@feeds_cli.command(epilog=examples("geowire feeds resume daily"))
def resume(feeds: Words, as_json: AsJson = False) -> None:
    """Poll feeds again, at once: paused ones, and those that were given up as gone."""
    from streams.cli.feeds_change import change
    from streams.polling import editing

    change(lambda known: editing.resume(known, _ids(known, feeds), now=_now()), as_json=as_json)


@feeds_cli.command("import", epilog=examples("geowire feeds import subscriptions.opml"))
def import_(
    file: Annotated[Path, typer.Argument(help="OPML, YAML or one address a line; - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Add the feeds of a file. They stay, whatever feed list is in force."""
    from streams.cli.feeds_change import change
    from streams.polling import editing, feedlist

    piped = str(file) == "-"
    feeds = feedlist.parse(sys.stdin.buffer.read(), shown="standard input") if piped else feedlist.load(file)
    change(lambda known: editing.add(known, feeds), as_json=as_json)


@feeds_cli.command(
    epilog=examples("geowire feeds export feeds.yaml", "geowire feeds export --format opml > feeds.opml")
)
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; else standard output.")] = None,
    form: Annotated[Literal["yaml", "opml", "lines"], typer.Option("--format", help="Which form.")] = "yaml",
) -> None:
    """Write the feeds as a feed list, paused ones too."""
    from streams.cli.feeds_show import write_list

    write_list(Settings.from_env(), file, form=form)


@feeds_cli.command(epilog=examples("geowire feeds sync my.yaml"))
def sync(
    feeds: Annotated[Path | None, typer.Argument(metavar="FILE", help="Feed list; else GEOWIRE_FEEDS.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put a feed list in force, as pollers do when they start. Of what an earlier one brought, what it lacks goes."""
    from streams.cli.feeds_change import change
    from streams.polling import editing, feedlist

    listed = feedlist.in_force(feeds or Settings.from_env().feeds)
    change(lambda known: editing.follow_list(known, listed), as_json=as_json)


@feeds_cli.command(
    epilog=examples("geowire feeds check https://daily.example/feed", "geowire feeds check feed.xml --json")
)
def check(
    source: Annotated[str, typer.Argument(metavar="URL|FILE", help="Address of a feed, a file, or -.")],
    page: Annotated[bool, typer.Option("--page", help="Fetch the newest article's page too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Poll a feed once and say what it is: format, window, texts, dates, rights, what is wrong. Needs no Kafka.

    Exit code 1 where there is no feed; of a web page the feeds that it names are shown.
    """
    from streams.cli.feeds_check import run_check

    if not run_check(Settings.from_env(), source, page=page, as_json=as_json):
        raise typer.Exit(1)


@feeds_cli.command(epilog=examples("geowire feeds parse feed.xml --url https://daily.example/feed"))
def parse(
    file: Annotated[Path, typer.Argument(help="A feed document; - for standard input.")],
    url: Annotated[str, typer.Option(help="Where it came from, for relative links.")] = "http://localhost/feed",
    content_type: Annotated[str | None, typer.Option(help="Its Content-Type header.")] = None,
) -> None:
    """Print a feed document's raw items as JSON lines, by the poller's own parser."""
    from schemas.errors import ConfigError
    from schemas.raw import FeedRef
    from streams.polling.answers import asking
    from streams.polling.feedlist import feed_id
    from streams.polling.fetch import Response
    from streams.polling.reading import read

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    response = Response(url=url, status=200, headers={"content-type": content_type} if content_type else {})
    reading = read(asking(response, FeedRef(id=feed_id(url), url=url), fetched=_now()), body)
    for item in reading.items:
        sys.stdout.buffer.write(item.record + b"\n")
    sys.stdout.buffer.flush()
    if reading.problem:
        print(f"geowire: {file}: {reading.problem}", file=sys.stderr)
    if not reading.version and not reading.items:
        raise typer.Exit(1)


def _now() -> str:
    from datetime import UTC, datetime

    from schemas.times import from_datetime

    return from_datetime(datetime.now(UTC))


def _ids(known: Feeds, words: Sequence[str]) -> list[str]:
    from streams.polling import editing

    return [editing.find(known, word) for word in words]
