"""What is a copy: across typography, languages and scripts; and what is not."""

from __future__ import annotations

import pytest

from agents.cluster.index import meet
from agents.cluster.likeness import Text, alike, likeness
from agents.cluster.shingles import shingles
from agents.cluster.sign import FEWEST, SAMPLE, sketch
from tests.unit.cluster.reports import report, sentence

_TEXTS = {
    "en": (
        "The foreign ministers of Chile and Peru met in Lima on Monday to reopen talks on their maritime border.",
        "Both sides called the meeting useful and said that experts would go on with it in Santiago in the spring.",
        "Fishermen on either side of the line have complained for years that patrol boats take their nets away.",
        "A court in The Hague drew part of the line eleven years ago, and left the rest of it to the two countries.",
    ),
    "ru": (
        "Министры иностранных дел Чили и Перу встретились в Лиме в понедельник и возобновили переговоры о границе.",
        "Обе стороны назвали встречу полезной и сообщили, что весной её продолжат эксперты в столице соседней страны.",
        "Рыбаки по обе стороны линии много лет жалуются, что сторожевые катера отбирают у них сети и лодки.",
        "Суд в Гааге провёл часть линии одиннадцать лет назад, а остальное оставил на усмотрение двух государств.",
    ),
    "ar": (
        "التقى وزيرا خارجية تشيلي وبيرو في ليما يوم الاثنين لاستئناف المحادثات حول الحدود البحرية بين البلدين.",
        "ووصف الجانبان الاجتماع بأنه مفيد وقالا إن الخبراء سيواصلون العمل في العاصمة المجاورة خلال فصل الربيع المقبل.",
        "ويشكو الصيادون على جانبي الخط منذ سنوات من أن زوارق الدورية تصادر شباكهم وتحتجز قواربهم في عرض البحر.",
        "ورسمت محكمة في لاهاي جزءا من الخط قبل أحد عشر عاما وتركت ما تبقى منه للبلدين كي يتفقا عليه بينهما.",
    ),
    "hi": (
        "चिली और पेरू के विदेश मंत्रियों ने समुद्री सीमा पर बातचीत फिर शुरू करने के लिए सोमवार को लीमा में मुलाकात की।",
        "दोनों पक्षों ने बैठक को उपयोगी बताया और कहा कि विशेषज्ञ वसंत में पड़ोसी देश की राजधानी में काम जारी रखेंगे।",
        "रेखा के दोनों ओर के मछुआरे वर्षों से शिकायत करते रहे हैं कि गश्ती नावें उनके जाल छीन लेती हैं और नावें रोकती हैं।",
        "हेग की एक अदालत ने ग्यारह साल पहले रेखा का एक हिस्सा तय किया था और बाकी दोनों देशों पर छोड़ दिया था।",
    ),
    "zh": (
        "智利和秘鲁外交部长星期一在利马会晤，重新开始关于两国海上边界的谈判，双方都表示会谈是有益的。",
        "两国官员说，专家小组将于春季在圣地亚哥继续工作，并在年底之前向两国总统提交一份共同报告。",
        "边界两侧的渔民多年来一直抱怨巡逻艇没收他们的渔网，并且把渔船扣留在港口里长达数个星期。",
        "海牙的一家法院十一年前划定了这条界线的一部分，其余部分则留给两个国家自己去协商解决。",
    ),
    "ja": (
        "チリとペルーの外相は月曜日にリマで会談し、両国の海上国境をめぐる協議を再開することで一致した。",
        "双方は会談が有益だったと述べ、春にサンティアゴで専門家による作業を続けると明らかにした。",
        "境界線の両側の漁業者は、巡視船に網を取り上げられると長年にわたって訴え続けてきた。",
        "ハーグの裁判所は十一年前に線の一部を引き、残りの部分は両国の話し合いに委ねていた。",
    ),
    "th": (
        "รัฐมนตรีต่างประเทศของชิลีและเปรูพบกันที่กรุงลิมาเมื่อวันจันทร์เพื่อเริ่มการเจรจาเรื่องพรมแดนทางทะเลอีกครั้ง",
        "ทั้งสองฝ่ายกล่าวว่าการประชุมเป็นประโยชน์และผู้เชี่ยวชาญจะทำงานต่อในเมืองหลวงของประเทศเพื่อนบ้านในฤดูใบไม้ผลิ",
        "ชาวประมงทั้งสองฝั่งของเส้นแบ่งร้องเรียนมาหลายปีว่าเรือลาดตระเวนยึดอวนของพวกเขาและกักเรือไว้ในท่า",
        "ศาลในกรุงเฮกได้ขีดเส้นส่วนหนึ่งไว้เมื่อสิบเอ็ดปีก่อนและปล่อยส่วนที่เหลือให้ทั้งสองประเทศตกลงกันเอง",
    ),
    "ko": (
        "칠레와 페루 외무장관은 월요일 리마에서 만나 두 나라의 해상 국경에 관한 회담을 다시 시작하기로 합의했다.",
        "양측은 회담이 유익했다고 말하고 전문가들이 봄에 이웃 나라의 수도에서 작업을 계속할 것이라고 밝혔다.",
        "경계선 양쪽의 어민들은 순시선이 그물을 빼앗아 가고 배를 항구에 붙잡아 둔다고 여러 해 동안 호소해 왔다.",
        "헤이그의 법원은 열한 해 전에 선의 일부를 그었고 나머지 부분은 두 나라가 스스로 정하도록 남겨 두었다.",
    ),
}


def same(title_a: str, a: str, title_b: str, b: str) -> bool:
    one, other = Text(sketch(title_a, a)), Text(sketch(title_b, b))
    found = meet(one, other) and alike(one, other)
    assert found == (meet(other, one) and alike(other, one)), "symmetric"
    return found


@pytest.mark.parametrize("language", sorted(_TEXTS))
def test_a_copy_is_one_in_every_script(language: str) -> None:
    sentences = _TEXTS[language]
    whole = " ".join(sentences)
    assert same("A", whole, "A", " ".join(sentences[:3])), "cut at the end"
    assert same("A", whole, "A", "\n\n".join(sentences) + " " + _TEXTS["en"][0]), "with a line of the desk's own"
    others = " ".join(_TEXTS[language][2:])
    assert not same("A", " ".join(sentences[:2]), "B", others), "other sentences"


def test_a_translation_is_another_text() -> None:
    whole = {language: " ".join(sentences) for language, sentences in _TEXTS.items()}
    for language in whole.keys() - {"en"}:
        assert not same("A", whole["en"], "A", whole[language])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nigeria's “army” won—again, it said", 'NIGERIA’S "army" won - again; it said'),
        ("Un café à Évry hier soir, dit-elle", "Un cafe a Evry hier soir dit elle"),
        ("كَتَبَ الوزراء في ليما يوم الاثنين مساء", "كتب الوزراء في ليما يوم الاثنين مساء"),
        ("Ｔｏｋｙｏ ｔａｌｋｓ end without a word today", "Tokyo talks end without a word today"),
        ("soft\u00adhyphens and zero\u200bwidth marks do not count", "softhyphens and zerowidth marks do not count"),
    ],
)
def test_typography_does_not_count(one: str, other: str) -> None:
    assert shingles(one).tolist() == shingles(other).tolist()
    assert len(shingles(one)) > 0


def test_hashes_are_the_same_for_ever() -> None:
    """They are compared across versions of geowire, Python and numpy: other numbers make strangers of copies."""
    assert shingles("The ministers of Chile and Peru met").tolist() == [1022384802, 2195645661, 807464841]
    assert shingles("外交部长周一在利马会晤").tolist() == [1898943156, 1884965634, 4251947602, 1427087861]


def test_a_rewrite_under_the_same_headline_is_one_story_and_under_another_it_is_not() -> None:
    one, other = report(range(10)), report([*range(3, 7), *range(20, 26)])
    like = likeness(Text(sketch("x", one)), Text(sketch("x", other)))
    assert 0.2 <= like.jaccard < 0.35
    assert same("Army redeploys eleven generals", one, "Army redeploys 11 generals in shakeup", other)
    assert not same("Army redeploys eleven generals", one, "A court ruled on fishing nets", other)


def test_a_teaser_and_its_article_are_one_story() -> None:
    article = report(range(30))
    assert same("Talks on the border", article, "Border: talks go on", report(range(2)))
    assert not same("Talks on the border", article, "Something else", report(range(2))), "the headline is not related"


def test_a_round_up_is_not_one_story_with_what_it_holds() -> None:
    piece = report(range(10))
    assert not same("Talks", piece, "Today", report([*range(100, 112), *range(10), *range(200, 210)]))


def test_texts_too_short_to_compare_are_like_nothing() -> None:
    assert sketch("Video", "").size == 0
    assert not same("Video", "", "Video", "")
    assert not same("Video", "Watch it", "Video", "Watch it")
    long_headline = "Greek foreign minister opens talks in Ankara on disputed waters after years"
    assert sketch(long_headline, "").size >= FEWEST
    assert same(long_headline, "", long_headline, ""), "a long headline is enough"


def test_a_teaser_that_outlets_repeat_under_any_headline_joins_nothing() -> None:
    teaser = sentence(7)
    assert not same("Minister resigns over budget", teaser, "Storm closes the harbour", teaser)
    assert same("Minister resigns over budget", teaser, "Budget: minister resigns", teaser)


def test_the_sample_of_a_long_text_is_bounded() -> None:
    made = sketch("A headline of any length " * 50, report(range(200)))
    assert made.size > 1_000
    assert len(made.lowest) == 4 * SAMPLE
    assert len(made.lowest) + len(made.lead) + len(made.title) < 1_100
