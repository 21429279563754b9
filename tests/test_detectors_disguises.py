"""Words behind disguises: sounds, pinyin, look-alikes, taken-apart characters, initials, euphemisms, coded times and contacts."""

from pathlib import Path

import pytest

from detectors.contacts import find_contacts
from detectors.elements import Hit, find_hits
from detectors.errors import RuleError
from detectors.fold import fold
from detectors.lexicon import load_lexicon

LEXICON = load_lexicon()


def hits(text: str) -> list[Hit]:
    folded = fold(text)
    return find_hits(folded, LEXICON, find_contacts(folded.plain, text))


def words(text: str) -> dict[str, str]:
    """Return the words seen in a text with the trick that hid each."""
    return {hit.word: hit.trick for hit in hits(text)}


@pytest.mark.parametrize(
    ("text", "word", "trick"),
    [
        ("初二shuxue小班，一次80元", "数学", "pinyin"),
        ("初二shùxué小班，一次80元", "数学", "pinyin"),
        ("初二Shu Xue小班，一次80元", "数学", "pinyin"),
        ("初二shu4xue2小班，一次80元", "数学", "pinyin"),
        ("初二vip shuxue小班，一次80元", "数学", "pinyin"),
        ("五年级fu导，一次80元", "辅导", "pinyin"),
        ("五年级数xue，一次80元", "数学", "pinyin"),
        ("五年级S学，一次80元", "数学", "initials"),
        ("五年级sx、yw，一次80元", "语文", "initials"),
        ("五年级sx/yw/yy，一次80元", "英语", "initials"),
        ("czs学小班，一次80元，五年级也收", "数学", "initials"),
        ("五年级疏雪，一次80元", "数学", "homophone"),
        ("五年级薮斈，一次80元", "数学", "lookalike"),
        ("八年级牛勿王里，一次80元", "物理", "split_char"),
        ("八年级物王里，一次80元", "物理", "split_char"),
        ("八年级🧲，一次80元", "🧲", "emoji"),
        ("👩🏻‍🏫一对一，五年级数学", "老师", "emoji"),
        ("初贰数学，一次80元", "初二", "leetspeak_digits"),
        ("小伍数学，一次80元", "小五", "leetspeak_digits"),
        ("🅢🅧五年级，一次80元", "数学", "initials"),
    ],
)
def test_hidden_word_is_seen_and_its_trick_named(text: str, word: str, trick: str) -> None:
    assert words(text).get(word) == trick


@pytest.mark.parametrize(
    "text",
    [
        "武力冲突持续",
        "他在屋里化学妆",
        "sx省今天有雨",
        "去加油站加油，再去诊所拿药",
        "今天主食是硬菜和营养餐，一份30元",
        "上车补票，末班车十点",
        "we can change the plan",
        "王里村的木交易市场",
    ],
)
def test_weak_words_need_a_second_signal(text: str) -> None:
    assert not any(hit.labels[0].startswith(("subject.", "tutor.core")) and hit.weak for hit in hits(text))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("四年级吃硬菜，一周两顿", "subject.coded"),
        ("初三清北陪跑，名额三个", "tutor.core"),
        ("三N级 数学", "audience.grade"),
        ("五nianji 数学", "audience.grade"),
        ("初二数学，周⑥下午", "time.restday"),
        ("初二数学，zhou六下午", "time.restday"),
        ("初二数学，Sat上午", "time.restday"),
        ("初二数学，礼拜6、7", "time.restday"),
        ("初二数学，下雪那个长假", "time.vacation"),
        ("初二数学，寒J开课", "time.vacation"),
        ("初二数学，十一那几天", "time.holiday"),
        ("初二数学，晚柒点", "offer.slot"),
        ("初二数学，➕V", "offer.contact"),
        ("初二数学，围❤️", "offer.contact"),
        ("初二数学，评论区扣个“想”", "offer.contact"),
        ("初二数学，ＤＤ我", "offer.contact"),
    ],
)
def test_coded_wording_counts(text: str, label: str) -> None:
    assert any(label in hit.labels for hit in hits(text))


@pytest.mark.parametrize("text", ["初二shu xue一次80元", "👩🏻‍🏫1️⃣v1️⃣五年级娄攵 学", "wuli zhuan项，9年ji，zhou六，150yuan一jie"])
def test_every_hit_lies_in_the_original(text: str) -> None:
    found = hits(text)
    assert found
    assert all(0 <= hit.start < hit.end <= len(text) for hit in found)


def test_an_officers_weak_word_counts_beside_a_grade_only(tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text("groups:\n  - {label: subject.coded, weak: true, words: 梅花糕}\n", encoding="utf-8")
    own = load_lexicon((file,))
    met = [
        any(hit.word == "梅花糕" for hit in find_hits(fold(text), own, ())) for text in ("五年级吃梅花糕", "买梅花糕，一盒30元")
    ]
    assert met == [True, False]


def test_a_weak_mark_that_is_no_switch_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text("groups:\n  - {label: subject.coded, weak: 也许, words: 梅花糕}\n", encoding="utf-8")
    with pytest.raises(RuleError, match="weak"):
        load_lexicon((file,))
