"""Write a form as a Word file: landscape A4, header row repeated on each page, page numbers, rows that grow with their text."""

from itertools import count
from pathlib import Path
from xml.sax.saxutils import escape

from docx.document import Document as Doc
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.oxml.table import CT_Tbl
from docx.shared import Mm

from patrol.reports import gbt9704
from patrol.reports.cells import clean
from patrol.reports.records import Column, Report, Row, Table

_TITLE, _FIELD, _HEAD, _CELL, _NOTE = "表题", "表头行", "表列名", "表格正文", "表注"
_MARGINS = (("top", 40), ("left", 60), ("bottom", 40), ("right", 60))
_USABLE_MM, _TWIPS_PER_MM = 267.0, 1440 / 25.4


def write_docx(report: Report, path: Path) -> None:
    """Write every table of a form as one section of a Word file."""
    document = gbt9704.blank_document(report.title)
    document.core_properties.created = document.core_properties.modified = report.made_at.replace(tzinfo=None)
    _styles(document)
    gbt9704.landscape(document.sections[0])
    gbt9704.number_pages(document.sections[0])
    splices: dict[bytes, str] = {}
    for position, table in enumerate(report.tables):
        add_table(document, table, splices, first=position == 0)
    gbt9704.save(document, path, splices)


def add_table(document: Doc, table: Table, splices: dict[bytes, str], *, first: bool) -> None:
    """Append one table with title, header line and notes; its rows go into `splices` under their marker."""
    title = document.add_paragraph(clean(table.title, 120), style=_TITLE)
    title.paragraph_format.page_break_before = not first
    title.paragraph_format.keep_with_next = True
    if table.fields:
        _field_line(document, table)
    if table.rows:
        marker = f"rows-{len(splices)}"
        document.element.body.insert(len(document.element.body) - 1, _skeleton(table, marker))
        splices[f"<!--{marker}-->".encode()] = rows_xml(table)
    for note in (*(() if table.rows else (table.empty,)), *table.notes):
        document.add_paragraph(clean(note), style=_NOTE)


def rows_xml(table: Table) -> str:
    """Return the body rows and the sum row as WordprocessingML, every character of text escaped."""
    widths = _widths(table.columns)
    cells = tuple(_cell_shape(width, column.align) for width, column in zip(widths, table.columns, strict=True))
    rows = [_row_xml(row, cells) for row in table.rows]
    if table.total is not None:
        rows.append(_row_xml(table.total, cells))
    return "".join(rows)


def _styles(document: Doc) -> None:
    title = gbt9704.add_style(document, _TITLE, gbt9704.SONG_TITLE, gbt9704.SIZE_2, line=34)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    gbt9704.add_style(document, _FIELD, gbt9704.FANGSONG, gbt9704.SIZE_4, line=26)
    head = gbt9704.add_style(document, _HEAD, gbt9704.HEI, 10.5, line=15)
    head.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    gbt9704.add_style(document, _CELL, gbt9704.FANGSONG, 10, line=13.5, latin=gbt9704.FANGSONG)
    gbt9704.add_style(document, _NOTE, gbt9704.FANGSONG, 10.5, line=17)


def _field_line(document: Doc, table: Table) -> None:
    line = document.add_paragraph(style=_FIELD)
    share = _USABLE_MM / len(table.fields)
    for position in count(1):
        if position >= len(table.fields):
            break
        line.paragraph_format.tab_stops.add_tab_stop(Mm(share * position))
    line.add_run("\t".join(f"{name}：{clean(value, 60)}" for name, value in table.fields))


def _widths(columns: tuple[Column, ...]) -> list[int]:
    whole = sum(column.width for column in columns)
    return [round(column.width / whole * _USABLE_MM * _TWIPS_PER_MM) for column in columns]


def _skeleton(table: Table, marker: str) -> CT_Tbl:
    widths = _widths(table.columns)
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/>'
        f'<w:vAlign w:val="center"/></w:tcPr>{_paragraph(column.heading, _HEAD)}</w:tc>'
        for width, column in zip(widths, table.columns, strict=True)
    )
    margins = "".join(f'<w:{side} w:w="{size}" w:type="dxa"/>' for side, size in _MARGINS)
    element: CT_Tbl = parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid><w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr><!--{marker}--></w:tbl>"
    )
    return element


def _paragraph(text: str, style: str, align: str = "", *, bold: bool = False) -> str:
    justified = f'<w:jc w:val="{align}"/>' if align else ""
    strong = "<w:rPr><w:b/></w:rPr>" if bold else ""
    parts = '</w:t><w:br/><w:t xml:space="preserve">'.join(escape(clean(part)) for part in text.split("\n"))
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{justified}</w:pPr>'
        f'<w:r>{strong}<w:t xml:space="preserve">{parts}</w:t></w:r></w:p>'
    )


def _cell_shape(width: int, align: str) -> tuple[str, str]:
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>', align if align != "left" else ""


def _row_xml(row: Row, cells: tuple[tuple[str, str], ...]) -> str:
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="D9D9D9"/>' if row.alarm else ""
    body = "".join(
        f'{opening}{shade}<w:vAlign w:val="center"/></w:tcPr>{_paragraph(str(value), _CELL, align, bold=row.alarm)}</w:tc>'
        for value, (opening, align) in zip(row.values, cells, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{body}</w:tr>"
