"""Fill a bureau's own docx template: the table with the form's headings, rows copied from its first blank row."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from docx import Document
from docx.document import Document as Doc
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.table import CT_Row, CT_Tc
from docx.oxml.text.paragraph import CT_P
from docx.table import Table as DocxTable

from patrol.errors import BadInput
from patrol.reports.cells import clean
from patrol.reports.official.header_lines import filled_fields, filled_title
from patrol.reports.official.headings import LEVEL, HeadingMatch, match_headings, recognised
from patrol.reports.records import Column, Table

_SEARCHED_ROWS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """Where a template's table is: its number, its last header row (0-based), headings by 0-based cell of a data row."""

    table: int
    bottom: int
    headings: tuple[tuple[int, str], ...]


def open_template(path: Path) -> Doc:
    """Open a template; BadInput when it is no docx file."""
    try:
        return Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadInput("不是可用的 docx 文件；请用 Word 或 WPS 另存为 .docx 后重试", file=path) from error


def find_header(document: Doc, columns: tuple[Column, ...], path: Path) -> Found:
    """Return the table and row whose cells look most like the form's headings; BadInput when none has two of them."""
    best: tuple[int, Found] | None = None
    for number, table in enumerate(document.tables):
        rows = [_row_texts(row) for row in table._tbl.tr_lst[:_SEARCHED_ROWS]]  # noqa: SLF001
        for place in range(len(rows)):
            found = Found(number, place, _headings(rows, place))
            score = recognised([heading for _, heading in found.headings], columns)
            if best is None or score > best[0]:
                best = (score, found)
    if best is None or best[0] < 2:
        wanted = "、".join(column.heading for column in columns)
        raise BadInput(f"找不到表头行：没有表格含两个以上可识别的列名（{wanted}）", file=path)
    return best[1]


def fill(path: Path, table: Table, name: str, target: Path, corrections: Mapping[str, str]) -> tuple[HeadingMatch, ...]:
    """Write the table's rows into a copy of the template at `target`; return the mapping that was used."""
    document = open_template(path)
    found = find_header(document, table.columns, path)
    matches = match_headings(found.headings, table.columns, corrections)
    _fill_heading(document, found, table, name)
    _fill_rows(document.tables[found.table], found, matches, table)
    document.save(str(target))
    return matches


def _cell_text(cell: CT_Tc) -> str:
    return "".join(text.text or "" for text in cell.iter(qn("w:t"))).strip()


def _span(cell: CT_Tc) -> int:
    return int(cell.grid_span)


def _row_texts(row: CT_Row) -> list[tuple[int, int, str, bool]]:
    """Return (grid column, span, text, continues the cell above) of each cell."""
    texts, column = [], 0
    for cell in row.tc_lst:
        texts.append((column, _span(cell), _cell_text(cell), cell.vMerge == "continue"))
        column += _span(cell)
    return texts


def _headings(rows: list[list[tuple[int, int, str, bool]]], bottom: int) -> tuple[tuple[int, str], ...]:
    """Read the headings of the row `bottom`; above a two-level header, the upper text is put in front."""
    top = bottom
    while top and any(merged for _, _, _, merged in rows[top]):
        top -= 1
    headings = []
    for place, (column, _, _, _) in enumerate(rows[bottom]):
        texts: dict[str, None] = {}
        for row in rows[top : bottom + 1]:
            texts.update({text: None for start, span, text, _ in row if start <= column < start + span and text})
        if texts:
            headings.append((place, LEVEL.join(texts)))
    return tuple(headings)


def _fill_heading(document: Doc, found: Found, table: Table, name: str) -> None:
    paragraphs = [paragraph._p for paragraph in document.paragraphs]  # noqa: SLF001
    for row in document.tables[found.table]._tbl.tr_lst[: found.bottom + 1]:  # noqa: SLF001
        paragraphs += [paragraph for cell in row.tc_lst for paragraph in cell.p_lst]
    for paragraph in paragraphs:
        text = "".join(part.text or "" for part in paragraph.iter(qn("w:t")))
        new = filled_title(text, name, table.title) or filled_fields(text, table.fields)
        if new is not None:
            _set_text(paragraph, new)


def _fill_rows(target: DocxTable, found: Found, matches: tuple[HeadingMatch, ...], table: Table) -> None:
    body = target._tbl  # noqa: SLF001  rows are copied as XML, to keep every format
    rows = body.tr_lst
    blank = [row for row in rows[found.bottom + 1 :] if not _row_has_text(row)]
    pattern = copy.deepcopy(blank[0] if blank else rows[found.bottom])
    if not blank:
        _plain_row(pattern)
    for row in blank[len(table.rows) :] if table.rows else ():
        body.remove(row)
    anchor = rows[found.bottom]
    if not any(row.find(f".//{qn('w:tblHeader')}") is not None for row in rows):
        for row in rows[: found.bottom + 1]:
            _mark(row, "tblHeader")
    positions = {column.key: place for place, column in enumerate(table.columns)}
    for number, values in enumerate(table.rows):
        row = blank[number] if number < len(blank) else copy.deepcopy(pattern)
        if number >= len(blank):
            anchor.addnext(row)
        anchor = row
        _mark(row, "cantSplit")
        cells = row.tc_lst
        for match in matches:
            if match.key and match.place < len(cells):
                shown = str(values.values[positions[match.key]])
                _set_text(cells[match.place].p_lst[0], "\n".join(clean(part) for part in shown.split("\n")))


def _mark(row: CT_Row, name: str) -> None:
    """Set a property of a row (cantSplit: not broken over two pages; tblHeader: repeated on each page) once."""
    properties = row.get_or_add_trPr()
    if properties.find(qn(f"w:{name}")) is None:
        properties.append(OxmlElement(f"w:{name}"))


def _row_has_text(row: CT_Row) -> bool:
    # templates often number their blank rows
    return any(text and not text.isdigit() for _, _, text, _ in _row_texts(row))


def _plain_row(row: CT_Row) -> None:
    """Turn a copied header row into a data row: no repetition at page tops, no text, no continued cells."""
    for mark in list(row.iter(qn("w:tblHeader"), qn("w:vMerge"), qn("w:b"))):
        mark.getparent().remove(mark)
    for text in row.iter(qn("w:t")):
        text.text = ""


def _set_text(paragraph: CT_P, text: str) -> None:
    """Put text into a paragraph in the format of its first run; line ends become line breaks."""
    runs = list(paragraph.iter(qn("w:r")))
    run = next((one for one in runs if one.find(qn("w:t")) is not None), runs[0] if runs else None)
    if run is None:
        run = OxmlElement("w:r")
        _borrow_format(paragraph, run)
        paragraph.append(run)
    for other in runs:
        for old in [*other.findall(qn("w:t")), *other.findall(qn("w:tab")), *(other.findall(qn("w:br")) if other is run else ())]:
            other.remove(old)
    for place, part in enumerate(text.split("\n")):
        if place:
            run.append(OxmlElement("w:br"))
        piece = OxmlElement("w:t")
        piece.set(qn("xml:space"), "preserve")
        piece.text = part
        run.append(piece)


def _borrow_format(paragraph: CT_P, run: object) -> None:
    # an empty cell keeps the format of its text in the paragraph mark
    properties = paragraph.find(qn("w:pPr"))
    mark = properties.find(qn("w:rPr")) if properties is not None else None
    if mark is not None:
        run.append(copy.deepcopy(mark))  # type: ignore[attr-defined]
