"""Names that are also something else: every case that the documentation promises, and more."""

from __future__ import annotations

import pytest

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer

GAZETTEER = load_gazetteer()[0]


def codes(text: str, language: str = "en", *, title: str = "", published: str | None = None) -> set[str]:
    """Return the countries that a text names."""
    document = Document(title=title, text=text, language=language, published=published)
    return {country.code for country in find(document, GAZETTEER).countries}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Georgia, the state and the country
        ("Georgia Tech beat its rival on Saturday.", set()),
        ("Voters in Atlanta and elsewhere in Georgia went to the polls, as did those in Alabama.", {"US"}),
        ("Georgia and Armenia reopened the border near Tbilisi.", {"GE", "AM"}),
        ("The president of Georgia spoke in Tbilisi.", {"GE"}),
        ("Thousands marched in Georgia against the foreign agents law.", {"GE"}),
        ("South Georgia is an island.", set()),
        # Jordan
        ("Michael Jordan opened a restaurant in the suburbs.", set()),
        ("Jordan Peterson gave a lecture.", set()),
        ("Jordan and Syria reopened their border crossing.", {"JO", "SY"}),
        ("Refugees crossed into Jordan, King Abdullah II said.", {"JO"}),
        ("He was baptised in the Jordan River.", set()),
        # Turkey, China, US in small letters
        ("The turkey was served on fine china, he told us.", set()),
        ("Turkey expelled ten ambassadors.", {"TR"}),
        ("China and the US resumed talks.", {"CN", "US"}),
        ("Tell Us Something was a hit.", set()),
        ("The rate costs US$10,000 a year.", set()),
        # Chad, Mali, Niger and Nigeria
        ("Chad Smith plays the drums.", set()),
        ("Chad closed its border with Sudan.", {"TD", "SD"}),
        ("The junta in N'Djamena, the capital of Chad, dissolved parliament.", {"TD"}),
        ("Burkina Faso, Mali, Niger, Chad and Nigeria sent ministers.", {"BF", "ML", "NE", "TD", "NG"}),
        ("Militants struck an oil facility in the Niger Delta of Nigeria.", {"NG"}),
        ("Nigerien soldiers and Nigerian soldiers patrol together.", {"NE", "NG"}),
        # The Guineas, the Congos, the Koreas
        ("Guinea held a referendum.", {"GN"}),
        ("Guinea-Bissau's president dissolved the assembly.", {"GW"}),
        ("Equatorial Guinea's oil output fell.", {"GQ"}),
        ("Papua New Guinea declared an emergency.", {"PG"}),
        ("The guinea pig escaped.", set()),
        ("Piracy in the Gulf of Guinea declined.", set()),
        ("The Democratic Republic of the Congo accused Rwanda.", {"CD", "RW"}),
        ("DR Congo and Congo-Brazzaville share a river.", {"CD", "CG"}),
        ("The Republic of Congo votes on Sunday.", {"CG"}),
        ("South Korea and North Korea exchanged fire.", {"KR", "KP"}),
        ("South Korean and North Korean envoys met.", {"KR", "KP"}),
        ("The Korean War began in 1950.", set()),
        # Washington, the paper, the president, the state, the capital
        ("according to the Washington Post", set()),
        ("George Washington crossed the river.", set()),
        ("Denzel Washington won a prize.", set()),
        ("Washington imposed new tariffs.", {"US"}),
        # New Mexico, New York, New England, Ireland
        ("A wildfire spread in New Mexico.", {"US"}),
        ("Mexico deported migrants to Guatemala.", {"MX", "GT"}),
        ("Police in Northern Ireland made two arrests.", {"GB"}),
        ("Ireland's taoiseach visited London.", {"IE", "GB"}),
        ("Kathy Ireland designs furniture.", set()),
        ("Tom Holland stars in it.", set()),
        ("The New England Journal of Medicine published it.", set()),
        # Macedonia, Samoa, Dominica, Jersey
        ("North Macedonia joined the alliance.", {"MK"}),
        ("American Samoa elects a delegate.", {"AS"}),
        ("Samoa's prime minister resigned.", {"WS"}),
        ("The Dominican Republic deported Haitians.", {"DO", "HT"}),
        ("Dominica was hit by the hurricane.", {"DM"}),
        ("Commuters in New Jersey waited.", {"US"}),
        # People, sauces, towns of the same name
        ("Paris Hilton sang.", set()),
        ("Jack London wrote it.", set()),
        ("Cuba Gooding won a prize.", set()),
        ("Whitney Houston's estate sued.", set()),
        ("The fire in Lebanon, Pa., destroyed two houses in Pennsylvania.", {"US"}),
        ("A fair in Peru, Indiana, was cancelled.", {"US"}),
        ("The mayor of Paris, Texas, resigned.", {"US"}),
        ("The flood in Cuba, Mo., left Missouri's governor without words.", {"US"}),
        ("Lebanon elected a president.", {"LB"}),
        ("Cuba freed a dissident.", {"CU"}),
        ("Peru recalled its envoy.", {"PE"}),
        ("He stood by her grave in Athens, Georgia.", {"US"}),
        # Words that are no names at all
        ("Roman roads and woman doctors, a chili pepper and a panama hat", set()),
        ("Polish the nail, and shape the ski pole", set()),
        ("It is a Russian roulette with humanity.", set()),
        ("He took Spanish lessons.", set()),
        ("The Paris Agreement and the Geneva Conventions", set()),
        ("a bottle of brandy from a Singapore Airlines flight", {"SG"}),
        # Oceans, continents and regions are no countries
        ("South America, Latin America and the Indian Ocean", set()),
        ("The West Indies won the match.", set()),
        # Successors and short names
        ("The Soviet Union collapsed.", {"RU"}),
        ("The UAE and the U.K. signed it.", {"AE", "GB"}),
        ("The Holy See and Monaco", {"VA", "MC"}),
        ("Burma and Swaziland", {"MM", "SZ"}),
        ("Gaza, Taiwan, Kosovo and the EU", {"PS", "TW", "XK", "EU"}),
    ],
)
def test_english(text: str, expected: set[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Он сказал того и этого, и чад стоял в мире", "ru", set()),
        ("Республика Того и Мали закрыли границу", "ru", {"TG", "ML"}),
        ("Цены природного газа растут", "ru", set()),
        ("Удары по сектору Газа продолжаются", "ru", {"PS"}),
        ("Він того не сказав", "uk", set()),
        ("Como este año para la paz", "es", set()),
        ("La montaña rusa del parque", "es", set()),
        ("El Granada CF ganó el partido", "es", set()),
        ("Dabei war es gut, und Essen ist fertig", "de", set()),
        ("Die US-Regierung und der Kreml", "de", {"US", "RU"}),
        ("la dinde et le cochon d'Inde", "fr", set()),
        ("Bu ülkede hindi ve ordu", "tr", set()),
        ("le montagne russe del parco", "it", set()),
        ("他說英語和法語，遵守法律", "zh", set()),
        ("英國與法國", "zh", {"GB", "FR"}),
        ("その日のタイトルとタイプ", "ja", set()),
        ("米国と中国の首脳会談", "ja", {"US", "CN"}),
        ("인도적 지원", "ko", set()),
        ("قطرة من الماء", "ar", set()),
        ("وقطر والكويت", "ar", {"QA", "KW"}),
        ("Anh hùng và mỹ thuật", "vi", set()),
        ("Chính phủ Anh và Mỹ", "vi", {"GB", "US"}),
    ],
)
def test_other_languages(text: str, language: str, expected: set[str]) -> None:
    assert codes(text, language) == expected


def test_a_name_before_its_time_is_somebody_else() -> None:
    assert codes("Rubio said so.", published="1987-03-01") == set()
    assert codes("Rubio said so.", published="2025-03-01") == {"US"}


def test_a_publisher_is_not_what_its_items_are_about() -> None:
    document = Document("", "The Times of Peru has learned that Chile votes.", "en", publisher="The Times of Peru")
    assert {country.code for country in find(document, GAZETTEER).countries} == {"CL"}


def test_names_stand_across_hard_line_breaks() -> None:
    assert codes("Ministers of the United\nStates and of New\nZealand met.") == {"US", "NZ"}


def test_a_dateline_is_mentioned_not_what_it_is_about() -> None:
    text = "GENEVA, March 3 (Agency) - Sudan and Chad closed their border, the government of Sudan said."
    found = find(Document(title="", text=text, language="en"), GAZETTEER)
    assert {c.code: c.role for c in found.countries}.get("CH") in {None, "mentioned"}
    assert {c.code for c in found.countries if c.role == "about"} == {"SD", "TD"}
