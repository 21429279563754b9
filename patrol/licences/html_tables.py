"""Tables of a web page as a bureau published it, however untidy its markup: merged cells, unclosed rows, tables in tables."""

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from patrol.errors import BadInput
from patrol.licences.cells import Grid, decode, text_of

_HEADINGS = ("title", "h1", "h2", "h3", "caption")
_HEADING_LENGTH = 400


def html_grids(path: Path, body: bytes) -> list[Grid]:
    """Return every table of a page with more than one row. Raises BadInput when the page was cut off inside a table."""
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(body, path))
    opened, closed = len(re.findall(r"<table\b", text, re.IGNORECASE)), len(re.findall(r"</table\s*>", text, re.IGNORECASE))
    if closed < opened:
        raise BadInput("网页不完整（表格没有结束）；请重新保存网页", file=path, line=text.count("\n") + 1)
    page = BeautifulSoup(text, "lxml")
    heading = " ".join(part.get_text() for part in page.find_all(_HEADINGS))[:_HEADING_LENGTH]
    grids = []
    for number, table in enumerate(page.find_all("table"), start=1):
        rows = [(line, cells) for line, cells in enumerate(_rows(table), start=1) if len(cells) > 1]
        if len(rows) > 1:
            grids.append(Grid(f"第{number}个表格", rows, heading))
    return grids


def _rows(table: Tag) -> list[list[str]]:
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for line in table.find_all("tr"):
        if line.find_parent("table") is not table:
            continue
        cells: list[str] = []
        for cell in line.find_all(("td", "th"), recursive=False):
            _take_hanging(cells, hanging)
            value = text_of(cell.get_text())
            value = re.sub(r"\s+", "", value) if not value.isascii() else value.strip()
            deep = _span(cell, "rowspan")
            for _ in range(_span(cell, "colspan")):
                if deep > 1:
                    hanging[len(cells)] = (deep - 1, value)
                cells.append(value)
        _take_hanging(cells, hanging)
        rows.append(cells)
    return rows


def _span(cell: Tag, name: str) -> int:
    found = re.match(r"\d{1,3}", str(cell.get(name) or "1"))
    return max(1, int(found.group())) if found else 1


def _take_hanging(cells: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    while len(cells) in hanging:
        left, value = hanging.pop(len(cells))
        if left > 1:
            hanging[len(cells)] = (left - 1, value)
        cells.append(value)
