"""The commands. Each one reads the settings, calls one function of the rooms behind it, and prints.

Imports stand inside the commands: ``geowire --help`` must not load Faust or the knowledge files.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.cli.dlq import dlq_cli
from streams.cli.feeds import feeds_cli
from streams.cli.help import complete_stream, complete_topic, examples
from streams.cli.knowledge import knowledge_cli
from streams.cli.replay import replay_cli
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.tail import Filter

cli = typer.Typer(
    name="geowire",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
streams_cli = typer.Typer(help="The streams on the broker.", no_args_is_help=True)
broker_cli = typer.Typer(help="The embedded Kafka.", no_args_is_help=True)
cli.add_typer(streams_cli, name="streams")
cli.add_typer(feeds_cli, name="feeds")
cli.add_typer(broker_cli, name="broker")
cli.add_typer(replay_cli, name="replay")
cli.add_typer(dlq_cli, name="dlq")
cli.add_typer(knowledge_cli, name="knowledge")

Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", help="Only events with this topic; may be repeated.", autocompletion=complete_topic),
]
Countries = Annotated[
    list[str] | None, typer.Option("--country", help="Only events about this country (ISO 3166): CN.")
]
Languages = Annotated[list[str] | None, typer.Option("--language", help="Only events in this language: en.")]
Geo = Annotated[bool | None, typer.Option("--geo/--no-geo", help="Only geopolitical events, or only others.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"geowire {version('geowire')}")
        raise typer.Exit


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """News feeds in, enriched geopolitical events out, on Kafka."""


@cli.command(
    epilog=examples(
        "geowire run  # the shipped feeds, shown live",
        "geowire run --feeds my.opml",
        "geowire run --sample --plain  # invented outlets, log lines",
    )
)
def run(
    feeds: Annotated[Path | None, typer.Option(help="Feed list: YAML, OPML or one address a line.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Play the sample newsroom instead of polling.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Log lines instead of the live view.")] = False,
) -> None:
    """Start everything in order: Kafka, streams, worker, poller, console. Ctrl-C stops it in order.

    Without a feed list the shipped one is polled; where none of its feeds can be reached, the sample newsroom plays.
    """
    import dataclasses

    from schemas.errors import ConfigError
    from streams.run import run_all

    if feeds and sample:
        raise ConfigError("--feeds and --sample exclude each other: the sample newsroom has its own feeds")
    settings = Settings.from_env()
    run_all(dataclasses.replace(settings, feeds=feeds) if feeds else settings, sample=sample, plain=plain)


@cli.command(epilog=examples("geowire poll --feeds my.yaml", "geowire poll --once  # each feed once, for a cron job"))
def poll(
    feeds: Annotated[Path | None, typer.Option(help="Feed list: YAML, OPML or one address a line.")] = None,
    once: Annotated[bool, typer.Option(help="Poll every feed once, then end.")] = False,
) -> None:
    """Poll feeds and push new and changed items onto news.raw."""
    from streams.polling.service import serve

    settings = Settings.from_env()
    serve(settings, feeds or settings.feeds, once=once)


@cli.command(epilog=examples("geowire work  # as many as there are cores, up to one a partition"))
def work() -> None:
    """Run a worker: deduplicate, strip, classify, publish, cluster."""
    from streams.worker import work as run_worker

    run_worker(Settings.from_env())


@cli.command(epilog=examples("geowire console  # says where; GEOWIRE_CONSOLE_PORT=0 takes a free port"))
def console() -> None:
    """Serve the console: live events, the world, feeds and the pipe in a browser."""
    from streams.console.serve import serve

    serve(Settings.from_env())


@cli.command(
    epilog=examples("geowire pipe < items.jsonl > events.jsonl", "geowire pipe --stateless --stories < items.jsonl")
)
def pipe(
    stateless: Annotated[bool, typer.Option(help="Leave out dedupe: every line is new.")] = False,
    stories: Annotated[
        bool, typer.Option("--stories", help="Wait for the last line, and say which story each item is in.")
    ] = False,
) -> None:
    """Read items as JSON lines, write decisions as JSON lines: the stream's own functions, without Kafka.

    Input: {"title", "text", "id"?, "feed"?, "url"?, "published"?, "language"?}; text is plain or HTML.
    """
    import gc
    from functools import partial

    from agents.cluster.stories import Stories
    from agents.enrich.enrich import enrich_whole, load_knowledge
    from schemas.times import HOUR_MS
    from streams.pipe import pipe as run_pipe

    settings = Settings.from_env()
    knowledge = load_knowledge(settings.knowledge_dir)
    gc.freeze()
    decide = partial(enrich_whole, knowledge=knowledge, text=settings.event_text)
    clustered = Stories(window=settings.story_hours * HOUR_MS, kept=None) if stories else None
    lines = (line for line in sys.stdin.buffer if line.strip())
    for output in run_pipe(lines, decide, stateless=stateless, stories=clustered):
        sys.stdout.buffer.write(output + b"\n")
        sys.stdout.buffer.flush()


@cli.command(
    epilog=examples(
        "geowire tail  # news.enriched, from now on",
        "geowire tail --topic sanctions --country IR --language en",
        "geowire tail news.dead-letter --beginning --no-follow",
        "geowire tail --beginning --limit 10 --json",
    )
)
def tail(
    stream: Annotated[
        str, typer.Argument(help="Name of the stream, e.g. news.enriched.", autocompletion=complete_stream)
    ] = "news.enriched",
    beginning: Annotated[bool, typer.Option("--beginning", help="From the first record that is kept.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="End after so many records.")] = None,
    follow: Annotated[bool, typer.Option(help="Wait for new records at the end of the stream.")] = True,
    topic: Topics = None,
    country: Countries = None,
    language: Languages = None,
    geo: Geo = None,
    as_json: AsJson = False,
) -> None:
    """Show the records of a stream as they arrive."""
    import asyncio

    from streams.tail import tail as follow_stream

    only = _filter(topic, country, language, geo)
    settings = Settings.from_env()
    asyncio.run(
        follow_stream(settings, stream, beginning=beginning, limit=limit, follow=follow, as_json=as_json, only=only)
    )


@cli.command(
    epilog=examples(
        "geowire export --as csv --since 7d --topic sanctions > sanctions.csv",
        "geowire export --as ninjs --country IR --out iran.jsonl",
        "geowire export --geo  # JSON lines, of all that is kept",
    )
)
def export(
    form: Annotated[
        Literal["jsonl", "csv", "ninjs"], typer.Option("--as", help="JSON lines, CSV, or IPTC ninjs 3.1 a line.")
    ] = "jsonl",
    since: Annotated[
        str | None, typer.Option(help="Only what was published from then on: 2h, 3d, or an ISO time.")
    ] = None,
    topic: Topics = None,
    country: Countries = None,
    language: Languages = None,
    source: Annotated[list[str] | None, typer.Option(help="Only events of this feed, by id; may be repeated.")] = None,
    geo: Geo = None,
    out: Annotated[Path | None, typer.Option(help="Where to; else standard output.")] = None,
) -> None:
    """Write what stands of each item: the newest version, nothing that was withdrawn.

    Texts are excerpts of at most 300 characters; GEOWIRE_SERVE_TEXT names feeds whose texts are written whole.
    """
    from streams.cli.export import run_export

    run_export(Settings.from_env(), form, when=since, only=_filter(topic, country, language, geo, source), out=out)


@cli.command(epilog=examples("geowire status", "geowire status --json"))
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Show broker, streams, workers, feeds, dead letters, knowledge. Exit code 1 where one needs attention."""
    from streams.cli.status import run_status

    if not run_status(Settings.from_env(), as_json=as_json):
        raise typer.Exit(1)


@cli.command(epilog=examples("geowire audit --since 2h", "geowire audit --feed meridian-wire --json"))
def audit(
    since: Annotated[str | None, typer.Option(help="Raw records from then on: 2h, 3d, or an ISO time.")] = None,
    feed: Annotated[str | None, typer.Option(help="Id of one feed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Account for every raw record: each has exactly one outcome. Exit code 1 where one has not."""
    from streams.cli.audit import run_audit

    if not run_audit(Settings.from_env(), when=since, feed=feed, as_json=as_json):
        raise typer.Exit(1)


@cli.command(
    epilog=examples(
        "geowire forget --url https://daily.example/2026/02/talks  # says what it would do",
        "geowire forget --item 1cc6fd9e-c61a-53b1-9524-1dbf2a5ab9ed --note 'request 17' --execute",
        "geowire forget --source gulf-monitor --undo --execute",
    )
)
def forget(
    item: Annotated[str | None, typer.Option(help="Item id.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of an article.")] = None,
    source: Annotated[str | None, typer.Option(help="Feed id: everything of that feed, now and later.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, for the record; nothing of the text.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it off the list again.")] = False,
    execute: Annotated[
        bool, typer.Option("--execute", help="Do it. Without, it is only said what would be done.")
    ] = False,
) -> None:
    """Take an item back, or all of a feed, and let nothing of it come again."""
    from streams.cli.forget import run_forget
    from streams.forget import target

    wanted = target(item=item, url=url, source=source)
    run_forget(Settings.from_env(), wanted, note=note, undo=undo, execute=execute)


@cli.command(
    epilog=examples(
        "geowire explain article.txt",
        "geowire explain https://daily.example/2026/02/talks --language en",
        "geowire explain feed.xml --item 3 --json",
    )
)
def explain(
    source: Annotated[str, typer.Argument(help="A file, an http(s) address, or - for standard input.")],
    title: Annotated[str | None, typer.Option(help="Headline, where the text has none.")] = None,
    language: Annotated[str | None, typer.Option(help="Language, instead of detecting it: en, pt, zh.")] = None,
    item: Annotated[int, typer.Option(min=1, help="Which article, of a feed document.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show one article as the stream would decide it: what is removed, what speaks for what.

    Reads plain text, an HTML page, a feed document, a line of `geowire pipe`, a raw item or an enriched event.
    """
    from streams.cli.explain import show_explanation
    from streams.explain import explain as decide

    event, articles = decide(Settings.from_env(), source, title=title, language=language, number=item)
    if as_json:
        from schemas.codec import encode

        sys.stdout.buffer.write(encode(event) + b"\n")
    else:
        show_explanation(event, articles=articles, number=item)


@cli.command(epilog=examples("geowire config", "geowire config --json"))
def config(
    as_json: AsJson = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The page docs/configuration.md, with defaults.")
    ] = False,
) -> None:
    """Print the effective settings; secrets are hidden."""
    from streams.cli.show import settings_page, show_settings

    if markdown:
        print(settings_page(), end="")
    else:
        show_settings(Settings.from_env(), as_json=as_json)


@streams_cli.command("apply", epilog=examples("geowire streams apply"))
def streams_apply(as_json: AsJson = False) -> None:
    """Create the streams that are missing; refuse where those that are there differ from the table."""
    import asyncio

    from streams.broker import admin
    from streams.cli.show import show_streams

    settings = Settings.from_env()
    show_streams(settings, asyncio.run(admin.apply(settings)), as_json=as_json)


@streams_cli.command("list", epilog=examples("geowire streams list", "geowire streams list --json"))
def streams_list(as_json: AsJson = False) -> None:
    """Show the stream table, and how each stream is on the broker."""
    import asyncio

    from streams.broker import admin
    from streams.cli.show import show_streams

    settings = Settings.from_env()
    show_streams(settings, asyncio.run(admin.status(settings)), as_json=as_json)


@streams_cli.command(
    "tombstone",
    epilog=examples(
        "geowire streams tombstone geowire-dedupe-changelog 1cc6fd9e-c61a-53b1-9524-1dbf2a5ab9ed --partition 3"
    ),
)
def streams_tombstone(
    stream: Annotated[str, typer.Argument(help="A compacted stream.")],
    key: Annotated[str, typer.Argument(help="The key to delete.")],
    partition: Annotated[int, typer.Option(help="Its partition.")] = 0,
) -> None:
    """Delete a key of a compacted stream, for a record that no version of geowire can read."""
    import asyncio

    from streams.broker import admin

    asyncio.run(admin.tombstone(Settings.from_env(), stream, key.encode(), partition))
    print(f"{stream} partition {partition}: {key} is deleted")


@broker_cli.command("fetch", epilog=examples("geowire broker fetch"))
def broker_fetch() -> None:
    """Fetch Kafka's jars with Maven, unless they are there."""
    from rich.console import Console

    from streams.broker.jars import fetch_jars, find_java

    settings = Settings.from_env()
    if settings.bootstrap_servers:
        print("KAFKA_BOOTSTRAP_SERVERS is set: no embedded Kafka is needed")
        return
    find_java()
    with Console(stderr=True).status("fetching Kafka's jars"):  # shown on a terminal only
        jars = fetch_jars(settings.cache_dir)
    print(f"Kafka's jars: {jars}")


@broker_cli.command(
    "run", epilog=examples("geowire broker run  # then geowire poll and geowire work in other terminals")
)
def broker_run() -> None:
    """Run only the embedded Kafka, in the foreground, with its streams."""
    import asyncio

    from streams.broker import admin
    from streams.broker.embedded import EmbeddedKafka
    from streams.run import wait_for_signal

    settings = Settings.from_env()
    with EmbeddedKafka(settings) as kafka:
        asyncio.run(admin.apply(settings))
        print(f"Kafka at {kafka.address}, data in {kafka.directory}; Ctrl-C stops it", flush=True)
        wait_for_signal(kafka.alive)


def _filter(
    topics: list[str] | None,
    countries: list[str] | None,
    languages: list[str] | None,
    geo: bool | None,
    sources: list[str] | None = None,
) -> Filter:
    from streams.tail import Filter

    return Filter(
        topics=frozenset(topics or ()),
        countries=frozenset(code.upper() for code in countries or ()),
        languages=frozenset(languages or ()),
        geo=frozenset() if geo is None else frozenset({str(geo).lower()}),
        sources=frozenset(sources or ()),
    )
