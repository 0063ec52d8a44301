"""An operator's knowledge directory: every fault is named by file and line, and what it changes is shown."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from agents.enrich.enrich import LOADERS, enrich, load_knowledge, read_knowledge
from agents.enrich.overlay import changes, check
from agents.publish.publish import Provenance
from schemas.enriched import Enriched, RawRef
from streams.cli.commands import cli
from streams.pipe import Line, raw_item

GOOD = {
    "strip/forms/en.yaml": """
language: en
forms:
  - id: house-notice
    kind: interjection
    shape: label
    texts: |
      from the house of example
  - id: see-related
    kind: interjection
    shape: label
    strength: likely
    texts: |
      see the related matter
off: [read-more]
keep: |
  read also the holy books …
""",
    "classify/topics/catalogue.yaml": 'topics:\n  x-water: {means: "water as a matter of states"}\n',
    "classify/topics/terms/en.yaml": """
language: en
topics:
  x-water:
    strong: "river basin commission, transboundary water*"
  diplomacy:
    without: "foreign minister"
vetoes: "dam busters"
""",
    "classify/gazetteer/names/en.tsv": "kind\tid\tforms\nseat\tCL\tCasa Naranja\npeople\tPE\t-Peruvian\n",
    "classify/gazetteer/world/places.tsv": (
        "id\tname\tcountries\tforms\nexample-strait\tExample Strait\tCL\tExample Strait\n"
    ),
    "notices/forms/en.yaml": "language: en\ncorrection:\n  labels: |\n    we put this right\n",
}

FAULTS = [
    ("strip/forms/en.yaml", "language: en\nforms:\n  - id: x\n    kind: poem\n", "line 4", "poem"),
    ("strip/forms/en.yaml", "language: en\nforms:\n  - id: x\n    colour: red\n", "line 4", "colour"),
    (
        "strip/forms/en.yaml",
        "language: en\nforms:\n  - id: x\n    kind: share\n    shape: line\n    texts: |\n      share (this|that\n",
        "line 7",
        "missing",
    ),
    (
        "strip/forms/en.yaml",
        "language: en\nforms:\n  - id: x\n    kind: share\n    shape: line\n    texts: |\n      share on <netwrok>\n",
        "line 7",
        "netwrok",
    ),
    ("strip/forms/en.yaml", "language: en\noff: [read-nothing]\n", "line 2", "read-nothing"),
    ("strip/forms/en.yaml", "language: fr\n", "line 1", "'fr'"),
    ("strip/forms/en.yaml", "language: en\nforms: [}\n", "line 2", "YAML"),
    ("classify/topics/catalogue.yaml", "topics:\n  water: {means: w}\n", "line 2", "x-name"),
    ("classify/topics/terms/en.yaml", "language: en\ntopics:\n  x-watr:\n    strong: w\n", "line 3", "x-watr"),
    ("classify/gazetteer/names/en.tsv", "kind\tid\tforms\npeeple\tPE\tPeruvian\n", "line 2", "peeple"),
    ("classify/gazetteer/names/en.tsv", "kind\tid\tforms\npeople\tPE\n", "line 2", "3 cells"),
    ("classify/gazetteer/names/en.tsv", "kind\tforms\n", "kind<tab>id<tab>forms", ""),
    ("classify/gazetteer/world/places.tsv", "id\tname\tcountries\tforms\nx\tX\tQQ\tX\n", "line 2", "QQ"),
    ("notices/forms/en.yaml", "language: en\nkill:\n  texts: |\n    we (take\n", "line 4", "missing"),
]


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return directory


_knowledge = cache(load_knowledge)


def decided(text: str, directory: Path | None) -> Enriched:
    provenance = Provenance(reason="new", supersedes=None, raw=RawRef(stream="-", partition=0, offset=0), generation=0)
    return enrich(raw_item(Line(title="Talks go on", text=text)), provenance, _knowledge(directory))


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("knowledge"), GOOD)


@pytest.mark.parametrize(("name", "content", "place", "says"), FAULTS)
def test_a_fault_is_named_by_file_and_line(tmp_path: Path, name: str, content: str, place: str, says: str) -> None:
    (fault,) = check(write(tmp_path, {name: content}))
    assert fault.startswith(str(tmp_path / name))
    assert place in fault
    assert says in fault
    assert "\n" not in fault


def test_every_file_with_a_fault_is_named(tmp_path: Path) -> None:
    bad = {name: content for name, content, *_ in FAULTS}
    faults = check(write(tmp_path, {**bad, "strip/form/en.yaml": "language: en\n", "notes.txt": "hello"}))
    assert len(faults) == len(bad) + 2
    assert {fault.split(":")[0].partition(", line")[0] for fault in faults} == {
        str(tmp_path / name) for name in (*bad, "strip/form/en.yaml", "notes.txt")
    }


def test_a_good_directory_has_no_fault_and_is_in_the_hash(overlay: Path) -> None:
    assert check(overlay) == []
    assert _knowledge(overlay).pipeline.knowledge != _knowledge(None).pipeline.knowledge


def test_every_directory_that_is_read_can_be_checked() -> None:
    assert {str(Path(file.name).parent) for file in read_knowledge()[1]} == {
        room for _, rooms in LOADERS for room in rooms
    }


def test_no_directory_is_a_fault(tmp_path: Path) -> None:
    assert "no such directory" in check(tmp_path / "nowhere")[0]


def test_what_the_operator_writes_holds(overlay: Path) -> None:
    text = (
        "The river basin commission met at the Casa Naranja, off the Example Strait, on transboundary waters.\n\n"
        "From the house of Example: Harvest festival draws record crowds\n\n"
        "A treaty is to be signed. The river basin commission will meet again."
    )
    event = decided(text, overlay)
    assert [span.rule for span in event.removed] == ["en.house-notice"]
    assert "x-water" in {topic.id for topic in event.topics or ()}
    assert "CL" in {country.code for country in event.countries}
    assert "example-strait" in {place.id for place in event.places}


def test_what_the_operator_takes_away_is_gone(overlay: Path) -> None:
    text = "The Peruvian cabinet met.\n\nRead more: Harvest festival draws record crowds\n\nIt will meet again."
    assert {"PE"} <= {country.code for country in decided(text, None).countries}
    assert decided(text, None).removed
    event = decided(text, overlay)
    assert "PE" not in {country.code for country in event.countries}
    assert not event.removed


def test_changes_are_listed(overlay: Path) -> None:
    found = {(change.file, change.entry): change.effect for change in changes(overlay)}
    assert found["strip/forms/en.yaml", "from the house of example"] == "added"
    assert found["strip/forms/en.yaml", "see the related matter"] == "added"
    assert found["strip/forms/en.yaml", "read-more"] == "removed"
    assert found["classify/topics/terms/en.yaml", "foreign minister"] == "removed"
    assert found["classify/topics/terms/en.yaml", "river basin commission"] == "added"
    assert found["classify/gazetteer/names/en.tsv", "-Peruvian"] == "removed"
    assert found["classify/gazetteer/names/en.tsv", "Casa Naranja"] == "added"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["knowledge", *arguments])
    return result.exit_code, result.output


def test_command_check(overlay: Path, tmp_path: Path) -> None:
    assert run("check", str(overlay))[0] == 0
    code, said = run("check", str(write(tmp_path, {FAULTS[0][0]: FAULTS[0][1]})))
    assert code == 1
    assert "line 4" in said


def test_command_check_without_a_directory_checks_what_ships() -> None:
    assert run("check") == (0, "shipped files: nothing is wrong\n")


def test_command_test_says_what_matches_where_and_why(overlay: Path) -> None:
    text = "The river basin commission met in Peru.\n\nFrom the house of Example: Harvest festival draws record crowds"
    code, said = run("test", text, "--knowledge", str(overlay), "--json")
    assert code == 0
    found = {row["text"]: row for row in map(orjson.loads, said.splitlines())}
    assert found["river basin commission"]["says"] == "x-water (strong)"
    assert found["river basin commission"]["place"] == f"{overlay / 'classify/topics/terms/en.yaml'}, line 5"
    assert found["Peru"]["says"] == "name PE"
    removed = found["From the house of Example: Harvest festival draws record crowds"]
    assert removed["field"] == "source"
    assert removed["place"] == f"{overlay / 'strip/forms/en.yaml'}, line 4"
    assert text[removed["start"] : removed["end"]].strip() == removed["text"]


def test_the_example_of_adding_a_language_works_as_the_page_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/adding-a-language.md").read_text("utf-8")
    written = page.split("```yaml\n")[1].split("```")[0]
    directory = write(tmp_path, {written.splitlines()[0].removeprefix("# my-knowledge/"): written})
    assert run("check", str(directory))[0] == 0
    text = page.split('geowire knowledge test "')[1].split('"')[0]
    code, said = run("test", text, "--language", "gl", "--knowledge", str(directory))
    assert code == 0
    assert "topics diplomacy, armed_conflict" in said
    assert "about IS, NO, UA" in said
    # A phrase whose first word is open: where its line is found.
    assert [line.split("gl.yaml, ")[1] for line in said.splitlines() if "ministros de Exteriores" in line] == ["line 5"]


def test_command_diff_shows_entries_and_what_becomes_of_articles(overlay: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.jsonl"
    lines = [
        {
            "title": "Treaty on transboundary waters",
            "text": "The river basin commission of Chile and Peru met in Lima.",
        },
        {"title": "Fair", "text": "A fair opened in the village. It will last a week."},
    ]
    sample.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    code, said = run("diff", str(overlay), "--sample", str(sample))
    assert code == 0
    assert "added     classify/topics/terms/en.yaml  topics.x-water.strong  river basin commission" in said
    assert "2 articles: 1 are decided otherwise" in said
    assert "+x-water" in said


DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = {
    "adding-a-form.md": ("strip/forms/en.yaml",),
    "adding-a-topic.md": ("classify/topics/catalogue.yaml", "classify/topics/terms/en.yaml"),
    "adding-a-place.md": ("classify/gazetteer/names/en.tsv",),
}


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_examples_of_the_docs_are_right(tmp_path: Path, page: str) -> None:
    blocks = re.findall(
        r"```(?:yaml)?\n((?:language|#|kind|topics).*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL
    )
    files = dict(zip(EXAMPLES[page], blocks, strict=False))
    assert len(files) == len(EXAMPLES[page])
    assert check(write(tmp_path, files)) == []
