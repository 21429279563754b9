"""List files of every usual shape are read with the right rows, or refused whole with the place of the trouble."""

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.errors import BadInput
from patrol.licences import ListKind, load_list, load_lists

GOOD = Path(__file__).parent.parent / "fixtures" / "lists" / "good"
BROKEN = GOOD.parent / "broken"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("01_题头与合计.xlsx", {ListKind.WHITE: 12}),
        ("02_合并单元格.xlsx", {ListKind.WHITE: 12}),
        ("03_多张工作表.xlsx", {ListKind.WHITE: 9, ListKind.BLACK: 3}),
        ("04_旧版表格.xls", {ListKind.WHITE: 12}),
        ("05_国标编码.csv", {ListKind.WHITE: 13}),
        ("06_分号与换行.csv", {ListKind.WHITE: 11, ListKind.CANCELLED: 1}),
        ("07_网页表格.html", {ListKind.WHITE: 12}),
        ("08_课后服务.docx", {ListKind.AFTER_SCHOOL: 12}),
        ("09_多页表格.pdf", {ListKind.WHITE: 70}),
        ("10_黑名单.csv", {ListKind.BLACK: 10}),
        ("11_没有表头.csv", {ListKind.WHITE: 12}),
    ],
)
def test_reads_all_rows_of_a_shape(name: str, kinds: dict[ListKind, int]) -> None:
    """Counts rows right and knows which list they are on."""
    read = load_list(GOOD / name)
    assert Counter(entry.list_kind for entry in read.entries) == kinds
    assert len({entry.row for entry in read.entries}) == len(read.entries)
    assert all("\n" not in entry.name and " " not in entry.name for entry in read.entries)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("截断.xlsx", "截断.xlsx"),
        ("截断.xls", "截断.xls"),
        ("截断.html", "截断.html"),
        ("截断.docx", "截断.docx"),
        ("截断.pdf", "截断.pdf"),
        ("坏字节.csv", "第5行"),
        ("错位.csv", "第4行"),
        ("空文件.csv", "空文件.csv"),
        ("缺机构名称.xlsx", "工作表“白名单” 第6行"),
        ("不是名单.xlsx", "第1行"),
    ],
)
def test_refuses_a_broken_file_whole(name: str, place: str) -> None:
    """Names the file, and sheet and row where they are known."""
    with pytest.raises(BadInput) as refused:
        load_list(BROKEN / name)
    assert place in str(refused.value)
    assert refused.value.exit_code == 2


def test_reads_the_rest_when_asked_to() -> None:
    """Without strictness the unreadable row is reported and the others are read."""
    read = load_list(BROKEN / "缺机构名称.xlsx", strict=False)
    assert len(read.entries) == 11
    assert [trouble.chinese for trouble in read.troubles if trouble.fatal] == [
        "缺机构名称.xlsx 工作表“白名单” 第6行：机构名称是空的"
    ]


def test_merged_cells_digits_and_period() -> None:
    """Fills a merged district, reads full-width digits, broken numbering and a period of validity."""
    first, *_, last = load_list(GOOD / "02_合并单元格.xlsx").entries
    assert (first.row, first.place, last.row, last.place) == (1, "东区", 34, "西区")
    assert len(first.uscc) == 18
    assert first.uscc.isascii()
    assert (first.valid_from, first.valid_to) == (date(2024, 5, 1), date(2027, 4, 30))


def test_rare_characters_survive_gb18030() -> None:
    """Decodes four-byte GB18030 characters."""
    assert "䶮腾镕悦" in load_list(GOOD / "05_国标编码.csv").entries[-1].name


def test_sheets_that_each_number_from_one_are_renumbered() -> None:
    """Gives every row a number of its own when sheets repeat numbers."""
    assert [entry.row for entry in load_list(GOOD / "03_多张工作表.xlsx").entries] == list(range(1, 13))


def test_mapping_says_what_was_guessed() -> None:
    """Shows for each sheet which header was taken for which field."""
    ((_, columns),) = load_list(GOOD / "10_黑名单.csv").mapping
    assert dict(columns) == {"地址": "位置", "机构名称": "机构名", "备注": "上榜原因"}


def write_csv(folder: Path, rows: list[list[str]]) -> Path:
    """Write rows as a CSV file."""
    path = folder / "名单.csv"
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return path


def test_mapping_can_be_corrected(tmp_path: Path) -> None:
    """Takes the column that the officer names, by header, letter or number."""
    path = write_csv(tmp_path, [["甲", "乙", "丙"], ["1", "某市青柠檬培训学校", "91330106MA2TEXT01A"]])
    for wanted in ({"机构名称": "乙", "统一社会信用代码": "丙"}, {"name": "乙", "uscc": "C"}, {"name": "乙", "uscc": "3"}):
        (entry,) = load_list(path, mapping=wanted).entries
        assert (entry.name, entry.uscc) == ("某市青柠檬培训学校", "91330106MA2TEXT01A")


@pytest.mark.parametrize("header", ["单位", "机构", "学校", "办学单位"])
def test_bare_word_heads_the_names(tmp_path: Path, header: str) -> None:
    """Reads a header that says no more than 单位 as a header, not as a row."""
    path = write_csv(tmp_path, [["序号", header, "地址"], ["1", "某市青柠檬培训学校", "某路1号"]])
    (entry,) = load_list(path).entries
    assert (entry.row, entry.name) == (1, "某市青柠檬培训学校")


def test_school_where_an_institution_teaches_is_not_its_name(tmp_path: Path) -> None:
    """Prefers the full header where a bare one stands beside it."""
    path = write_csv(tmp_path, [["学校", "机构名称", "地址"], ["某某小学", "某市青柠檬培训学校", "某路1号"]])
    (entry,) = load_list(path).entries
    assert entry.name == "某市青柠檬培训学校"


def test_mapping_to_a_missing_column_is_refused(tmp_path: Path) -> None:
    """Names the field and the headers there are."""
    path = write_csv(tmp_path, [["机构名称", "地址"], ["某市青柠檬培训学校", "某路1号"]])
    with pytest.raises(BadInput, match="没有“许可证”这一列；表头是：机构名称、地址"):
        load_list(path, mapping={"办学许可证号": "许可证"})


def test_wrong_check_digit_is_a_warning_only(tmp_path: Path) -> None:
    """Keeps a code that fails its check digit, and says so: such codes exist."""
    path = write_csv(tmp_path, [["机构名称", "统一社会信用代码"], ["某市青柠檬培训学校", "91330106MA2TEXT01A"]])
    read = load_list(path)
    assert read.entries[0].uscc == "91330106MA2TEXT01A"
    assert "校验位不符" in read.troubles[0].reason


def test_total_and_remark_rows_are_no_institutions(tmp_path: Path) -> None:
    """Skips sums, remarks and section titles without complaint."""
    rows = [
        ["序号", "机构名称", "地址"],
        ["一、学科类", "", ""],
        ["1", "某市青柠檬培训学校", "某路1号"],
        ["合计", "1家", ""],
        ["注：动态管理", "", ""],
    ]
    read = load_list(write_csv(tmp_path, rows))
    assert ([entry.name for entry in read.entries], read.troubles) == (["某市青柠檬培训学校"], ())


def test_several_lists_become_one(tmp_path: Path) -> None:
    """Renumbers rows when two lists use the same numbers."""
    read = load_lists([GOOD / "01_题头与合计.xlsx", GOOD / "04_旧版表格.xls"])
    assert [entry.row for entry in read.entries] == list(range(1, 25))


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    """Reads only what an officer sees."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["机构名称", "地址"])
    sheet.append(["某市青柠檬培训学校", "某路1号"])
    hidden = book.create_sheet("旧")
    hidden.append(["机构名称", "地址"])
    hidden.append(["某市旧名单培训学校", "某路2号"])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "名单.xlsx")
    assert [entry.name for entry in load_list(tmp_path / "名单.xlsx").entries] == ["某市青柠檬培训学校"]


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1), flips=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=4))
@pytest.mark.parametrize("name", ["01_题头与合计.xlsx", "04_旧版表格.xls", "05_国标编码.csv", "07_网页表格.html"])
def test_damaged_files_are_refused_not_crashed_on(
    tmp_path_factory: pytest.TempPathFactory, name: str, cut: float, flips: list[tuple[float, int]]
) -> None:
    """Either reads or refuses a damaged file; nothing else is raised."""
    body = bytearray((GOOD / name).read_bytes())
    for where, value in flips:
        body[int(where * len(body))] = value
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(bytes(body[: int(cut * len(body))]) if not flips else bytes(body))
    try:
        load_list(path, strict=False)
    except BadInput as refused:
        assert name in str(refused)  # noqa: PT017
