"""What is geopolitical, what it is about, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer
from agents.classify.topics.topics import TopicDecision, decide, load_topics
from schemas.errors import ConfigError

GAZETTEER = load_gazetteer()[0]
MODEL = load_topics()[0]


def _decided(title: str, text: str = "", language: str = "en") -> TopicDecision:
    document = Document(title=title, text=text, language=language)
    return decide(document, find(document, GAZETTEER).mentions, MODEL)


CASES = {
    "diplomacy": (
        "Foreign ministers of Japan and India hold talks in Delhi",
        "Both sides praised the bilateral relations and signed a joint declaration.",
    ),
    "armed_conflict": (
        "Russian missile strike kills twelve in Kharkiv",
        "Shelling continued along the front line, the Ukrainian army said.",
    ),
    "peace_process": (
        "Ceasefire takes hold in Sudan after peace talks",
        "Mediators said the truce would be followed by a prisoner exchange.",
    ),
    "terrorism": (
        "Suicide bomber kills nine in Mogadishu",
        "Al-Shabaab claimed responsibility for the terrorist attack in Somalia.",
    ),
    "sanctions": (
        "EU imposes new sanctions on Russian banks",
        "The package freezes assets and extends the embargo on machine tools.",
    ),
    "trade": (
        "China answers with tariffs on American soybeans",
        "The trade war between Washington and Beijing goes on; trade talks broke off.",
    ),
    "elections": (
        "Chile votes in presidential election runoff",
        "Polling stations opened at eight; voters choose between two candidates.",
    ),
    "political_instability": (
        "Soldiers seize power in coup in Gabon",
        "The junta dissolved parliament and declared a state of emergency.",
    ),
    "protest_unrest": (
        "Thousands protest in Tbilisi against government",
        "Police in Georgia used tear gas and water cannon against demonstrators.",
    ),
    "migration_refugees": (
        "Migrants cross the Channel to Britain in record numbers",
        "Asylum seekers came in small boats from France, officials said.",
    ),
    "human_rights": (
        "Belarus jails journalist for nine years",
        "Human rights groups call the editor a political prisoner of the regime in Minsk.",
    ),
    "arms_control_nuclear": (
        "Iran enriches uranium beyond limit, IAEA says",
        "Inspectors of the atomic agency found that the nuclear deal was breached.",
    ),
    "defence_military": (
        "Poland orders fighter jets from South Korea",
        "The defence ministry in Warsaw raised military spending and plans joint drills.",
    ),
    "cyber_espionage": (
        "Germany expels two accused of spying for Russia",
        "The intelligence service said hackers had also stolen classified documents.",
    ),
    "energy_security": (
        "OPEC+ extends oil output cuts",
        "Saudi Arabia and Russia keep crude oil supplies short, pushing up oil prices.",
    ),
    "territorial_disputes": (
        "China and the Philippines clash over Scarborough Shoal",
        "Manila says its sovereignty in the South China Sea is beyond dispute; both claim the disputed waters.",
    ),
    "international_law": (
        "Hague court issues arrest warrant for war crimes",
        "The International Criminal Court wants the militia leader from Congo extradited.",
    ),
    "humanitarian": (
        "Famine declared in Sudan camps as aid is blocked",
        "The World Food Programme says humanitarian aid cannot reach the starving.",
    ),
}


@pytest.mark.parametrize("topic", CASES)
def test_each_topic_is_found(topic: str) -> None:
    decided = _decided(*CASES[topic])
    assert decided.geopolitical.value is True
    assert topic in {found.id for found in decided.topics or ()}


def test_every_topic_of_the_catalogue_has_a_case() -> None:
    assert CASES.keys() == MODEL.catalogue.keys()
    assert len(MODEL.catalogue) == 18


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            "Striker attacks goal as Rovers defence collapses",
            "The midfielder shot twice in a battle for the league title at the stadium.",
        ),
        ("Supermarkets start a price war over milk", "Shares of the chain fell; quarterly profit is expected in May."),
        (
            "Star Wars film tops box office",
            "The movie earned more than any other film of the studio; the actor was pleased.",
        ),
        ("Climber reaches the summit of Mont Blanc at eighty", "He trained for two years with his granddaughter."),
        (
            "Doctors test new treatment for heart attack patients",
            "The study found fewer symptoms after surgery in hospital.",
        ),
        ("Local council approves new school", "The mayor said that pupils would move in before autumn."),
        ("New phone has a better camera", "The app store opens in May; the software is free."),
    ],
)
def test_what_only_looks_like_it_is_not(title: str, text: str) -> None:
    decided = _decided(title, text)
    assert decided.geopolitical.value is False
    assert decided.topics == ()


def test_one_topic_is_primary_and_stands_first() -> None:
    decided = _decided(*CASES["territorial_disputes"])
    assert decided.topics
    assert [topic.primary for topic in decided.topics] == [True, *[False] * (len(decided.topics) - 1)]


def test_a_language_without_knowledge_is_not_known_rather_than_no() -> None:
    decided = _decided("Presidente assina acordo", "Um texto.", language="xx")
    assert decided.geopolitical.value is None
    assert decided.topics is None
    assert decided.coverage == "none"


def test_evidence_stands_where_it_says() -> None:
    title, text = CASES["sanctions"]
    decided = _decided(title, text)
    spans = [e for topic in decided.topics or () for e in topic.evidence]
    assert spans
    assert all({"title": title, "text": text}[e.field][e.start : e.end] == e.text for e in spans)


def test_the_operators_topics_are_laid_over(tmp_path: Path) -> None:
    room = tmp_path / "classify/topics"
    (room / "terms").mkdir(parents=True)
    (room / "catalogue.yaml").write_text("topics:\n  x-water: {means: water as a matter of states}\n")
    (room / "terms/en.yaml").write_text(
        "language: en\ntopics:\n  x-water: {strong: 'water treaty, river basin'}\n"
        "  diplomacy: {without: 'treaty, treaties'}\n"
    )
    model, _ = load_topics(tmp_path)
    document = Document(
        title="Egypt and Sudan sign water treaty on Nile",
        text="The water treaty covers the river basin.",
        language="en",
    )
    decided = decide(document, find(document, GAZETTEER).mentions, model)
    assert "x-water" in {topic.id for topic in decided.topics or ()}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("terms/en.yaml", "language: en\ntopics: {nonsense: {strong: war}}\n", "nonsense"),
        ("terms/en.yaml", "language: en\ncolour: red\n", "colour"),
        ("catalogue.yaml", "topics:\n  water: {}\n", "x-name"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: str, says: str) -> None:
    file = tmp_path / "classify/topics" / name
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(ConfigError, match=says):
        load_topics(tmp_path)
