"""Write a form as a Word file: a paper in running text where it has one, its tables across the page, header rows repeated."""

from datetime import UTC
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from docx.document import Document as Doc
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.oxml.table import CT_Tbl
from docx.shared import Mm

from patrol.reports import gbt9704, to_paper
from patrol.reports.cells import clean
from patrol.reports.line_breaks import heading_lines, title_lines
from patrol.reports.records import Column, Report, Row, Table
from patrol.reports.word_package import FANGSONG, HEI, SONG_TITLE, add_style, blank_document, save

_TITLE, _FIELD, _HEAD, _CELL, _NOTE = "表题", "表头行", "表列名", "表格正文", "表注"
_MARGINS = (("top", 40), ("left", 60), ("bottom", 40), ("right", 60))
_SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
_TWIPS_PER_MM = 1440 / 25.4
_POINTS_PER_MM = 72 / 25.4
_PADDING = 120


def write_docx(report: Report, path: Path) -> None:
    """Write a form as a Word file."""
    document = blank_document(report.title)
    document.core_properties.created = document.core_properties.modified = report.made_at.astimezone(UTC).replace(tzinfo=None)
    splices: dict[bytes, str] = {}
    tables = report.tables
    if report.paper is not None:
        to_paper.add_paper(document, report.paper)
        tables = report.tables if report.paper.tables_follow else ()
    if tables:
        _add_tables(document, tables, splices, alone=report.paper is None)
    save(document, path, splices)


def _add_tables(document: Doc, tables: tuple[Table, ...], splices: dict[bytes, str], *, alone: bool) -> None:
    size = 9.0 if tables[0].paper == "A3" or tables[0].crowded else 10.0
    _styles(document, size)
    section = document.sections[0] if alone else gbt9704.new_section(document)
    usable = gbt9704.landscape(section, tables[0].paper)
    if alone:
        gbt9704.number_pages(section)
    for position, table in enumerate(tables):
        _add_table(document, table, splices, usable, size, first=position == 0)


def _add_table(document: Doc, table: Table, splices: dict[bytes, str], usable: float, size: float, *, first: bool) -> None:
    lines = title_lines(clean(table.title, 120), int(usable * _POINTS_PER_MM / gbt9704.SIZE_2) - 1)
    title = document.add_paragraph("\n".join(lines), style=_TITLE)
    title.paragraph_format.page_break_before = not first
    title.paragraph_format.keep_with_next = True
    if table.fields:
        line = document.add_paragraph(style=_FIELD)
        for position in range(1, len(table.fields)):
            line.paragraph_format.tab_stops.add_tab_stop(Mm(usable / len(table.fields) * position))
        line.add_run("\t".join(f"{name}：{clean(value, 60)}" for name, value in table.fields))
    marker, widths = f"rows-{len(splices)}", _widths(table.columns, usable)
    document.element.body.insert(len(document.element.body) - 1, _skeleton(table, widths, marker, size + 0.5))
    splices[f"<!--{marker}-->".encode()] = _rows_xml(table, widths) if table.rows else _empty_xml(table, widths)
    for number, note in enumerate(table.notes, 1):
        layout = document.add_paragraph(clean(note), style=_NOTE).paragraph_format
        layout.keep_together, layout.keep_with_next = True, number < len(table.notes)


def _styles(document: Doc, size: float) -> None:
    title = add_style(document, _TITLE, SONG_TITLE, gbt9704.SIZE_2, line=34)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_style(document, _FIELD, FANGSONG, gbt9704.SIZE_4, line=26)
    head = add_style(document, _HEAD, HEI, size + 0.5, line=size * 1.5)
    head.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_style(document, _CELL, FANGSONG, size, line=size * 1.35, latin=FANGSONG)
    add_style(document, _NOTE, FANGSONG, 10.5, line=17)


def _widths(columns: tuple[Column, ...], usable: float) -> list[int]:
    whole = sum(column.width for column in columns)
    return [round(column.width / whole * usable * _TWIPS_PER_MM) for column in columns]


def _heading(column: Column, width: int, size: float) -> str:
    return "\n".join(heading_lines(column.heading, (width - _PADDING) / 20 / size))


def _skeleton(table: Table, widths: list[int], marker: str, size: float) -> CT_Tbl:
    borders = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>' for side in _SIDES)
    margins = "".join(f'<w:{side} w:w="{size}" w:type="dxa"/>' for side, size in _MARGINS)
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/>'
        f'<w:vAlign w:val="center"/></w:tcPr>{_paragraph(_heading(column, width, size), _HEAD)}</w:tc>'
        for width, column in zip(widths, table.columns, strict=True)
    )
    element: CT_Tbl = parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar>'
        f"<w:tblCaption w:val={quoteattr(clean(table.title, 120))}/></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid><w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr><!--{marker}--></w:tbl>"
    )
    return element


def _rows_xml(table: Table, widths: list[int]) -> str:
    cells = tuple(
        (f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>', "" if column.align == "left" else column.align)
        for width, column in zip(widths, table.columns, strict=True)
    )
    rows = table.rows if table.total is None else (*table.rows, table.total)
    # the last row stays with the notes below it
    return "".join(_row_xml(row, cells, stays=row is rows[-1] and bool(table.notes)) for row in rows)


def _empty_xml(table: Table, widths: list[int]) -> str:
    cell = f'<w:tcW w:w="{sum(widths)}" w:type="dxa"/><w:gridSpan w:val="{len(widths)}"/><w:vAlign w:val="center"/>'
    return f"<w:tr><w:tc><w:tcPr>{cell}</w:tcPr>{_paragraph(table.empty, _CELL, 'center')}</w:tc></w:tr>"


def _row_xml(row: Row, cells: tuple[tuple[str, str], ...], *, stays: bool) -> str:
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="D9D9D9"/>' if row.alarm else ""
    body = "".join(
        f'{opening}{shade}<w:vAlign w:val="center"/></w:tcPr>'
        f"{_paragraph(str(value), _CELL, align, bold=row.alarm, stays=stays)}</w:tc>"
        for value, (opening, align) in zip(row.values, cells, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{body}</w:tr>"


def _paragraph(text: str, style: str, align: str = "", *, bold: bool = False, stays: bool = False) -> str:
    stay = "<w:keepNext/>" if stays else ""
    justified = f'<w:jc w:val="{align}"/>' if align else ""
    strong = "<w:rPr><w:b/></w:rPr>" if bold else ""
    parts = '</w:t><w:br/><w:t xml:space="preserve">'.join(escape(clean(part)) for part in text.split("\n"))
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{stay}{justified}</w:pPr>'
        f'<w:r>{strong}<w:t xml:space="preserve">{parts}</w:t></w:r></w:p>'
    )
