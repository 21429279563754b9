"""Fill a bureau's own xlsx template: header row found, columns mapped, rows written in the formats of its first blank row."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import openpyxl
from openpyxl.cell import Cell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from patrol.errors import BadInput
from patrol.reports.cells import clean, cut, lines_needed
from patrol.reports.official.header_lines import filled_fields, filled_title
from patrol.reports.official.headings import LEVEL, HeadingMatch, match_headings, recognised
from patrol.reports.records import Column, Table, Value

_SEARCHED_ROWS, _SEARCHED_COLUMNS = 40, 60
_TALLEST = 400.0
_LOST = {"xl/drawings/vmlDrawing": "页眉图片或批注框", "xl/ctrlProps/": "表单控件", "xl/embeddings/": "嵌入对象"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a template's table is: sheet name, first and last header row (1-based), headings by 0-based column."""

    sheet: str
    top: int
    bottom: int
    headings: tuple[tuple[int, str], ...]


def open_template(path: Path) -> Workbook:
    """Open a template; BadInput when it is no xlsx workbook."""
    try:
        return openpyxl.load_workbook(path)
    except FileNotFoundError as error:
        raise BadInput("找不到这个文件；请检查路径", file=path) from error
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadInput("不是可用的 xlsx 文件；请用 Excel 或 WPS 另存为 .xlsx 后重试", file=path) from error


def find_header(book: Workbook, columns: tuple[Column, ...], path: Path) -> Found:
    """Return the row block whose cells look most like the form's headings; BadInput when no row has two of them."""
    best: tuple[int, Found] | None = None
    for sheet in book.worksheets:
        for row in range(1, min(sheet.max_row, _SEARCHED_ROWS) + 1):
            found = _block(sheet, row)
            score = recognised([heading for _, heading in found.headings], columns)
            if best is None or score > best[0]:
                best = (score, found)
    if best is None or best[0] < 2:
        wanted = "、".join(column.heading for column in columns)
        raise BadInput(f"找不到表头行：前{_SEARCHED_ROWS}行中没有两个以上可识别的列名（{wanted}）", file=path)
    return best[1]


def fill(path: Path, table: Table, name: str, target: Path, corrections: Mapping[str, str]) -> tuple[HeadingMatch, ...]:
    """Write the table's rows into a copy of the template at `target`; return the mapping that was used.

    Formats, widths, merged cells, pictures and print settings stay; rows below the table move down to make room.
    """
    book = open_template(path)
    found = find_header(book, table.columns, path)
    matches = match_headings(found.headings, table.columns, corrections)
    sheet = book[found.sheet]
    _fill_heading(sheet, found, table, name)
    _make_room(sheet, found, len(table.rows))
    _fill_rows(sheet, found, matches, table)
    _set_print(sheet, found)
    book.save(target)
    return matches


def _set_print(sheet: Worksheet, found: Found) -> None:
    """Repeat the header and keep the table on the width of a page, where the template itself says nothing of either."""
    if not sheet.print_title_rows:
        sheet.print_title_rows = f"{found.top}:{found.bottom}"
    setup = sheet.sheet_properties.pageSetUpPr
    if (setup is None or not setup.fitToPage) and sheet.page_setup.scale in {None, 100}:
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0


def losses(path: Path) -> tuple[str, ...]:
    """Name the parts of a template that cannot be carried over, so that an officer looks at the result."""
    try:
        with ZipFile(path) as package:
            names = package.namelist()
            shapes = any(
                b"<xdr:sp>" in package.read(one) or b"<xdr:sp " in package.read(one) for one in names if "/drawing" in one
            )
    except (BadZipFile, OSError):
        return ()
    lost = [what for prefix, what in _LOST.items() if any(one.startswith(prefix) for one in names)]
    return (*lost, *(("文本框或图形",) if shapes else ()))


def _merged_at(sheet: Worksheet, row: int, column: int) -> CellRange | None:
    return next(
        (
            area
            for area in sheet.merged_cells.ranges
            if area.min_row <= row <= area.max_row and area.min_col <= column <= area.max_col
        ),
        None,
    )


def _text(sheet: Worksheet, row: int, column: int) -> str:
    area = _merged_at(sheet, row, column)
    value = sheet.cell(area.min_row, area.min_col).value if area else sheet.cell(row, column).value
    return str(value).strip() if value is not None else ""


def _block(sheet: Worksheet, row: int) -> Found:
    """Return the header block that begins at `row`: as deep as its deepest merged cell, two-level headings read together."""
    width = min(sheet.max_column, _SEARCHED_COLUMNS)
    areas = [area for area in sheet.merged_cells.ranges if area.min_row == row]
    wide = [area for area in areas if area.max_col - area.min_col + 1 >= width > 1]
    bottom = max((area.max_row for area in areas if area not in wide), default=row)
    headings: list[tuple[int, str]] = []
    for column in range(1, width + 1):
        area = _merged_at(sheet, bottom, column)
        if area is not None and area.min_col < column:
            continue
        texts = dict.fromkeys(text for level in range(row, bottom + 1) if (text := _text(sheet, level, column)))
        if texts:
            headings.append((column - 1, LEVEL.join(texts)))
    return Found(sheet.title, row, bottom, tuple(headings) if not wide else ())


def _fill_heading(sheet: Worksheet, found: Found, table: Table, name: str) -> None:
    for row in sheet.iter_rows(min_row=1, max_row=found.top - 1):
        for cell in row:
            if not isinstance(cell, Cell) or not isinstance(cell.value, str):
                continue
            title = filled_title(cell.value, name, table.title)
            line = filled_fields(cell.value, table.fields)
            if title is not None or line is not None:
                _put(cell, title if title is not None else str(line))
            elif not _next_is_written(sheet, cell):
                _fill_beside(sheet, cell, table)


def _next_is_written(sheet: Worksheet, cell: Cell) -> bool:
    area = _merged_at(sheet, cell.row, cell.column)
    beside = sheet.cell(cell.row, (area.max_col if area else cell.column) + 1)
    return not isinstance(beside, Cell) or beside.value is not None


def _fill_beside(sheet: Worksheet, cell: Cell, table: Table) -> None:
    """Fill the cell to the right of a field name that stands alone in its cell («负责人» | )."""
    bare = str(cell.value).strip().rstrip(":：")
    for heading, value in table.fields:
        if bare == heading:
            area = _merged_at(sheet, cell.row, cell.column)
            beside = sheet.cell(cell.row, (area.max_col if area else cell.column) + 1)
            if isinstance(beside, Cell):
                _put(beside, value)


def _blank_rows(sheet: Worksheet, found: Found) -> int:
    """Count the empty rows that the template leaves for data."""
    count, row = 0, found.bottom + 1
    columns = [place + 1 for place, _ in found.headings]
    while row <= sheet.max_row and not any(
        _text(sheet, row, column) and not _is_number(sheet, row, column) for column in columns
    ):
        count, row = count + 1, row + 1
    return count


def _is_number(sheet: Worksheet, row: int, column: int) -> bool:
    # many templates number their blank rows 1, 2, 3 …
    return str(sheet.cell(row, column).value or "").strip().isdigit()


def _make_room(sheet: Worksheet, found: Found, rows: int) -> None:
    blank, first = _blank_rows(sheet, found), found.bottom + 1
    missing = rows - blank
    if missing <= 0 or first + blank > sheet.max_row:
        return
    start = first + blank
    below = [area for area in list(sheet.merged_cells.ranges) if area.min_row >= start]
    heights = {row: sheet.row_dimensions[row].height for row in range(start, sheet.max_row + 1)}
    for area in below:
        sheet.unmerge_cells(area.coord)
    last = get_column_letter(sheet.max_column)
    sheet.move_range(f"A{start}:{last}{sheet.max_row}", rows=missing, translate=True)
    for area in below:
        area.shift(row_shift=missing)
        sheet.merge_cells(area.coord)
    for row, height in heights.items():
        sheet.row_dimensions[row + missing].height = height


def _fill_rows(sheet: Worksheet, found: Found, matches: tuple[HeadingMatch, ...], table: Table) -> None:
    first = found.bottom + 1
    positions = {column.key: place for place, column in enumerate(table.columns)}
    pattern = [cell for cell in sheet[first] if isinstance(cell, Cell)]
    spans = [area for area in sheet.merged_cells.ranges if area.min_row == area.max_row == first]
    merged = {area.min_row for area in sheet.merged_cells.ranges}
    base = sheet.row_dimensions[first].height or 0.0
    widths = {match.place: _width(sheet, first, match.place) for match in matches}
    for number, row in enumerate(table.rows):
        line = first + number
        if number:
            _copy_row(sheet, pattern, line)
            for area in () if line in merged else spans:
                sheet.merge_cells(start_row=line, end_row=line, start_column=area.min_col, end_column=area.max_col)
        height = base
        for match in matches:
            cell = sheet.cell(line, match.place + 1)
            if match.key and isinstance(cell, Cell):
                height = max(height, _write(cell, row.values[positions[match.key]], widths[match.place]))
        sheet.row_dimensions[line].height = min(_TALLEST, height) or None


def _copy_row(sheet: Worksheet, pattern: list[Cell], line: int) -> None:
    for source in pattern:
        cell = sheet.cell(line, source.column)
        if isinstance(cell, Cell) and source.has_style:
            cell._style = copy.copy(source._style)  # type: ignore[attr-defined]  # noqa: SLF001  a style is copied only so


def _width(sheet: Worksheet, row: int, place: int) -> float:
    area = _merged_at(sheet, row, place + 1)
    last = area.max_col if area else place + 1
    return sum(sheet.column_dimensions[get_column_letter(column)].width or 8.43 for column in range(place + 1, last + 1))


def _write(cell: Cell, value: Value, width: float) -> float:
    """Write a value and return the height in points that its text needs; wrapping is switched on only where it is needed."""
    size = float(cell.font.sz or 11)
    room = max(1.0, (width * 7 - 4) / (size * 96 / 72) * 0.92)
    if not isinstance(value, str):
        cell.value = value
        return size * 1.3 + 4
    text = "\n".join(clean(part) for part in value.split("\n"))
    while lines_needed(text, room) * size * 1.3 + 6 > _TALLEST:
        text = cut(text, int(len(text) * 0.9))
    _put(cell, text)
    lines = lines_needed(text, room)
    if lines > 1 and not cell.alignment.wrap_text:
        kept = copy.copy(cell.alignment)
        cell.alignment = Alignment(horizontal=kept.horizontal, vertical=kept.vertical or "center", wrap_text=True)
    return math.ceil(lines * size * 1.3 + 6)


def _put(cell: Cell, text: str) -> None:
    cell.value = text
    if text.startswith(("=", "+", "-", "@")):
        # openpyxl would store a formula: what comes from a page is text, and stays text when someone edits the cell
        cell.data_type = "s"
        cell.style = cell.style
        cell.quotePrefix = True
