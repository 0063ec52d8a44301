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


LOOK_ALIKES = {
    "diplomacy": [
        ("Climber reaches the summit of Mont Blanc at eighty", "He trained for two years with his granddaughter."),
        ("Actress becomes brand ambassador for perfume maker", "The contract talks took only a day, the company said."),
    ],
    "armed_conflict": [
        (
            "Striker attacks goal as Rovers defence collapses",
            "The midfielder shot twice in a battle for the league title at the stadium.",
        ),
        ("Supermarkets start a price war over milk", "Shares of the chain fell; quarterly profit is expected in May."),
        ("Museum shows letters from the First World War", "The exhibition opens with a documentary on the trenches."),
        ("Minister declares war on drugs a failure of schools", "Teachers and pupils discussed the film in class."),
    ],
    "peace_process": [("Novelist finds peace of mind in her garden", "The author made peace with her publisher.")],
    "terrorism": [("Photobomb dog goes viral", "The puppy stole the show at a wedding, the bride said.")],
    "sanctions": [("UEFA sanctions club over fans' flares", "The team must play two matches without supporters.")],
    "trade": [("Trade deadline: Lakers get a new player", "The team traded two picks before the season.")],
    "elections": [
        ("Fans elect goalkeeper as club president", "The striker lost the vote; the season starts in May."),
        ("Singer wins public vote on television show", "The album is out on Friday, the band said."),
    ],
    "political_instability": [
        ("Club pulls off transfer coup for young striker", "The coach said the player would score goals."),
        ("Chain's chief executive resigns after profit warning", "Shares fell; the board looks for a successor."),
    ],
    "protest_unrest": [
        ("Rail strike leaves commuters waiting", "The train strike over pay goes on, the union said; buses were full."),
        ("Stocks rally as investors take heart", "The market gained two per cent; shares of banks led."),
    ],
    "migration_refugees": [("Bird migration starts early this spring", "Researchers counted more species of birds.")],
    "human_rights": [("Actor wins film rights battle", "The studio keeps the sequel; the movie opens in June.")],
    "arms_control_nuclear": [
        ("Hospital opens department of nuclear medicine", "Patients with cancer will be treated by doctors there."),
        ("Physicists come closer to nuclear fusion", "Scientists reported the experiment in a study."),
    ],
    "defence_military": [("Title defence ends for heavyweight", "The boxer lost the fight on points; his coach wept.")],
    "cyber_espionage": [
        ("Ten kitchen hacks that save time", "A chef shares recipes and tips."),
        ("Spy thriller tops the box office", "The film, with a new James Bond, beat every other movie."),
    ],
    "energy_security": [("Olive oil gets dearer", "Supermarket customers pay more; the harvest was poor.")],
    "territorial_disputes": [("Border collie wins dog show", "The puppy beat two cats and a rabbit.")],
    "international_law": [
        ("High court hears neighbours' row over hedge", "The judge visited the garden; a verdict comes in May."),
    ],
    "humanitarian": [("Charity run raises money for village hall", "Runners dressed as vegetables; the mayor won.")],
    "anniversary": [("Town marks 80 years since D-Day landings", "Veterans met schoolchildren in the museum.")],
    "local": [("Local council approves new school", "The mayor said that pupils would move in before autumn.")],
    "technology": [("New phone has a better camera", "The app store opens in May; the software is free.")],
    "health": [
        (
            "Doctors test new treatment for heart attack patients",
            "The study found fewer symptoms after surgery in hospital.",
        ),
    ],
    "film": [
        (
            "Star Wars film tops box office",
            "The movie earned more than any other film of the studio; the actor was pleased.",
        ),
    ],
    "crime": [("Man held after stabbing in car park", "Police said a knife was found; the victim is in hospital.")],
    "horoscope": [("Horoscope: what the stars say this week", "Aries: a battle at work ends in a truce.")],
    "weather": [("Storm brings snow and traffic chaos", "Forecasters expect two more days of rain.")],
    "business": [("Bank's quarterly profit beats forecasts", "Shares rose; the dividend is to be raised.")],
    "obituary": [("Singer who wrote love songs dies aged 88", "Tributes came from actors and other musicians.")],
}
"""What uses a topic's words for other things, and genres that are none of it."""


def test_every_topic_of_the_catalogue_has_a_look_alike() -> None:
    assert LOOK_ALIKES.keys() >= MODEL.catalogue.keys()


@pytest.mark.parametrize(("title", "text"), [case for cases in LOOK_ALIKES.values() for case in cases])
def test_what_only_looks_like_it_is_not(title: str, text: str) -> None:
    decided = _decided(title, text)
    assert decided.geopolitical.value is False
    assert decided.topics == ()


@pytest.mark.parametrize("geopolitical", ["yes", "no"])
def test_terse_headlines(geopolitical: str) -> None:
    """Few words to go by: nearly all are told apart. Those that are not are no secret, they stand in the message."""
    lines = (Path(__file__).parents[3] / "fixtures/topics/headlines.tsv").read_text("utf-8").splitlines()[1:]
    items = [(title, text) for answer, title, text in (line.split("\t") for line in lines) if answer == geopolitical]
    wrong = [title for title, text in items if _decided(title, text).geopolitical.value != (geopolitical == "yes")]
    assert len(items) >= 150
    assert len(wrong) <= 0.07 * len(items), wrong


def test_one_topic_is_primary_and_stands_first() -> None:
    decided = _decided(*CASES["territorial_disputes"])
    assert decided.topics
    assert [topic.primary for topic in decided.topics] == [True, *[False] * (len(decided.topics) - 1)]


def test_a_language_without_knowledge_is_not_known_rather_than_no() -> None:
    decided = _decided("Presidente assina acordo", "Um texto.", language="xx")
    assert decided.geopolitical.value is None
    assert decided.topics is None
    assert decided.coverage == "none"


def test_without_a_headline_the_first_words_stand_for_it() -> None:
    """Terms and names count there as they do in a headline: a second state says diplomacy."""
    line, rest = "India recalls its envoy; Pakistan answers in kind.", "The dispute has gone on for weeks."
    titled, untitled = (_decided(*item).topics or () for item in ((line, rest), ("", f"{line} {rest}")))
    weights = [[(e.text, e.weight) for topic in topics for e in topic.evidence] for topics in (titled, untitled)]
    assert [text for text, _ in weights[0]] == ["envoy", "Pakistan"]
    assert weights[0] == weights[1]


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
