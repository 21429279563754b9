"""Turn list files of every usual format into grids of text cells, with merged cells filled in and lines counted."""

import csv
import io
import logging
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import ParseError

import docx
import lxml.etree  # type: ignore[import-untyped]
import openpyxl
import pdfplumber
import xlrd
from docx.opc.exceptions import PackageNotFoundError
from openpyxl.utils.exceptions import InvalidFileException
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import PdfminerException

from patrol.errors import BadInput
from patrol.licences.cells import UNSTORED, Grid, Row, decode, text_of
from patrol.licences.html_tables import html_grids

_BIG_WORKBOOK = 4_000_000
_LONGEST_LINE = 5_000_000
_TOO_LONG = "有一行超过 5 MB，文件太长或缺少换行；一行应是一家机构，请用表格软件打开核对后另存为 xlsx 或 CSV"
_TOO_LONG_CELL = "一个单元格的内容太长（超过 131072 个字）；请检查这一行是否缺少换行，或引号没有配对"
# what the readers raise on files cut short or damaged on the way; found by feeding them thousands of damaged ones
_BROKEN_ARCHIVE = (
    InvalidFileException,
    PackageNotFoundError,
    zipfile.BadZipFile,
    zlib.error,
    lxml.etree.XMLSyntaxError,
    ParseError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    EOFError,
    OSError,
)
_BROKEN_XLS = (
    xlrd.XLRDError,
    xlrd.compdoc.CompDocError,
    struct.error,
    AssertionError,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
)


def _csv_grids(path: Path, body: bytes) -> list[Grid]:
    if len(body) > _LONGEST_LINE and max(map(len, body.splitlines())) > _LONGEST_LINE:
        raise BadInput(_TOO_LONG, file=path)
    text = decode(body, path)
    if "\x00" in text:
        raise BadInput(
            "不是文本文件（含空字节）；请另存为 xlsx 或 CSV", file=path, line=text[: text.index("\x00")].count("\n") + 1
        )
    head = text[:4000]
    delimiter = max(",\t;，", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        rows.extend((reader.line_num, [text_of(cell) for cell in cells]) for cells in reader)
    except csv.Error as error:
        if "field limit" in str(error):
            raise BadInput(_TOO_LONG_CELL, file=path, line=reader.line_num) from error
        raise BadInput("引号不配对或分隔有误；请检查这一行的引号", file=path, line=reader.line_num) from error
    return [Grid("", rows)]


def _fill(rows: list[list[str]], top: int, left: int, bottom: int, right: int) -> None:
    value = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
    for line in range(top, min(bottom + 1, len(rows))):
        for column in range(left, min(right + 1, len(rows[line]))):
            rows[line][column] = value


def _xlsx_grids(path: Path, body: bytes) -> list[Grid]:
    try:
        return _read_workbook(body)
    except _BROKEN_ARCHIVE as error:
        raise BadInput("不是完整的 Excel 文件（可能没有下载完）；请重新下载或另存一份", file=path) from error


def _read_workbook(body: bytes) -> list[Grid]:
    """Read the visible sheets. Merged cells of very big workbooks are not filled: reading them so would take gigabytes."""
    big = len(body) > _BIG_WORKBOOK
    book = openpyxl.load_workbook(io.BytesIO(body), read_only=big, data_only=True)
    formulas = _uncalculated(body, big=big)
    grids = []
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        rows = [[text_of(value) for value in cells] for cells in sheet.iter_rows(values_only=True)]
        for line, column in formulas.get(sheet.title, ()):
            rows[line][column] = rows[line][column] or UNSTORED
        for area in () if big else sheet.merged_cells.ranges:
            _fill(rows, area.min_row - 1, area.min_col - 1, area.max_row - 1, area.max_col - 1)
        grids.append(Grid(f"工作表“{sheet.title}”", list(enumerate(rows, start=1))))
    book.close()
    return grids


def _uncalculated(body: bytes, *, big: bool) -> dict[str, list[tuple[int, int]]]:
    """Return where formulas stand, by sheet, as row and column from 0; nothing is read twice when a workbook has none."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        sheets = [name for name in package.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(re.search(rb"<(?:\w+:)?f[\s/>]", package.read(name)) for name in sheets):
            return {}
    book = openpyxl.load_workbook(io.BytesIO(body), read_only=big)
    found = {
        sheet.title: [
            (line, column)
            for line, cells in enumerate(sheet.iter_rows())
            for column, cell in enumerate(cells)
            if cell.data_type == "f"
        ]
        for sheet in book.worksheets
    }
    book.close()
    return found


def _xls_cell(book: xlrd.Book, sheet: xlrd.sheet.Sheet, line: int, column: int) -> str:
    if sheet.cell_type(line, column) == xlrd.XL_CELL_DATE:
        return text_of(xlrd.xldate.xldate_as_datetime(sheet.cell_value(line, column), book.datemode))
    return text_of(sheet.cell_value(line, column))


def _xls_grids(path: Path, body: bytes) -> list[Grid]:
    try:
        book = xlrd.open_workbook(file_contents=body, formatting_info=True, logfile=io.StringIO())
    except _BROKEN_XLS as error:
        raise BadInput("不是完整的 Excel 97 文件（可能没有下载完）；请用表格软件打开后另存为 xlsx", file=path) from error
    grids = []
    for sheet in book.sheets():
        rows = [[_xls_cell(book, sheet, line, column) for column in range(sheet.ncols)] for line in range(sheet.nrows)]
        for top, bottom, left, right in sheet.merged_cells:
            _fill(rows, top, left, bottom - 1, right - 1)
        grids.append(Grid(f"工作表“{sheet.name}”", list(enumerate(rows, start=1))))
    return grids


def _docx_grids(path: Path, body: bytes) -> list[Grid]:
    try:
        document = docx.Document(io.BytesIO(body))
    except _BROKEN_ARCHIVE as error:
        raise BadInput("不是完整的 Word 文件（可能没有下载完）；请重新下载或另存一份", file=path) from error
    grids = []
    heading = " ".join(paragraph.text for paragraph in document.paragraphs)[:400]
    for number, table in enumerate(document.tables, start=1):
        rows = [(line, [text_of(cell.text) for cell in row.cells]) for line, row in enumerate(table.rows, start=1)]
        grids.append(Grid(f"第{number}个表格", rows, heading))
    return grids


class _Losses(logging.Handler):
    """Hears the PDF reader's warnings: a page of which part is lost must not pass for a whole one."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[_Losses]:
    reader, handler = logging.getLogger("pdfminer"), _Losses()
    before = reader.propagate
    reader.addHandler(handler)
    reader.propagate = False
    try:
        yield handler
    finally:
        reader.removeHandler(handler)
        reader.propagate = before


def _pdf_grids(path: Path, body: bytes) -> list[Grid]:
    broken = "不是完整的 PDF 文件（可能没有下载完）；请重新下载"
    try:
        with _listening() as losses, pdfplumber.open(io.BytesIO(body)) as pdf:
            grids, characters = _read_pages(pdf)
    except (
        PDFException,
        PdfminerException,
        struct.error,
        AssertionError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise BadInput(broken, file=path) from error
    if losses.heard:
        raise BadInput(broken, file=path)
    if not characters:
        raise BadInput("这份 PDF 是扫描件，没有文字；请向发布单位索取电子表格，或先做文字识别再核对", file=path)
    return grids


def _read_pages(pdf: pdfplumber.pdf.PDF) -> tuple[list[Grid], int]:
    """Return the tables of all pages and how many characters there were at all (none: a scan)."""
    grids = []
    characters = 0
    heading = ""
    for number, page in enumerate(pdf.pages, start=1):
        characters += len(page.chars)
        heading = heading or page.extract_text()[:200]
        for table in page.extract_tables():
            rows = [(line, [text_of(cell) for cell in cells]) for line, cells in enumerate(table, start=1)]
            grids.append(Grid(f"第{number}页", rows, heading))
        page.close()
    return grids, characters


def _reader(path: Path, body: bytes) -> Callable[[Path, bytes], list[Grid]]:
    if body.startswith(b"PK"):
        return _docx_grids if b"word/document.xml" in body else _xlsx_grids
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        return _xls_grids
    if body.startswith(b"%PDF"):
        return _pdf_grids
    if re.search(rb"<(?:!doctype html|html|table|body)\b", body[:4000], re.IGNORECASE):
        return html_grids
    expected = {
        ".xlsx": _xlsx_grids,
        ".xls": _xls_grids,
        ".pdf": _pdf_grids,
        ".docx": _docx_grids,
        ".html": html_grids,
        ".htm": html_grids,
    }
    return expected.get(path.suffix.lower(), _csv_grids)


def read_grids(path: Path, body: bytes) -> list[Grid]:
    """Return the tables of a file, its format judged by its first bytes. Raises BadInput when it is broken or has none."""
    if not body.strip():
        raise BadInput("文件是空的", file=path)
    grids = [grid for grid in _reader(path, body)(path, body) if any(any(cells) for _, cells in grid.rows)]
    if not grids:
        raise BadInput("没有找到表格；请确认名单在表格里而不是图片里", file=path)
    return grids
