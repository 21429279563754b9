"""Lists of unusual shape: one column, odd headers, values of another kind than the header says, rows without a name."""

import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from patrol.commands.whitelist import app
from patrol.errors import BadInput
from patrol.licences import ListFile, load_list

NAME = "某市青柠檬艺术培训中心"


def read(folder: Path, text: str) -> ListFile:
    """Read a list written as CSV, unreadable rows reported."""
    path = folder / "名单.csv"
    path.write_text(text, encoding="utf-8")
    return load_list(path, strict=False)


@pytest.mark.parametrize("above", ["", "某市校外培训机构\n"])
def test_a_list_of_names_alone_is_read(tmp_path: Path, above: str) -> None:
    """Reads every name of one column, also one without a usual ending; the sum below is no name."""
    found = read(tmp_path, f"{above}机构名称\n{NAME}\n小画家美术\n合计2家\n")
    assert [entry.name for entry in found.entries] == [NAME, "小画家美术"]


def test_odd_headers_are_known(tmp_path: Path) -> None:
    """Knows a permit, an address and a telephone by what schools' offices call them."""
    header = "编号,学校（单位）名称,批准书号,上课地方,联系人电话"
    (entry,) = read(tmp_path, f"{header}\n1,{NAME},教民123456789012345号,东区一路1号,19900001234\n").entries
    assert (entry.permit, entry.address, entry.phones) == ("教民123456789012345号", "东区一路1号", ("19900001234",))
    assert entry.person == ""


@pytest.mark.parametrize(
    ("header", "value", "person", "phones"),
    [
        ("联系人", "19900001234", "", ("19900001234",)),
        ("负责人身份证号", "000000190001010000", "", ()),
        ("法定代表人电话", "19900001234", "", ("19900001234",)),
        ("负责人", "某甲", "某甲", ()),
    ],
)
def test_values_say_what_a_column_holds(tmp_path: Path, header: str, value: str, person: str, phones: tuple[str, ...]) -> None:
    """Takes no number for a person's name, whatever the header says."""
    (entry,) = read(tmp_path, f"机构名称,地址,{header}\n{NAME},东区一路1号,{value}\n").entries
    assert (entry.person, entry.phones) == (person, phones)


def test_unused_columns_are_named(tmp_path: Path) -> None:
    """Names in the preview the columns that nothing was read from."""
    path = tmp_path / "名单.csv"
    path.write_text(f"机构名称,地址,负责人身份证号,占地\n{NAME},东区一路1号,000000190001010000,90\n", encoding="utf-8")
    shown = CliRunner().invoke(app, ["import", str(path), "--preview", "--json"])
    assert json.loads(shown.stdout)["unused"] == ["负责人身份证号", "占地"]


def test_a_formula_without_value_is_reported(tmp_path: Path) -> None:
    """Reports the row of a name that was never calculated; another field of that kind is left empty with a remark."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("白名单", 0)
    rows = (["机构名称", "地址"], [NAME, "=B9"], ['="某市"&"晴空学校"', "东区二路2号"], ["=A2", None], ["某市晴空学校", "东区"])
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "名单.xlsx")
    found = load_list(tmp_path / "名单.xlsx", strict=False)
    assert [(entry.name, entry.address) for entry in found.entries] == [(NAME, ""), ("某市晴空学校", "东区")]
    assert [(one.line, one.fatal) for one in found.troubles] == [(2, False), (3, True), (4, True)]
    assert found.troubles[1].chinese.startswith("名单.xlsx 工作表“白名单” 第3行：机构名称是公式")


def test_rows_without_a_name_are_reported(tmp_path: Path) -> None:
    """Reports what has something but no name; blank rows, section titles, prepared numbers and signatures are no institutions."""
    rows = [
        "序号,机构名称,地址",
        "一、东区,,",
        f"1,{NAME},东区一路1号",
        ",,更新路5号",
        "3,,",
        ",,",
        "4,更新培训学校,",
        "5,,",
        ",,某市教育局",
        ",,2027年1月15日",
        "注：以上为正常办学机构,,",
    ]
    found = read(tmp_path, "\n".join(rows) + "\n")
    assert [entry.name for entry in found.entries] == [NAME, "更新培训学校"]
    assert [(one.line, one.reason) for one in found.troubles] == [(4, "机构名称是空的"), (5, "机构名称是空的")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("机构名称,地址," * 400_000, "有一行超过 5 MB"),
        (f'机构名称,地址\n{NAME},"{"东" * 140_000}"\n', "一个单元格的内容太长"),
    ],
)
def test_an_endless_line_is_refused_as_such(tmp_path: Path, text: str, reason: str) -> None:
    """Says in Chinese that a line, or a cell, is too long."""
    with pytest.raises(BadInput, match=reason) as refused:
        read(tmp_path, text)
    assert "field" not in str(refused.value)
