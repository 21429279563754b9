"""Write a form as a workbook: landscape A4, header row repeated, rows as high as their text, nothing that can run."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from patrol.reports.cells import clean, cut, lines_needed
from patrol.reports.line_breaks import heading_lines, title_lines
from patrol.reports.records import Column, Report, Row, Table, Value

BODY, HEAD, TITLE = "仿宋_GB2312", "黑体", "方正小标宋简体"
_SIZE, _SLACK = 10, 0.92
_TALLEST, _TITLE_SIZE = 400.0, 18
_PIXELS_PER_MM = 96 / 25.4
_LINE = 1.3
"""Line pitch in points for each point of size."""

Columns = tuple[Column, ...]


class Formats(NamedTuple):
    """The cell formats of one size, by alignment, alarm, heading."""

    size: int
    by_look: dict[tuple[str, bool, bool], Format]


def write_xlsx(report: Report, path: Path) -> None:
    """Write every table of a form as one sheet; numbers stay numbers, all other text is text even if it begins with “=”."""
    # widths are counted in digits of the default font: 宋体 measures alike in Excel, WPS and LibreOffice, Calibri does not
    plain = {"default_format_properties": {"font_name": "宋体", "font_size": 11}, "default_column_width": 72}
    options = {
        **plain,
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    packed = _Packed()
    with _scratch() as scratch, xlsxwriter.Workbook(packed, options | {"tmpdir": scratch}) as book:
        versions = "；".join(f"{name}：{value}" for name, value in report.versions)
        created = report.made_at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": report.title, "comments": versions, "created": created})
        formats = {size: _formats(book, size) for size in (_SIZE, _SIZE - 1)}
        for table in report.tables:
            _sheet(book, table, formats[_SIZE - 1 if table.crowded else _SIZE])
    path.write_bytes(packed.getbuffer())


class _Packed(BytesIO):
    """The workbook in memory; stays open for a zip file cut off by a full disk, which writes its end as it is thrown away."""

    def close(self) -> None:
        """Stay open."""


@contextmanager
def _scratch() -> Iterator[str]:
    """Give xlsxwriter a folder for its parts that goes away whole; raise the OSError that it wraps, as every writer does."""
    with TemporaryDirectory(prefix="patrol-", ignore_cleanup_errors=True) as folder:
        try:
            yield folder
        except FileCreateError as error:
            raise error.args[0] from error


def _formats(book: Workbook, size: int) -> Formats:
    made: dict[tuple[str, bool, bool], Format] = {}
    for align in ("left", "center", "right"):
        for alarm in (False, True):
            for strong in (False, True):
                look = {
                    "font_name": BODY,
                    "font_size": size,
                    "align": align,
                    "valign": "vcenter",
                    "text_wrap": True,
                    "border": 1,
                }
                if strong:
                    look |= {"font_name": HEAD, "bg_color": "#F2F2F2"}
                if alarm:
                    look |= {"bg_color": "#D9D9D9", "bold": True}
                if not strong and align == "left":
                    look["quote_prefix"] = True
                made[align, alarm, strong] = book.add_format(look)
    return Formats(size, made)


def _sheet(book: Workbook, table: Table, formats: Formats) -> None:
    sheet = book.add_worksheet(_sheet_name(table.name))
    last = len(table.columns) - 1
    for position, column in enumerate(table.columns):
        sheet.set_column_pixels(position, position, _pixels(column))
    top = _heading(book, sheet, table, last)
    heads = tuple("\n".join(heading_lines(column.heading, _room(column, formats.size))) for column in table.columns)
    _write_row(sheet, top, Row(values=heads), table.columns, formats, strong=True)
    line = top + 1
    for row in table.rows:
        _write_row(sheet, line, row, table.columns, formats)
        line += 1
    if table.total is not None and table.rows:
        _write_row(sheet, line, table.total, table.columns, formats, strong=True)
        line += 1
    left = book.add_format({"font_name": BODY, "font_size": _SIZE, "text_wrap": True, "valign": "vcenter"})
    if not table.rows:
        _merged(sheet, line, last, table.empty, formats.by_look["center", False, False], table.columns)
        line += 1
    for note in table.notes:
        _merged(sheet, line, last, note, left, table.columns)
        line += 1
    _page(sheet, table, top, line - 1)


def _heading(book: Workbook, sheet: Worksheet, table: Table, last: int) -> int:
    title = book.add_format(
        {"font_name": TITLE, "font_size": _TITLE_SIZE, "align": "center", "valign": "vcenter", "text_wrap": True}
    )
    room = int(sum(_pixels(column) for column in table.columns) * 0.75 / _TITLE_SIZE * _SLACK)
    lines = title_lines(clean(table.title, 120), room)
    sheet.set_row(0, 12 + 24 * len(lines))
    sheet.merge_range(0, 0, 0, last, "", title)
    sheet.write_string(0, 0, "\n".join(lines), title)
    if not table.fields:
        return 1
    field = book.add_format({"font_name": BODY, "font_size": 12, "valign": "vcenter", "quote_prefix": True})
    sheet.set_row(1, 24)
    for (start, end), (name, value) in zip(_spans(table.columns, len(table.fields)), table.fields, strict=True):
        text = f"{name}：{clean(value, 60)}"
        if end > start:
            sheet.merge_range(1, start, 1, end, "", field)
        sheet.write_string(1, start, text, field)
    return 2


def _spans(columns: Columns, parts: int) -> list[tuple[int, int]]:
    """Split the columns into `parts` neighbouring spans of about equal paper width."""
    share = sum(column.width for column in columns) / parts
    ends: list[int] = []
    used = 0.0
    for position, column in enumerate(columns):
        used += column.width
        if used >= share * (len(ends) + 1) - column.width / 2 and len(ends) < parts - 1:
            ends.append(position)
    ends.append(len(columns) - 1)
    starts = [0, *(end + 1 for end in ends[:-1])]
    return list(zip(starts, ends, strict=True))


def _write_row(sheet: Worksheet, line: int, row: Row, columns: Columns, formats: Formats, *, strong: bool = False) -> None:
    size = formats.size
    shown = [_fit(value, column, size) for value, column in zip(row.values, columns, strict=True)]
    lines = [lines_needed(text, _room(column, size)) for text, column in zip(map(str, shown), columns, strict=True)]
    sheet.set_row(line, min(_TALLEST, max(lines) * size * _LINE + 6))
    for position, (value, column) in enumerate(zip(shown, columns, strict=True)):
        look = formats.by_look["center" if strong and isinstance(value, str) else column.align, row.alarm, strong]
        if isinstance(value, str):
            sheet.write_string(line, position, value, look)
        else:
            sheet.write_number(line, position, value, look)


def _fit(value: Value, column: Column, size: int) -> Value:
    if not isinstance(value, str):
        return value
    # a row higher than Excel's limit would hide text, so text that cannot be shown is cut where one can see it
    most = int((_TALLEST - 6) / (size * _LINE))
    text = "\n".join(clean(part) for part in value.split("\n"))
    while lines_needed(text, _room(column, size)) > most:
        text = cut(text, int(len(text) * 0.9))
    return text


def _merged(sheet: Worksheet, line: int, last: int, text: str, look: Format, columns: Columns) -> None:
    room = sum(_pixels(column) for column in columns) / _character(_SIZE) * _SLACK
    sheet.set_row(line, min(_TALLEST, lines_needed(text, room) * _SIZE * _LINE + 6))
    sheet.merge_range(line, 0, line, last, "", look)
    sheet.write_string(line, 0, clean(text), look)


def _pixels(column: Column) -> int:
    return round(column.width * _PIXELS_PER_MM)


def _character(size: int) -> float:
    return size * 96 / 72


def _room(column: Column, size: int) -> float:
    return (_pixels(column) - 6) / _character(size) * _SLACK


def _sheet_name(name: str) -> str:
    return "".join(character for character in name if character not in "[]:*?/\\'")[:31] or "表"


def _page(sheet: Worksheet, table: Table, top: int, bottom: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(8 if table.paper == "A3" else 9)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.repeat_rows(0 if top < 2 else 1, top)
    sheet.freeze_panes(top + 1, 0)
    sheet.print_area(0, 0, bottom, len(table.columns) - 1)
    sheet.set_footer('&C&"宋体"&14— &P —')
