"""What ``geowire knowledge`` prints."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from agents.enrich.enrich import enrich, load_knowledge, read_knowledge
from agents.enrich.matches import matches
from agents.enrich.overlay import changes, check
from agents.publish.publish import Provenance
from schemas.codec import encode
from schemas.enriched import RawRef
from schemas.errors import ConfigError
from streams.cli.progress import Advance, bars
from streams.cli.show import write_json
from streams.pipe import Line, raw_item
from streams.replay.compare import essence, kinds, text_change
from streams.settings import Settings

_PROVENANCE = Provenance(reason="new", supersedes=None, raw=RawRef(stream="-", partition=0, offset=0), generation=0)
_SHOWN = 60
_lines = msgspec.json.Decoder(Line)


def show_check(settings: Settings, directory: Path | None, *, as_json: bool) -> bool:
    """Print what is wrong with a knowledge directory, or with the shipped files; return whether nothing is."""
    chosen = directory or settings.knowledge_dir
    faults = check(chosen)
    if as_json:
        for fault in faults:
            write_json({"fault": fault})
    elif faults:
        for fault in faults:
            print(fault)
    else:
        counted = "" if chosen is None else _counted(Counter(change.effect for change in changes(chosen)))
        print(f"{chosen or 'shipped files'}: nothing is wrong{counted and f'; {counted}'}")
    return not faults


def show_test(
    settings: Settings, directory: Path | None, source: str, *, title: str, language: str | None, as_json: bool
) -> None:
    """Print what matches in a text."""
    knowledge, files = read_knowledge(directory or settings.knowledge_dir)
    item = raw_item(Line(title=title, text=_text(source), language=language))
    if language:
        item = msgspec.structs.replace(item, language=language)
    event = enrich(item, _PROVENANCE, knowledge)
    found = matches(event, knowledge, files)
    if as_json:
        for match in found:
            write_json(msgspec.to_builtins(match))
        return
    topics = "not known" if event.topics is None else ", ".join(topic.id for topic in event.topics) or "none"
    about = ", ".join(country.code for country in event.countries if country.role == "about") or "none"
    print(f"language {event.language.code}  ·  topics {topics}  ·  about {about}")
    rows = [(m.field, f"{m.start}-{m.end}", _short(m.text), m.says, m.place) for m in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not found:
        print("nothing matches")


class Changed(Struct, frozen=True, kw_only=True):
    """An article that is decided otherwise."""

    title: str
    what: tuple[str, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    text: str | None


def show_diff(settings: Settings, directory: Path | None, sample: Path | None, *, examples: int, as_json: bool) -> None:
    """Print what a knowledge directory changes."""
    chosen = _directory(settings, directory)
    listed = [change for change in changes(chosen) if change.effect != "shipped"]
    if as_json:
        for change in listed:
            write_json(msgspec.to_builtins(change))
    else:
        for change in listed:
            print(f"{change.effect:<9} {change.file}  {change.where}  {change.entry}")
        if not listed:
            print(f"{chosen} changes nothing")
    if sample is not None:
        _show_sample(chosen, sample, examples=examples, as_json=as_json)


def _show_sample(directory: Path, sample: Path, *, examples: int, as_json: bool) -> None:
    compared = 0
    found: list[Changed] = []
    with bars() as told:
        for changed in _decided_twice(directory, sample, told):
            compared += 1
            if changed is not None:
                found.append(changed)
    if as_json:
        for changed in found:
            write_json(msgspec.to_builtins(changed))
        return
    print(f"\n{compared} articles: {len(found)} are decided otherwise")
    for name, counts in (
        ("what", Counter(what for changed in found for what in changed.what)),
        ("gained", Counter(name for changed in found for name in changed.gained)),
        ("lost", Counter(name for changed in found for name in changed.lost)),
    ):
        if counts:
            print(f"{name:<7} {_counted(counts)}")
    for changed in found[:examples]:
        print(f"\n{changed.title}")
        signs = [*(f"+{name}" for name in changed.gained), *(f"-{name}" for name in changed.lost)]
        print(f"  {', '.join(changed.what)}  {' '.join(signs)}")
        if changed.text:
            print(f"  {changed.text}")


def _decided_twice(directory: Path, sample: Path, told: Advance | None) -> Iterator[Changed | None]:
    """Yield for every article of a sample how its decision changes, None where it stays."""
    shipped, own = load_knowledge(), load_knowledge(directory)
    try:
        lines = sample.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(f"{sample} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if told is not None:
            told("articles", number, len(lines))
        if not line.strip():
            continue
        try:
            item = raw_item(_lines.decode(line))
        except msgspec.DecodeError as error:
            raise ConfigError(f"{sample}, line {number}: {error}; it must be as `geowire pipe` reads it") from error
        old, new = enrich(item, _PROVENANCE, shipped), enrich(item, _PROVENANCE, own)
        before, after = essence(encode(old)), essence(encode(new))
        what = kinds(before, after)
        if not what:
            yield None
            continue
        yield Changed(
            title=new.title,
            what=what,
            gained=tuple(sorted(after.look.names - before.look.names)),
            lost=tuple(sorted(before.look.names - after.look.names)),
            text=text_change(old.text, new.text),
        )


def _directory(settings: Settings, directory: Path | None) -> Path:
    chosen = directory or settings.knowledge_dir
    if chosen is None:
        raise ConfigError("which knowledge directory? Name one, or set GEOWIRE_KNOWLEDGE_DIR")
    return chosen


def _text(source: str) -> str:
    if source == "-":
        return sys.stdin.read()
    path = Path(source)
    try:
        return path.read_text("utf-8") if "\n" not in source and path.is_file() else source
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror}") from error


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
