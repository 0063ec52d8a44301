"""One decided article on the terminal: removed spans struck through in place, evidence marked, and why."""

from __future__ import annotations

from itertools import cycle

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from schemas.enriched import Enriched

_COLOURS = ("green", "cyan", "yellow", "magenta", "blue", "bright_red")


def show_explanation(event: Enriched, *, articles: int, number: int) -> None:
    """Print the article and what was decided about it."""
    console = Console(highlight=False)
    marked = console.color_system is None
    colours = dict(zip((topic.id for topic in event.topics or ()), cycle(_COLOURS), strict=False))
    title = _evidence(Text(event.title, style="bold"), "title", event, colours, marked=marked)
    parts: list[Text] = [title, Text(_origin(event, articles, number), style="dim"), Text()]
    parts += [_article(event, colours, marked=marked), Text()]
    console.print(Group(*parts), soft_wrap=False)
    console.print(_decisions(event, colours))


def _origin(event: Enriched, articles: int, number: int) -> str:
    confidence = event.language.confidence
    facts = [
        event.source.name,
        event.url or "no address",
        event.published or "no date",
        f"language {event.language.code}" + (f" ({confidence:.0%})" if confidence is not None else ""),
        f"coverage {event.coverage.language}",
    ]
    if articles > 1:
        facts.append(f"article {number} of {articles}: --item")
    return "  ·  ".join(facts)


def _article(event: Enriched, colours: dict[str, str], *, marked: bool) -> Text:
    """Return the text as it came: what was removed is put back, struck through."""
    clean = _evidence(Text(event.text), "text", event, colours, marked=False)
    for doubt in event.uncertain:
        clean.stylize("reverse dim", doubt.start, doubt.end)
    whole = Text()
    position, gone = 0, 0
    for span in event.removed:
        at = span.start - gone
        whole.append_text(clean[position:at])
        shown = f"[-{span.text.strip()}-]" if marked else span.text.strip()
        lead = span.text[: len(span.text) - len(span.text.lstrip())]
        trail = span.text[len(span.text.rstrip()) :]
        whole.append(lead).append(shown, style="strike dim red").append(trail)
        position, gone = at, gone + len(span.text)
    whole.append_text(clean[position:])
    return whole


def _evidence(text: Text, field: str, event: Enriched, colours: dict[str, str], *, marked: bool) -> Text:
    for topic in reversed(event.topics or ()):
        for evidence in topic.evidence:
            if evidence.field == field and not marked:
                text.stylize(f"underline {colours[topic.id]}", evidence.start, evidence.end)
    return text


def _decisions(event: Enriched, colours: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    if event.notice is not None:
        table.add_row("notice", f"{event.reason} by the publisher's own word ({event.notice.rule})")
    table.add_row("geopolitical", _geopolitical(event))
    for topic in event.topics or ():
        words = ", ".join(dict.fromkeys(f"“{evidence.text}”" for evidence in topic.evidence))
        name = Text(topic.id + (" (primary)" if topic.primary else ""), style=f"bold {colours[topic.id]}")
        score = "" if topic.score is None else f" {topic.score:.2f}"
        table.add_row("topic", Text.assemble(name, score, f"  {words}"))
    for role in ("about", "mentioned"):
        found = [f"{c.code} ({c.mentions}: {_said(c.evidence)})" for c in event.countries if c.role == role]
        if found:
            table.add_row(role, ", ".join(found))
    rows = {
        "pairs": [f"{p.a}-{p.b} in {p.sentences} sentences ({', '.join(p.topics) or 'no topic'})" for p in event.pairs],
        "places": [place.name for place in event.places],
        "actors": [actor.name for actor in event.actors],
    }
    for kind, entries in rows.items():
        if entries:
            table.add_row(kind, ", ".join(entries))
    for span in event.removed:
        table.add_row(
            "removed", Text.assemble((span.text.strip()[:70], "strike dim red"), f"  {span.kind}, {span.rule}")
        )
    for doubt in event.uncertain:
        table.add_row("kept, doubtful", f"{event.text[doubt.start : doubt.end].strip()[:70]}  {doubt.rule}")
    return table


def _geopolitical(event: Enriched) -> str:
    value, score = event.geopolitical.value, event.geopolitical.score
    if value is None:
        return "not known: there is no topic knowledge for this language"
    return ("yes" if value else "no") + (f" {score:.2f}" if score is not None else "")


def _said(evidence: tuple[object, ...]) -> str:
    return ", ".join(dict.fromkeys(str(getattr(e, "text", "")) for e in evidence))
