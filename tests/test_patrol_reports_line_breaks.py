"""Titles and headings break where a reader would: at words, never in a date, a number or a bracket, no lone character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.reports.line_breaks import heading_lines, title_lines, width_of


def test_a_period_of_two_digit_months_stays_whole_below_the_name_of_the_form() -> None:
    title = "云川市线上巡查情况表（2027年10月15日-2027年11月29日）"
    assert title_lines(title, 20) == ("云川市线上巡查情况表", "（2027年10月15日-2027年11月29日）")
    assert title_lines(title, 33) == (title,)


def test_a_line_too_short_for_the_period_breaks_it_between_its_days() -> None:
    lines = title_lines("云川市线上巡查情况表（2027年10月15日-2027年11月29日）", 16)
    assert lines == ("云川市线上巡查情况表", "（2027年10月15日-", "2027年11月29日）")


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("XX市2027年寒假校外培训线上巡查专项行动总结报告", ("XX市2027年寒假校外培训", "线上巡查专项行动总结报告")),
        (
            "关于商请依法处置涉嫌违规开展学科类校外培训网络信息的函",
            ("关于商请依法处置涉嫌违规开展", "学科类校外培训网络信息的函"),
        ),
        ("由教育部门处置或待确定接收部门的线索", ("由教育部门处置或待确定接收部门的线索",)),
        (
            "XX市校外培训线上巡查线索移送清单（2027年10月15日-2027年12月28日）（通信管理部门）",
            ("XX市校外培训线上巡查线索移送清单", "（2027年10月15日-2027年12月28日）", "（通信管理部门）"),
        ),
    ],
)
def test_titles_break_between_words(title: str, lines: tuple[str, ...]) -> None:
    assert title_lines(title) == lines


def test_a_long_campaign_title_tears_no_word_and_leaves_no_lone_character() -> None:
    lines = title_lines("内蒙古自治区锡林郭勒盟2027年国庆中秋假期校外培训线上巡查整治专项行动总结报告")
    assert len(lines) == 2
    assert all(
        word in "".join(f"{line}|" for line in lines) for word in ("2027年", "校外培训", "线上巡查", "专项行动", "总结报告")
    )
    assert max(map(width_of, lines)) - min(map(width_of, lines)) < 4


@pytest.mark.parametrize(
    ("heading", "lines"),
    [
        ("处置结果及时间", ("处置结果", "及时间")),
        ("巡查对象类别", ("巡查对象", "类别")),
        ("有无办学许可证", ("有无办学", "许可证")),
        ("ICP备案号", ("ICP", "备案号")),
        ("采取的措施", ("采取的", "措施")),
        ("序号", ("序号",)),
    ],
)
def test_narrow_headings_break_between_words(heading: str, lines: tuple[str, ...]) -> None:
    assert heading_lines(heading, 4.2) == lines


@given(
    st.text("XX市关于开展线上巡查专项行动的总结报告（2027年11月）-，、“”第三次A", min_size=1, max_size=80), st.integers(12, 40)
)
def test_breaking_loses_nothing_and_keeps_to_the_width(title: str, longest: int) -> None:
    lines = title_lines(title, longest)
    assert "".join(lines) == title
    assert all(width_of(line) <= longest for line in lines)
