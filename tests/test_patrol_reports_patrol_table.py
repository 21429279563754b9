"""The patrol table as an officer gets it: read back from the files, with hostile text inside."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given as over
from hypothesis import strategies as st

from patrol.bench.report import sample_input
from patrol.handling import Look
from patrol.model import Judgement, State
from patrol.reports.cells import clean
from patrol.reports.forms import form
from patrol.reports.records import Report, ReportInput
from patrol.reports.to_docx import write_docx
from patrol.reports.to_xlsx import write_xlsx

HOSTILE = (
    '=HYPERLINK("http://x.example","点我")',
    "+cmd|'/c calc'!A0",
    "@SUM(1)",
    "-2+3",
    "_x0041_ 原样",
    "</w:t></w:r></w:p><w:p>&amp;<![CDATA[x]]>",
    "零\u200b宽\u202e倒序\x00\x07\x1b\ufffe尾",
    "第一行\r\n第二行\t制表",
    "Z" + "\u0301" * 500 + "algo",
    "<!--rows-0-->",
)


def hostile_input() -> ReportInput:
    given = sample_input(len(HOSTILE))
    leads = tuple(
        replace(lead, author=text, excerpt=text, url=text, match=replace(lead.match, query=text), judgement=Judgement.CONFIRMED)
        for lead, text in zip(given.leads, HOSTILE, strict=True)
    )
    return replace(given, leads=leads)


def sheet_rows(path: Path, name: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in openpyxl.load_workbook(path)[name].iter_rows(values_only=True)]


def table_texts(path: Path, position: int) -> list[list[str]]:
    # row by row through the tree: python-docx's own cell access is quadratic
    table = Document(str(path)).tables[position]._tbl
    return [
        ["".join(t.text or "" for t in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))] for row in table.iter(qn("w:tr"))
    ]


def test_title_header_line_and_columns_are_those_of_the_annex(tmp_path: Path) -> None:
    write_xlsx(form("线上巡查情况表").build(sample_input(20)), tmp_path / "a.xlsx")
    rows = sheet_rows(tmp_path / "a.xlsx", "线上巡查情况表")
    assert rows[0][0] == "XX市线上巡查情况表（2027年1月15日-2027年1月29日）"
    assert [cell for cell in rows[1] if cell] == ["填报单位：XX市教育局", "负责人：张某", "联系电话：19900001234"]
    assert rows[2][:2] == ("序号", "巡查对象")
    assert any("并非官方表样" in str(row[0]) for row in rows)


def test_both_files_hold_the_same_rows_and_leave_out_the_dismissed(tmp_path: Path) -> None:
    given = sample_input(40)
    report = form("patrol_table").build(given)
    write_xlsx(report, tmp_path / "a.xlsx")
    write_docx(report, tmp_path / "a.docx")
    listed = [lead for lead in given.leads if lead.judgement is not Judgement.DISMISSED]
    assert 0 < len(listed) < 40
    xlsx = [row for row in sheet_rows(tmp_path / "a.xlsx", "线上巡查情况表")[3:] if isinstance(row[0], int)]
    docx = table_texts(tmp_path / "a.docx", 0)[1:]
    assert [row[0] for row in xlsx] == list(range(1, len(listed) + 1))
    assert [[str(cell).replace("\n", "") for cell in row] for row in xlsx] == docx
    assert [str(row[10]).split("\n")[0] for row in xlsx] == [lead.number for lead in listed]


def test_hostile_text_stays_text_in_the_workbook(tmp_path: Path) -> None:
    write_xlsx(form("patrol_table").build(hostile_input()), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    for sheet in book:
        assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    addresses = [str(row[3]) for row in sheet_rows(tmp_path / "a.xlsx", "线上巡查情况表")[3:] if isinstance(row[0], int)]
    # Excel reads _x005F_ as an underscore; openpyxl hands it over as written
    assert [address.split("\n", 1)[1].replace("_x005F_", "_") for address in addresses] == [clean(text) for text in HOSTILE]


def test_hostile_text_breaks_no_xml_and_reaches_the_word_file(tmp_path: Path) -> None:
    write_docx(form("patrol_table").build(hostile_input()), tmp_path / "a.docx")
    rows = table_texts(tmp_path / "a.docx", 0)[1:]
    assert len(rows) == len(HOSTILE)
    assert all(clean(text) in row[3] for row, text in zip(rows, HOSTILE, strict=True))


@over(st.text(max_size=400))
def test_clean_text_is_fit_for_xml_and_one_line(text: str) -> None:
    shown = clean(text, 120)
    assert len(shown) <= 120
    assert "\n" not in shown
    assert all(character >= " " for character in shown)
    assert clean(shown) == shown


def test_very_long_text_is_cut_where_one_can_see_it(tmp_path: Path) -> None:
    given = hostile_input()
    long = replace(given.leads[0], url="https://long.example/" + "路" * 40_000)
    write_xlsx(form("patrol_table").build(replace(given, leads=(long,))), tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["线上巡查情况表"]
    assert str(sheet["D4"].value).endswith("……〔已截断，全文见证据〕")
    assert sheet.row_dimensions[4].height <= 409


def test_header_row_repeats_and_the_paper_lies_across(tmp_path: Path) -> None:
    report = form("patrol_table").build(sample_input(5))
    write_xlsx(report, tmp_path / "a.xlsx")
    write_docx(report, tmp_path / "a.docx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["线上巡查情况表"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$2:$3"
    document = Document(str(tmp_path / "a.docx"))
    section = document.sections[0]
    assert section.page_width.mm == pytest.approx(297, abs=0.5)
    assert document.tables[0].rows[0]._tr.find(qn("w:trPr")).find(qn("w:tblHeader")) is not None
    assert "PAGE" in section.footer._element.xml


def test_blocked_changed_and_unvisited_sources_never_look_clean() -> None:
    given = sample_input(0)
    report = form("patrol_table").build(given)
    by_source = {row.values[1]: row for row in report.tables[1].rows}
    assert by_source["短视频（样例）"].alarm
    assert "须验证码12" in str(by_source["短视频（样例）"].values[7])
    assert str(by_source["小程序（样例）"].values[2]).startswith("未覆盖")
    assert str(by_source["live_room"].values[2]).startswith("未巡查")
    assert by_source["同城信息（样例）"].values[2] == "已覆盖"
    assert "不能据此认定无问题" in report.tables[0].empty


def test_a_leadless_period_is_clean_only_when_all_was_seen() -> None:
    given = sample_input(0)
    whole = tuple(row for row in given.coverage if row.complete)
    campaign = replace(given.campaign, sources=())
    assert (
        form("patrol_table").build(replace(given, coverage=whole, campaign=campaign)).tables[0].empty.endswith("未发现疑似线索。")
    )
    assert "没有巡查记录" in form("patrol_table").build(replace(given, coverage=(), campaign=campaign)).tables[0].empty


def test_sums_of_every_group_equal_the_rows_of_the_table() -> None:
    report = form("patrol_table").build(sample_input(150))
    subtotals = [row.values[2] for row in report.tables[3].rows if row.values[1] == "小计"]
    assert len(subtotals) == 7
    assert set(subtotals) == {len(report.tables[0].rows)}


def test_each_earlier_lead_has_exactly_one_change() -> None:
    given = sample_input(6, batch=2)
    earlier = tuple(
        replace(lead, judgement=Judgement.CONFIRMED, author=f"a{place}", screening=None)
        for place, lead in enumerate(given.earlier)
    )
    new = replace(given.leads[0], judgement=Judgement.CONFIRMED, platform=earlier[1].platform, author="a1", screening=None)
    numbers, at = [lead.number for lead in earlier], given.made_at
    looks = (
        Look(lead=numbers[0], at=at, state=State.OK),
        Look(lead=numbers[1], at=at, state=State.GONE_DELETED),
        Look(lead=numbers[2], at=at.replace(hour=1), state=State.GONE_VIOLATION),
        Look(lead=numbers[2], at=at, state=State.OK),
        Look(lead=numbers[3], at=at, state=State.BLOCKED_CAPTCHA),
    )
    table = form("patrol_table").build(replace(given, leads=(new,), earlier=earlier, looks=looks)).tables[2]
    changes = {row.lead: row.values[1] for row in table.rows}
    unseen = "未能复查，状态不明"
    assert [changes[number] for number in numbers] == ["仍在", "已下架", "复发", unseen, unseen, unseen]
    assert changes[new.number] == "复发"


def test_nothing_is_called_unlicensed() -> None:
    report = form("patrol_table").build(sample_input(200))
    answers = {str(row.values[4]) for row in report.tables[0].rows}
    assert "名单未匹配，待核" in answers
    assert not any(answer.startswith("无") or "无证" in answer for answer in answers)


def test_measures_that_nobody_recorded_are_marked_blanks() -> None:
    report = form("patrol_table").build(sample_input(10))
    assert {row.values[8] for row in report.tables[0].rows} == {"〔待填〕"}


@pytest.mark.parametrize("writer", [write_xlsx, write_docx])
def test_the_same_content_gives_the_same_bytes(writer: Callable[[Report, Path], None], tmp_path: Path) -> None:
    report = form("patrol_table").build(sample_input(8))
    writer(report, tmp_path / "a")
    writer(report, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_bench_measures_a_small_table() -> None:
    # a process of its own: the peak of memory is that of the whole process
    command = [sys.executable, "-m", "patrol.bench.report", "--rows", "200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "rows 200 of 200 leads" in done.stdout
    assert "peak" in done.stdout
