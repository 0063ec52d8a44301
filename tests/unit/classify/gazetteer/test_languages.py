"""Country, people, capital, seat and leader in the sentences of many languages, inflected as they stand there."""

from __future__ import annotations

import pytest

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find, load_gazetteer

GAZETTEER = load_gazetteer()[0]

# A language; then one sentence each for: a country's name, its people, a capital, a seat of government, a leader.
SENTENCES = {
    "en": ("Talks with Ukraine", "Ukrainian troops", "Kyiv refused", "The Kremlin denied it", "Putin and Macron met"),
    "es": ("Negociaciones con Ucrania", "tropas ucranianas", "Kyiv lo rechazó", "El Kremlin lo negó", "Putin y Macron"),
    "fr": ("Négociations avec l'Ukraine", "troupes ukrainiennes", "Kiev refuse", "le Kremlin nie", "Poutine et Macron"),
    "de": ("Gespräche mit der Ukraine", "ukrainische Truppen", "Kiew lehnt ab", "der Kreml", "Putins Gast Macron"),
    "pt": ("Negociações com a Ucrânia", "tropas ucranianas", "Kiev rejeitou", "o Kremlin negou", "Putin e Macron"),
    "it": ("Colloqui con l'Ucraina", "truppe ucraine", "Kiev respinge", "il Cremlino nega", "Putin e Macron"),
    "nl": ("Overleg met Oekraïne", "Oekraïense troepen", "Kiev weigert", "het Kremlin ontkent", "Poetin en Macron"),
    "sv": ("Samtal med Ukraina", "ukrainska trupper", "Kiev avvisar", "Kreml förnekar", "Putins möte med Macron"),
    "da": ("Samtaler med Ukraine", "ukrainske tropper", "Kyiv afviser", "Kreml benægter", "Putin og Macron"),
    "nb": ("Samtaler med Ukraina", "ukrainske tropper", "Kyiv avviser", "Kreml benekter", "Putin og Macron"),
    "ro": ("Discuții cu Ucraina", "trupe ucrainene", "Kievul respinge", "Kremlinul neagă", "Putin și Macron"),
    "ru": ("Переговоры с Украиной", "украинские войска", "в Киеве отказались", "в Кремле заявили", "Путина и Макрона"),
    "uk": ("Переговори з Україною", "українські війська", "у Києві відмовились", "у Кремлі", "Путіна й Макрона"),
    "pl": ("Rozmowy z Ukrainą", "ukraińskie wojska", "w Kijowie odrzucono", "na Kremlu", "Putina i Macrona"),
    "cs": ("Jednání s Ukrajinou", "ukrajinské jednotky", "Kyjev odmítl", "v Kremlu popřeli", "Putina a Macrona"),
    "sk": ("Rokovania s Ukrajinou", "ukrajinské jednotky", "Kyjev odmietol", "v Kremli popreli", "Putina a Macrona"),
    "bg": ("Преговори с Украйна", "украински войски", "Киев отказа", "Кремъл отрече", "Путин и Макрон"),
    "sr": ("Преговори са Украјином", "украјинске трупе", "Кијев одбија", "у Кремљу негирају", "Путина и Макрона"),
    "hr": ("Pregovori s Ukrajinom", "ukrajinske postrojbe", "Kijev odbija", "iz Kremlja poručuju", "Putina i Macrona"),
    "el": ("Συνομιλίες με την Ουκρανία", "ουκρανικά στρατεύματα", "το Κίεβο απορρίπτει", "το Κρεμλίνο διαψεύδει",
           "Πούτιν και Μακρόν"),
    "tr": ("Ukrayna'yla görüşmeler", "Ukraynalı askerler", "Kiev reddetti", "Kremlin yalanladı", "Putin ve Macron"),
    "hu": ("Tárgyalások Ukrajnával", "ukrán csapatok", "Kijevben nemet mondtak", "a Kremlben", "Putyin és Macron"),
    "fi": ("Neuvottelut Ukrainan kanssa", "ukrainalaiset joukot", "Kiovassa torjuttiin", "Kremlissä kiistettiin",
           "Putinin ja Macronin"),
    "ar": ("محادثات مع أوكرانيا", "القوات الأوكرانية", "رفضت كييف", "ونفى الكرملين", "بوتين وماكرون"),
    "fa": ("مذاکرات با اوکراین", "نیروهای اوکراینی", "کی‌یف رد کرد", "کرملین تکذیب کرد", "پوتین و مکرون"),
    "he": ("שיחות עם אוקראינה", "כוחות אוקראיניים", "בקייב דחו", "בקרמלין הכחישו", "פוטין ומקרון"),
    "zh": ("与乌克兰谈判", "乌克兰军队", "基辅拒绝", "克里姆林宫否认", "普京和马克龙"),
    "ja": ("ウクライナとの協議", "ウクライナ軍", "キーウは拒否", "クレムリンは否定", "プーチンとマクロン"),
    "ko": ("우크라이나와의 협상", "우크라이나군", "키이우는 거부", "크렘린궁은 부인", "푸틴과 마크롱"),
    "hi": ("यूक्रेन के साथ वार्ता", "यूक्रेनी सेना", "कीव ने ठुकराया", "क्रेमलिन ने कहा", "पुतिन और मैक्रों"),
    "id": ("Perundingan dengan Ukraina", "pasukan Ukraina", "Kyiv menolak", "Kremlin membantah", "Putin dan Macron"),
    "sw": ("Mazungumzo na Ukraine", "wanajeshi wa Ukraine", "Kyiv ilikataa", "Kremlin ilikanusha", "Putin na Macron"),
    "vi": ("Đàm phán với Ukraine", "quân đội Ukraina", "Kiev bác bỏ", "Điện Kremlin phủ nhận", "Putin và Macron"),
}  # fmt: skip
EXPECTED = ("UA", "UA", "UA", "RU", "RU FR")


@pytest.mark.parametrize("language", SENTENCES)
def test_names_people_capitals_seats_and_leaders(language: str) -> None:
    for text, expected in zip(SENTENCES[language], EXPECTED, strict=True):
        document = Document(title="", text=text, language=language, published="2025-05-01")
        assert {c.code for c in find(document, GAZETTEER).countries} == set(expected.split()), text


def test_a_dozen_languages_and_three_have_demonyms_capitals_seats_and_leaders() -> None:
    full = [
        language
        for language, rows in GAZETTEER.tables.names.items()
        if {"name", "people", "capital", "seat", "actor"} <= {row.kind for row in rows}
    ]
    assert len(full) >= 15
    assert len(GAZETTEER.tables.countries) >= 40


def test_every_file_of_names_has_no_form_twice() -> None:
    for language, rows in GAZETTEER.tables.names.items():
        for row in rows:
            texts = [form.text for form in row.forms]
            assert len(texts) == len(set(texts)), (language, row.kind, row.id)


# Sentences with an everyday word of the language that is also a name somewhere.
EVERYDAY = {
    "ar": ("القاعدة العامة هي دور رئيسي للمجلس", ""),
    "fa": ("نقش رئیسی در این طرح", ""),
    "vi": ("Ý kiến của người dân", ""),
    "pt": ("Para o ministro, o plano é bom", ""),
    "de": ("Die Staatsanwaltschaft in Wien ermittelt; in Österreich schweigt die Bundesregierung", "AT"),
    "fr": ("Il fait beau et nous allons manger une pomme", ""),
}


@pytest.mark.parametrize("language", EVERYDAY)
def test_everyday_words_are_no_names(language: str) -> None:
    text, expected = EVERYDAY[language]
    found = find(Document(title="", text=text, language=language, published="2025-05-01"), GAZETTEER)
    assert {c.code for c in found.countries} == set(expected.split())
