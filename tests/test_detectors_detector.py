"""The whole detector: verdicts, offsets, hostile input, reported speech."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import Detector
from detectors.model import DayStatus, Document, Element

DETECTOR = Detector()
ADS = (
    "初二物理小班还差两个人，每周三晚七点，一次一百二，想来的私信我",
    "寒假数学提优，六人成班，十二次一千五，加微信详聊",
    "大学生家教，可上门，小学语文数学英语，六十一小时，电话19900001234",
)
INSERTED = st.sampled_from(["·", "*", "\u200b", "️", "🔥", "~", "/", "|", "‍", " "])


@pytest.mark.parametrize("text", ADS)
def test_open_ad_is_found_with_each_element(text: str) -> None:
    found = DETECTOR.detect(Document(text=text))
    assert found.violation
    assert found.ad_violation
    assert found.quotes(Element.SUBJECT)
    assert found.quotes(Element.PAID)
    assert "疑似" in found.why


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(ADS), st.lists(st.tuples(st.integers(0, 40), INSERTED), max_size=25))
def test_findings_quote_the_original_whatever_is_inserted(ad: str, insertions: list[tuple[int, str]]) -> None:
    text = ad
    for place, mark in insertions:
        text = text[: place % (len(text) + 1)] + mark + text[place % (len(text) + 1) :]
    found = DETECTOR.detect(Document(text=text))
    for finding in (*found.findings, *found.hints):
        assert text[finding.start : finding.end] == finding.quote
        assert finding.quote
    for contact in found.contacts:
        assert text[contact.start : contact.end] == contact.quote


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300), st.text(max_size=20))
def test_any_unicode_is_answered(text: str, title: str) -> None:
    found = DETECTOR.detect(Document(text=text, title=title))
    assert 0.0 <= found.score <= 1.0
    assert all(text[finding.start : finding.end] == finding.quote for finding in found.findings)


@pytest.mark.parametrize(
    "piece",
    [
        "“",
        "（(【[",
        "1",
        "一",
        "数",
        "https://a.",
        "讠",
        "a.b-c",
        "初二数学一对一，150一节，私信我。",
        "\ud800",
        "️",
        "qq1 ",
        "壹·",
    ],
)
def test_time_grows_no_faster_than_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * size)[:size]
        began = time.process_time()
        DETECTOR.detect(Document(text=text))
        return time.process_time() - began

    seconds(1000)
    short, long = seconds(20_000), seconds(80_000)
    assert long < 12 * short + 0.3


def test_expose_is_clean_and_keeps_the_quoted_ad_as_a_hint() -> None:
    text = (
        "记者暗访发现，某小区业主群里有人招揽学生：“三年级到初三数学英语都有，一对三每小时150元，寒假1月20日开课，名额不多先交定金，加微信报名。”"
        "记者以家长身份咨询，对方拒绝透露资质。区教育局执法人员表示，已责令停止，并提醒家长谨防受骗，欢迎拨打举报电话。"
    )
    found = DETECTOR.detect(Document(title="记者调查：业主群里的隐形补课", text=text))
    assert not found.violation
    assert not found.ad_violation
    assert found.hints
    assert found.speaker in {"media", "regulator"}


def test_regulators_own_list_of_slang_is_clean() -> None:
    text = (
        "区教育局提醒广大家长：凡以“小灶”“一对一”“数学思维”“住家教师”“bk”“补\u200b课”“讠吾文”等名义招生，"
        "均属违规，请自觉抵制，举报电话见官网。"
    )
    assert not DETECTOR.detect(Document(text=text)).ad_violation


def test_other_training_is_an_ad_but_no_subject_violation() -> None:
    found = DETECTOR.detect(Document(text="少儿拉丁舞招生，6岁起，周六上午，一期16次1280元，扫码报名"))
    assert found.ad_violation
    assert not found.violation


def test_day_judge_says_why_a_date_is_forbidden() -> None:
    def judge(day: object, stage: str | None) -> DayStatus:
        return DayStatus("vacation", f"寒假（{stage}）", "校历", provisional=False)

    found = Detector(judge_day=judge).detect(Document(text="初二物理小班，2027年1月20日开课，十次980元，报名私信"))
    assert "holiday_class" in found.categories
    assert any("校历" in note and "2027-01-20" in note for note in found.notes)


def test_senior_switch_leaves_senior_high_school_alone() -> None:
    document = Document(text="高二物理小班，每周三晚，一次一百二，报名私信")
    assert DETECTOR.detect(document).violation
    spared = Detector(senior=False).detect(document)
    assert not spared.violation
    assert spared.ad_violation


def test_disguised_words_are_explained() -> None:
    found = DETECTOR.detect(Document(text="初三叔学一对一，一次一百五，名额两个，薇信聊"))
    assert found.violation
    assert dict(found.glossary).get("叔学", "").startswith("“数学”")
