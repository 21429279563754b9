"""A notice's table becomes a school calendar whole, or is refused with the line."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml

from patrol.calendar_files import FOLDER, load_calendar
from patrol.errors import BadInput
from patrol.school_import import read_school_table

WIDE = "学段,寒假,暑假\n小学、初中,2027年1月23日（星期六）至2月28日,7月10日—8月31日\n普通高中,1月30日至2月28日,7月17日至8月31日\n"
PAIRS = "学校类别,寒假开始,寒假结束\n义务教育学校,2027-01-23,2027-02-28\n非义务教育学校,2027-01-30,2027-02-28\n"
LONG = "云川市校历\n假期,学段,起止时间\n寒假,中小学,1月23日至2月28日\n暑假,中小学,7月10日至8月31日\n"
MERGED = (
    "<table><tr><th>学段<th>假期<th>开始日期<th>结束日期<tr><td rowspan=2>小学<td>寒假<td>2027年1月23日<td>2027年2月28日"
    "<tr><td>暑假<td>2027年7月10日<td>2027年8月31日</table>"
)


def read(path: Path, text: str) -> list[tuple[str, str, date, date]]:
    path.write_text(text, encoding="utf-8")
    found = read_school_table(path, region="云川市", school_year="2026-2027", source="云川市校历通知", published=None)
    return [(term.name, term.stage, term.start, term.end) for term in found.terms()]


@pytest.mark.parametrize(
    ("name", "text", "count"), [("a.csv", WIDE, 6), ("b.csv", PAIRS, 3), ("c.csv", LONG, 6), ("d.html", MERGED, 2)]
)
def test_usual_tables_are_read(tmp_path: Path, name: str, text: str, count: int) -> None:
    terms = read(tmp_path / name, text)
    assert len(terms) == count
    assert ("寒假", "primary", date(2027, 1, 23), date(2027, 2, 28)) in terms


def test_dates_of_a_workbook_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["学段", "寒假开始", "寒假结束"], ["高中", date(2027, 1, 30), date(2027, 2, 28)]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(tmp_path / "a.xlsx")
    found = read_school_table(tmp_path / "a.xlsx", region="云川市", school_year="2026-2027", source="校历通知", published=None)
    assert [(one.stages, one.start) for one in found.vacations] == [(("senior",), date(2027, 1, 30))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("学段,寒假\n小学,1月23日起\n", "第2行.*开始和结束"),
        ("学段,寒假\n小学,2月30日至3月1日\n", "第2行.*不是有效的日期"),
        ("学段,寒假\n老年大学,1月23日至2月28日\n", "第2行.*不认识的学段"),
        ("学段,寒假\n小学,2029年1月23日至2029年2月28日\n", "第2行.*学年内"),
        ("学段,寒假\n小学,1月23日至2月28日\n小学,1月24日至2月28日\n", "两种起止"),
        ("姓名,电话\n张,1\n", "没有找到学段"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read(tmp_path / "a.csv", text)


def test_imported_calendar_goes_before_the_shipped_one(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    term = {"name": "寒假", "stages": ["primary"], "start": date(2026, 1, 20), "end": date(2026, 3, 1)}
    own = {"region": "北京", "school_year": "2025-2026", "source": "本区校历通知", "vacations": [term]}
    (folder / "school-own.yml").write_text(yaml.safe_dump(own, allow_unicode=True), encoding="utf-8")
    terms = load_calendar(tmp_path).terms("北京市", date(2026, 1, 1), date(2026, 3, 31))
    assert {term.stage: term.source for term in terms}["primary"] == "本区校历通知"
    assert {term.stage for term in terms} == {"primary", "junior", "senior"}
