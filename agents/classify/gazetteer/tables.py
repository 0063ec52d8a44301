"""The gazetteer's tables: read, checked and merged with the operator's.

``names/<language>.tsv`` has what a language calls things, one line for a kind of name of one country, actor or place;
``mul.tsv`` has what is written alike in all languages. ``world/`` has the things themselves: ``actors.tsv``,
``leaders.tsv``, ``places.tsv`` by hand, ``territories.tsv``, ``countries.tsv`` and ``cities.tsv`` by
``tools/build_gazetteer.py``. docs/adding-a-place.md explains every column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from agents.classify.gazetteer.forms import Form, parse
from agents.knowledge import KnowledgeFile, mistake, parse_tsv

COMMON = "mul"
"""The language of names that are written alike everywhere."""

COUNTRY_KINDS = ("name", "people", "capital", "seat", "body", "person", "region", "city", "firm", "club", "money")
"""What a name can be of a country: itself, its people, capital, seat of government, institution, citizen, …"""

_OTHER_KINDS = ("actor", "place", "block", "given", "drop")
_DATA_TO = re.compile(r"^#.*\bdata to (\d{4}-\d\d)\b")
_CODE = re.compile(r"[A-Z]{2}")
_DAY = re.compile(r"(?:\d{4}-\d\d-\d\d)?")


class Row(Struct, frozen=True):
    """One line of a language's names.

    Attributes:
        kind: What kind of name it is.
        id: Country codes (several where the name stands for several), or the id of the actor or place.
        forms: How it is written.
    """

    kind: str
    id: str
    forms: tuple[Form, ...]


class ActorInfo(Struct, frozen=True):
    """An organisation, or somebody who holds or held an office.

    Attributes:
        id: Stable id.
        name: English name.
        kind: ``organisation`` or ``person``.
        codes: Countries it acts for; none for an international organisation.
        terms: First and last day in office, ISO 8601, the last one empty while it lasts; none for organisations.
    """

    id: str
    name: str
    kind: str
    codes: tuple[str, ...]
    terms: tuple[tuple[str, str], ...] = ()


class PlaceInfo(Struct, frozen=True):
    """A sea, strait or disputed area, and the countries that naming it implies."""

    id: str
    name: str
    codes: tuple[str, ...]


class Tables(Struct, frozen=True):
    """Everything the gazetteer knows.

    Attributes:
        codes: Country code to the languages that are official there.
        names: Language to rows, written by hand.
        countries: Language to generated (code, forms) pairs.
        cities: Name to its places, ``FR:2138 US:25``: thousands of inhabitants, greatest first.
        exonyms: Language to generated (kind, id, forms): what it calls capitals, large cities and divisions.
        actors: By id.
        places: By id.
        given: Names that people are given: what follows one is a surname.
        leaders_to: Month up to which the office holders are known, ``2026-01``, as the table says itself.
    """

    codes: dict[str, tuple[str, ...]]
    names: dict[str, tuple[Row, ...]]
    countries: dict[str, tuple[tuple[str, str], ...]]
    cities: dict[str, str]
    exonyms: dict[str, tuple[tuple[str, str, str], ...]]
    actors: dict[str, ActorInfo]
    places: dict[str, PlaceInfo]
    given: frozenset[str]
    leaders_to: str

    def sample(self, language: str) -> str:
        """Return a word of a language, to see its script."""
        return next((forms for _, forms in self.countries.get(language, ())), "")


def read_tables(world: list[KnowledgeFile], names: list[KnowledgeFile]) -> Tables:
    """Read all tables.

    Args:
        world: The files of ``classify/gazetteer/world``, the operator's after the shipped ones.
        names: Those of ``classify/gazetteer/names``.

    Raises:
        ConfigError: A file is not of its form; says file, line and fault.
    """
    codes = {
        row["code"]: tuple(row["languages"].split())
        for file in _of(world, "territories")
        for row in parse_tsv(file, ("code", "name", "languages"))
    }
    forms: dict[str, list[Row]] = {}
    actors = _actors(world, codes, forms)
    places = _places(world, codes, forms)
    for file in names:
        forms.setdefault(file.stem, []).extend(_rows(file, codes, actors, places))
    return Tables(
        codes=codes,
        names={language: tuple(rows) for language, rows in forms.items()},
        countries=_countries(world),
        cities=_cities(world, codes),
        exonyms=_exonyms(world),
        actors=actors,
        places=places,
        given=frozenset(form.text for row in forms.get(COMMON, ()) if row.kind == "given" for form in row.forms),
        leaders_to=max((_data_to(file) for file in _of(world, "leaders")), default=""),
    )


def _data_to(file: KnowledgeFile) -> str:
    found = _DATA_TO.search(file.content.partition(b"\n")[0].decode("utf-8"))
    return found[1] if found is not None else ""


def _of(files: list[KnowledgeFile], stem: str) -> Iterator[KnowledgeFile]:
    return (file for file in files if file.stem == stem)


def _rows(
    file: KnowledgeFile, codes: dict[str, tuple[str, ...]], actors: dict[str, ActorInfo], places: dict[str, PlaceInfo]
) -> Iterator[Row]:
    for row in parse_tsv(file, ("kind", "id", "forms")):
        kind, id_ = row["kind"], row["id"]
        if kind in COUNTRY_KINDS:
            known = all(code in codes for code in id_.split())
        elif kind in _OTHER_KINDS:
            known = id_ in ({"actor": set(actors), "place": set(places)}.get(kind) or {"-"})
        else:
            kinds = ", ".join(COUNTRY_KINDS + _OTHER_KINDS)
            raise mistake(file, f"no kind of name {kind!r}; there are {kinds}", at=f"{kind}\t{id_}")
        if not known:
            nobody = ", ".join(_OTHER_KINDS[2:])
            fault = f"{kind} {id_!r} is not known; add it to gazetteer/world, or write - for {nobody}"
            raise mistake(file, fault, at=f"{kind}\t{id_}")
        forms = parse(row["forms"])
        if not forms:
            raise mistake(file, f"{kind} {id_!r} has no forms", at=f"{kind}\t{id_}")
        yield Row(kind, id_, forms)


def _actors(
    files: list[KnowledgeFile], codes: dict[str, tuple[str, ...]], forms: dict[str, list[Row]]
) -> dict[str, ActorInfo]:
    actors: dict[str, ActorInfo] = {}
    common = forms.setdefault(COMMON, [])
    for file in _of(files, "actors"):
        for row in parse_tsv(file, ("id", "name", "countries", "forms")):
            implied = _implied(file, row["id"], row["countries"], codes)
            actors[row["id"]] = ActorInfo(row["id"], row["name"], "organisation", implied)
            _add(common, "actor", row)
    for file in _of(files, "leaders"):
        for row in parse_tsv(file, ("id", "name", "countries", "terms", "forms")):
            implied = _implied(file, row["id"], row["countries"], codes)
            terms = tuple(_term(file, row["id"], term) for term in row["terms"].split())
            actors[row["id"]] = ActorInfo(row["id"], row["name"], "person", implied, terms)
            _add(common, "actor", row)
    return actors


def _places(
    files: list[KnowledgeFile], codes: dict[str, tuple[str, ...]], forms: dict[str, list[Row]]
) -> dict[str, PlaceInfo]:
    places: dict[str, PlaceInfo] = {}
    for file in _of(files, "places"):
        for row in parse_tsv(file, ("id", "name", "countries", "forms")):
            places[row["id"]] = PlaceInfo(row["id"], row["name"], _implied(file, row["id"], row["countries"], codes))
            _add(forms.setdefault(COMMON, []), "place", row)
    return places


def _add(rows: list[Row], kind: str, row: dict[str, str]) -> None:
    if forms := parse(row["forms"]):
        rows.append(Row(kind, row["id"], forms))


def _implied(file: KnowledgeFile, id_: str, written: str, codes: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    implied = tuple(written.replace("-", "").split())
    unknown = [code for code in implied if code not in codes]
    if unknown:
        raise mistake(file, f"{id_!r}: no country {' '.join(unknown)}; codes are ISO 3166 alpha-2, EU and XK")
    return implied


def _term(file: KnowledgeFile, id_: str, written: str) -> tuple[str, str]:
    since, slash, until = written.partition("/")
    if not slash or not _DAY.fullmatch(since) or not _DAY.fullmatch(until):
        raise mistake(file, f"{id_!r}: a term is written 2017-05-14/2022-05-13 or 2017-05-14/, found {written!r}")
    return since, until


def _countries(files: list[KnowledgeFile]) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for cells in _plain(_of(files, "countries"), 3):
        found.setdefault(cells[0], []).append((cells[1], cells[2]))
    return {language: tuple(rows) for language, rows in found.items()}


def _exonyms(files: list[KnowledgeFile]) -> dict[str, tuple[tuple[str, str, str], ...]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for language, kind, id_, forms in _plain(_of(files, "exonyms"), 4):
        found.setdefault(language, []).append((kind, id_, forms))
    return {language: tuple(rows) for language, rows in found.items()}


def _cities(files: list[KnowledgeFile], codes: dict[str, tuple[str, ...]]) -> dict[str, str]:
    cities = {cells[0]: cells[1] for cells in _plain(_of(files, "cities"), 2)}
    for file in _of(files, "cities"):
        if file.overlay:
            for row in parse_tsv(file, ("name", "places")):
                for place in row["places"].split():
                    code, _, size = place.partition(":")
                    if code not in codes or not size.isdecimal():
                        raise mistake(file, f"{row['name']!r}: a place is written FR:2138, found {place!r}")
    return cities


def _plain(files: Iterable[KnowledgeFile], columns: int) -> Iterator[list[str]]:
    """Read a table whose checks the generator has done: sixty thousand rows have to load in no time."""
    for file in files:
        lines = (line for line in file.content.decode("utf-8").split("\n") if line and line[0] != "#")
        next(lines, None)  # the header
        for line in lines:
            cells = line.split("\t")
            if len(cells) != columns:
                raise mistake(file, f"{columns} cells expected, found {line!r}", at=line)
            yield cells
