"""Tests of detectors.page_dates: a page's own dates are no days of lessons, and days of lessons stay."""

from datetime import date

import pytest

from detectors.detector import Detector
from detectors.model import DayStatus, Document
from detectors.page_dates import load_page_words

_OFFER = "初二物理小班，线上开课，十次980元，报名私信"


def _vacation(_day: date, _stage: str | None) -> DayStatus:
    return DayStatus("vacation", "寒假", "校历")


_DETECTOR = Detector(judge_day=_vacation)


def _noted(text: str, published: date | None = None) -> list[str]:
    found = _DETECTOR.detect(Document(text=text, published_at=published))
    assert found.violation
    return [note for note in found.notes if "不得组织" in note]


@pytest.mark.parametrize(
    "line",
    [
        *(f"{stamp}：2027-01-18 10:00" for stamp in load_page_words().stamps),
        "發佈於 2027年1月18日",
        "编辑于 01-18 19:20 云川",
        "来源：云川生活网 2027-01-18 10:00:05",
        "日期：2027-01-18",
        "作者：小云老师 | 2027/01/18 | 阅读 120",
        "阅读 120 · 2027.01.18",
        "2027-01-18 10:00 来自 手机客户端",
        "2027-01-18 发布 浏览 33",
        "© 云川生活网 2027-01-18",
        "2027-01-18 10:00",
        "01-18 10:00",
    ],
)
def test_a_date_the_page_gives_of_itself_is_no_day_of_lessons(line: str) -> None:
    assert _noted(f"{line}\n{_OFFER}") == []
    assert _noted(f"{_OFFER}\n{line}", date(2027, 1, 18)) == []


def test_the_moment_of_publication_within_a_line_is_no_day_of_lessons() -> None:
    assert _noted(f"小云老师 2027-01-18 10:00 云川\n{_OFFER}", date(2027, 1, 18)) == []


@pytest.mark.parametrize(
    "line",
    [
        "2027年1月18日开课",
        "开课日期：2027-01-18",
        "上课时间：2027-01-18 10:00",
        "日期：2027-01-18 地点：线上直播",
        "2027-01-18 19:00 开讲",
        "上课时间：\n2027-01-18 10:00",
        "2027-01-18 10:00-11:30",
        "发布时间：2027-01-18 至 2027-01-25",
        "1月18日第一次",
    ],
)
def test_a_day_of_lessons_is_still_told(line: str) -> None:
    assert _noted(f"{_OFFER}\n{line}", date(2027, 1, 18)) != []


def test_a_date_after_publication_is_a_day_of_lessons_even_in_a_byline() -> None:
    assert _noted(f"{_OFFER}\n日期：2027-01-18", date(2027, 1, 10)) != []


def test_a_quoted_date_of_publication_is_not_underlined() -> None:
    text = f"发布时间：2027-01-18 10:00\n{_OFFER}"
    found = _DETECTOR.detect(Document(text=text))
    assert not any("2027" in finding.quote for finding in found.findings if finding.element.value == "breach")
