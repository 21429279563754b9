"""Who speaks and what is judged alone: lists, long articles, reports of others' offers; how a text is read for wording."""

import pytest

from detectors import Detector
from detectors.context import windows
from detectors.decision import judged_windows
from detectors.elements import find_hits
from detectors.fold import fold
from detectors.hits import Hit
from detectors.lexicon import load_lexicon
from detectors.model import Document, Element
from detectors.training.made import made_of
from detectors.training.posts import Example, read_examples, read_frames
from detectors.wording import wording_of

DETECTOR = Detector()
OFFER = "五年级数学小班，周六上午，一次九十，还有两个名额，加微信 shu_wu05"
BOARD = f"出冰箱一台，八成新，三百自提\n求租车位，月租两百以内\n{OFFER}\n周日下午羽毛球缺一位，费用平摊\n丢失钥匙一串，捡到送岗亭"
QUOTED = "“初二物理一对一，150元一节，寒假1月20日开班，名额不多，先交定金”"


def test_one_offer_in_a_notice_board_is_found_where_it_stands() -> None:
    found = DETECTOR.detect(Document(text=BOARD))
    assert found.violation
    start = BOARD.index(OFFER)
    taught = [one for one in found.findings if one.element is Element.SUBJECT]
    assert taught
    assert all(start <= one.start and one.end <= start + len(OFFER) for one in taught)


def test_a_notice_board_without_an_offer_is_clean() -> None:
    assert not DETECTOR.detect(Document(text=BOARD.replace(OFFER + "\n", ""))).ad_violation


def test_an_offer_at_the_end_of_a_long_article_is_charged_where_it_stands() -> None:
    opening = "寒假到了，不少家长问孩子怎么过。我的建议是先睡够，再动起来，每天一小时户外。书要读，家务要做，手机要有约定。" * 8
    found = DETECTOR.detect(Document(text=f"{opening}\n{OFFER}"))
    assert found.violation
    assert any(one.start >= len(opening) for one in found.findings)


@pytest.mark.parametrize(
    "text",
    [
        f"记者暗访发现，有人在家长群里发布：{QUOTED}。记者随后将线索反映给区教育局，执法人员当天到场，责令立即停止并退费。",
        f"区教育局通报：经查，当事人未取得办学许可，在网上发布{QUOTED}，属违规开展学科培训，现责令停止，罚款三万元。",
        f"提醒各位家长，近期有不法分子发布{QUOTED}等信息，请勿相信，勿转账，发现线索请拨打监督举报电话000-0000 1234。",
    ],
)
def test_a_quoted_offer_is_not_charged_but_kept_as_a_hint(text: str) -> None:
    found = DETECTOR.detect(Document(text=text))
    assert not found.ad_violation
    start = text.index(QUOTED)
    assert found.hints
    assert all(start <= one.start and one.end <= start + len(QUOTED) for one in found.hints)


@pytest.mark.parametrize(
    "text",
    [
        "去年给孩子报了个初二数学班，交了五千六，上了四次老师就不见了，电话打不通，有没有一起维权的？",
        "办学许可证号：教民1990000700000077号。培训类别：学科类（初中数学、英语）。授课时间：周一至周四17:40-19:40，"
        "节假日、双休日、寒暑假不授课。收费标准执行政府指导价。监督电话000-0000 5678。",
        "中学英语教师资格证面试班，面向本科及以上应届生和在职人员，试讲加答辩，五天2680元，不过免费重学，报名加微信。",
    ],
)
def test_complaint_disclosure_and_adult_course_are_clean(text: str) -> None:
    assert not DETECTOR.detect(Document(text=text)).ad_violation


def test_windows_cover_a_long_text_without_gaps() -> None:
    text = "一句话。" * 400
    reached = 0
    for start, end in sorted(windows(text)):
        assert start <= reached
        reached = max(reached, end)
    assert reached == len(text)


def test_a_list_has_a_window_for_each_line_and_one_for_the_whole() -> None:
    spans = windows(BOARD)
    assert (0, len(BOARD)) in spans
    assert {BOARD[start:end] for start, end in spans} >= set(BOARD.split("\n"))


def test_wording_reads_element_words_as_signs_at_their_places() -> None:
    folded = fold("初二数/学，一次80")
    read = wording_of(folded, [Hit(("audience.grade",), 0, 2, "初二"), Hit(("subject.maths",), 2, 5, "数学")])
    assert (read.letters, read.signs) == ("初二数学,一次00", "ＧＡ,一次00")
    assert read.between(2, 5) == ("数学", "Ａ")


def test_made_texts_are_always_the_same_and_reports_are_clean() -> None:
    examples = read_examples()
    made = list(made_of(examples))
    assert made == list(made_of(examples))
    openings = tuple(text.split("〔〕")[0] for kind, _, text in read_frames() if kind == "report" and not text.startswith("〔〕"))
    assert not any(one.subject or one.other for one in made if one.text.startswith(openings))


def test_a_list_is_answered_as_the_offer_in_it() -> None:
    clean = [Example("", f"第{number}条平常话，今天天气不错", False, False, "") for number in range(8)]
    made = [
        one for one in made_of([*clean, Example("", OFFER, True, False, "")]) if "平常话" in one.text and "〔" not in one.text
    ]
    assert {one.subject for one in made if OFFER in one.text} == {True}
    assert {one.subject for one in made if OFFER not in one.text} == {False}


@pytest.mark.parametrize(("text", "kept"), [("初三物理有没有六十分以下的", True), ("我们物理没有的", False), ("物理不教", False)])
def test_asking_whether_there_is_one_denies_nothing(text: str, kept: bool) -> None:
    folded = fold(text)
    judged = judged_windows(text, find_hits(folded, load_lexicon(), ()), [])
    assert any("subject.physics" in hit.labels for hit in judged.hits) is kept
