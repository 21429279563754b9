"""Official templates of a bureau: other column names, merged headers, a logo, notes below; filled with formats kept."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from PIL import Image as Picture

from patrol.bench.report import sample_input
from patrol.errors import BadInput
from patrol.reports.forms import form
from patrol.reports.official import word_table, workbook
from patrol.reports.official.header_lines import filled_fields, filled_title
from patrol.reports.official.headings import match_headings
from patrol.reports.records import Table
from patrol.reports.templates import columns

COLUMNS = columns(form("patrol_table").TEMPLATE)
THIN = Side(style="thin")


def table_of(count: int) -> Table:
    return form("patrol_table").build(sample_input(count)).tables[0]


def logo() -> BytesIO:
    target = BytesIO()
    Picture.new("RGB", (80, 40), "navy").save(target, "PNG")
    target.seek(0)
    return target


def xlsx_template(path: Path, *, blank_rows: int = 3) -> Path:
    """Two-level merged header, own names, logo, numbered blank rows, a note and a signature line below."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "附件"
    sheet.add_image(Image(logo()), "A1")
    sheet.merge_cells("A2:H2")
    sheet["A2"] = "XX市线上巡查情况表（2022年X月X日-X月X日）"
    sheet["A2"].font = Font(name="方正小标宋简体", size=20)
    sheet.merge_cells("A3:H3")
    sheet["A3"] = "填报单位：XX市教育局                负责人：                联系电话："
    for column, text in (("A", "序号"), ("B", "巡查对象"), ("E", "发现问题"), ("G", "处置情况"), ("H", "局领导批示")):
        sheet[f"{column}4"] = text
    for area in ("A4:A5", "B4:B5", "C4:D4", "E4:F4", "G4:G5", "H4:H5"):
        sheet.merge_cells(area)
    sheet["C4"] = "入口信息"
    for column, text in (("C", "链接地址"), ("D", "平台类型"), ("E", "问题描述"), ("F", "重点内容")):
        sheet[f"{column}5"] = text
    for row in range(6, 6 + blank_rows):
        sheet[f"A{row}"] = row - 5
        for column in "ABCDEFGH":
            cell = sheet[f"{column}{row}"]
            cell.font = Font(name="楷体_GB2312", size=11)
            cell.fill = PatternFill("solid", fgColor="FFF2CC")
            cell.border = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
            cell.alignment = Alignment(vertical="center", wrap_text=True)
    note = 6 + blank_rows
    sheet.merge_cells(f"A{note}:H{note}")
    sheet[f"A{note}"] = "注：本表一式两份。"
    for column, width in zip("ABCDEFGH", (6, 22, 30, 14, 40, 12, 18, 14), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.page_setup.orientation = "landscape"
    book.save(path)
    return path


def docx_template(path: Path) -> Path:
    document = Document()
    document.add_picture(logo())
    document.add_paragraph("XX市线上巡查情况表（2022年X月X日-X月X日）").alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph("填报单位：XX市教育局          负责人：          联系电话：")
    table = document.add_table(rows=4, cols=5, style="Table Grid")
    for cell, text in zip(table.rows[0].cells, ("序 号", "巡查对象", "网址链接", "存在问题", "领导批示"), strict=True):
        cell.text = text
    run = table.rows[1].cells[1].paragraphs[0].add_run("")
    run.font.size, run.font.italic = Pt(9), True
    document.add_paragraph("注：本表一式两份。")
    document.save(str(path))
    return path


def test_headings_match_by_name_synonym_likeness_and_each_column_once() -> None:
    headings = ((0, "序 号"), (1, "对象名称"), (2, "网址链接"), (3, "主要问题"), (4, "发现的问题情况"), (5, "领导批示"))
    keys = [match.key for match in match_headings(headings, COLUMNS)]
    assert keys == ["serial", "object", "address", "problem", "", ""]


def test_a_correction_wins_and_a_wrong_one_is_refused() -> None:
    headings = ((0, "序号"), (1, "领导批示"))
    assert match_headings(headings, COLUMNS, {"领导批示": "备注"})[1].key == "remark"
    assert match_headings(headings, COLUMNS, {"序号": "-"})[0].key == ""
    with pytest.raises(BadInput, match="没有列“不存在”"):
        match_headings(headings, COLUMNS, {"不存在": "备注"})


def test_header_line_blanks_are_filled_and_written_values_stay() -> None:
    fields = (("填报单位", "甲市教育局"), ("负责人", "张某"), ("联系电话", "19900001234"))
    filled = filled_fields("填报单位：XX市教育局        负责人：        联系电话：", fields)
    assert filled is not None
    assert filled.split() == ["填报单位：甲市教育局", "负责人：张某", "联系电话：19900001234"]
    kept = filled_fields("填报单位：乙市教育局    负责人：____    联系电话：", fields)
    assert kept is not None
    assert kept.split() == ["填报单位：乙市教育局", "负责人：张某", "联系电话：19900001234"]
    assert filled_title("注：本表一式两份。", "线上巡查情况表", "新题") is None


def test_workbook_template_is_filled_with_formats_logo_and_notes_kept(tmp_path: Path) -> None:
    source, target, table = xlsx_template(tmp_path / "t.xlsx"), tmp_path / "o.xlsx", table_of(20)
    matches = workbook.fill(source, table, "线上巡查情况表", target, {})
    assert [match.heading for match in matches if not match.key] == ["局领导批示"]
    sheet = openpyxl.load_workbook(target)["附件"]
    assert sheet["A2"].value == table.title
    assert str(sheet["A3"].value).split() == ["填报单位：XX市教育局", "负责人：张某", "联系电话：19900001234"]
    count = len(table.rows)
    assert [sheet.cell(row, 1).value for row in range(6, 6 + count)] == list(range(1, count + 1))
    assert [sheet.cell(row, 2).value for row in range(6, 6 + count)] == [row.values[1] for row in table.rows]
    last = sheet.cell(5 + count, 5)
    assert (last.font.name, last.fill.fgColor.rgb, last.border.left.style) == ("楷体_GB2312", "00FFF2CC", "thin")
    assert sheet.cell(6 + count, 1).value == "注：本表一式两份。"
    assert f"A{6 + count}:H{6 + count}" in [area.coord for area in sheet.merged_cells.ranges]
    assert "C4:D4" in [area.coord for area in sheet.merged_cells.ranges]
    assert len(sheet._images) == 1
    assert sheet.column_dimensions["E"].width == 40
    assert (sheet.row_dimensions[6].height or 0) > 30


def test_fewer_rows_than_the_template_leaves_keep_its_note_in_place(tmp_path: Path) -> None:
    source, target = xlsx_template(tmp_path / "t.xlsx", blank_rows=9), tmp_path / "o.xlsx"
    workbook.fill(source, table_of(3), "线上巡查情况表", target, {})
    assert openpyxl.load_workbook(target)["附件"]["A15"].value == "注：本表一式两份。"


def test_hostile_text_stays_text_in_a_filled_template(tmp_path: Path) -> None:
    given = sample_input(1)
    lead = replace(given.leads[0], url="=1+1", author="=cmd|' /C calc'!A0", match=replace(given.leads[0].match, query="=SUM(A1)"))
    table = form("patrol_table").build(replace(given, leads=(lead,))).tables[0]
    target = tmp_path / "o.xlsx"
    workbook.fill(xlsx_template(tmp_path / "t.xlsx"), table, "线上巡查情况表", target, {})
    sheet = openpyxl.load_workbook(target)["附件"]
    assert [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


def test_word_template_is_filled_with_formats_and_logo_kept(tmp_path: Path) -> None:
    source, target, table = docx_template(tmp_path / "t.docx"), tmp_path / "o.docx", table_of(12)
    matches = word_table.fill(source, table, "线上巡查情况表", target, {})
    assert [match.heading for match in matches if not match.key] == ["领导批示"]
    document = Document(str(target))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert table.title in texts
    assert any("负责人：张某" in text and "联系电话：19900001234" in text for text in texts)
    assert texts[-1] == "注：本表一式两份。"
    assert len(document.inline_shapes) == 1
    rows = document.tables[0].rows
    assert len(rows) == len(table.rows) + 1
    assert [row.cells[1].text for row in rows[1:]] == [row.values[1] for row in table.rows]
    assert all(row.cells[1].paragraphs[0].runs[0].font.italic for row in rows[1:2])
    assert rows[0]._tr.find(qn("w:tc")) is not None


def test_a_filled_template_prints_on_the_width_of_a_page_with_its_header_repeated(tmp_path: Path) -> None:
    workbook.fill(xlsx_template(tmp_path / "t.xlsx"), table_of(6), "线上巡查情况表", tmp_path / "o.xlsx", {})
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx")["附件"]
    assert sheet.print_title_rows == "$4:$5"
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage) == (
        1,
        0,
        True,
    )
    word_table.fill(docx_template(tmp_path / "t.docx"), table_of(6), "线上巡查情况表", tmp_path / "o.docx", {})
    rows = Document(str(tmp_path / "o.docx")).tables[0]._tbl.tr_lst
    assert [row.find(f".//{qn('w:tblHeader')}") is not None for row in rows] == [True] + [False] * (len(rows) - 1)
    assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rows[1:])


def test_print_settings_of_the_template_stay(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(xlsx_template(tmp_path / "t.xlsx"))
    book["附件"].page_setup.scale, book["附件"].print_title_rows = 70, "1:5"
    book.save(tmp_path / "t.xlsx")
    workbook.fill(tmp_path / "t.xlsx", table_of(6), "线上巡查情况表", tmp_path / "o.xlsx", {})
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx")["附件"]
    assert (sheet.page_setup.scale, sheet.print_title_rows) == (70, "$1:$5")
    assert not (sheet.sheet_properties.pageSetUpPr and sheet.sheet_properties.pageSetUpPr.fitToPage)


def test_a_file_without_a_header_row_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "随便"
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(BadInput, match="找不到表头行"):
        workbook.find_header(workbook.open_template(tmp_path / "x.xlsx"), COLUMNS, tmp_path / "x.xlsx")
    (tmp_path / "y.docx").write_bytes(b"not a package")
    with pytest.raises(BadInput, match="不是可用的 docx"):
        word_table.open_template(tmp_path / "y.docx")
