"""Read a school calendar out of the table of its notice (csv, xlsx, xls, html, docx, pdf), whole or not at all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from patrol.calendar_files import SchoolFile, Vacation
from patrol.errors import BadInput, in_words
from patrol.licences.cells import Grid
from patrol.licences.grids import read_grids

_STAGES = {
    "幼儿园": ("preschool",),
    "学前": ("preschool",),
    "小学": ("primary",),
    "初中": ("junior",),
    "高中": ("senior",),
    "普高": ("senior",),
    "中职": (),
    "义务教育": ("primary", "junior"),
    "中小学": ("primary", "junior", "senior"),
}
_VACATIONS = ("寒假", "暑假", "春假", "秋假")
_DATE = re.compile(r"(?:(?P<year>20\d\d)\s*[年\-/.]\s*)?(?P<month>\d{1,2})\s*[月\-/.]\s*(?P<day>\d{1,2})\s*[日号]?")
_NOT_A_DAY = re.compile(r"[（(]?\s*(?:星期|周)[一二三四五六日天][）)]?|[（(]?农历[^，,）)]*[）)]?")


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell of the table with where it stands: a vacation, the stages of its row, the words of its dates."""

    line: int
    vacation: str
    stages: tuple[str, ...]
    text: str


def read_school_table(path: Path, *, region: str, school_year: str, source: str, published: date | None) -> SchoolFile:
    """Return the school calendar in a file's tables; BadInput names the line that cannot be read, nothing is guessed.

    Understood: a column of stages (学段) with a column per vacation, a pair of columns (寒假开始, 寒假结束), or one line per
    stage and vacation. A date without a year takes the one of the school year (August to December the first, else the second).
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BadInput(f"无法读取（{in_words(error)}）；请检查路径", file=path) from error
    rows = [cell for grid in read_grids(path, body) for cell in _cells(grid, path)]
    if not rows:
        raise BadInput("表格里没有找到学段和寒暑假起止日期；请确认表头有“学段”和“寒假”“暑假”（或“开始”“结束”）", file=path)
    years = _years(school_year)
    vacations = [_vacation(cell, years, path) for cell in rows]
    _check_twice(vacations, path)
    return SchoolFile(
        region=region, school_year=school_year, source=source, published=published, vacations=tuple(dict.fromkeys(vacations))
    )


def _years(school_year: str) -> tuple[int, int]:
    found = re.fullmatch(r"(20\d\d)\s*[-—~至]\s*(20\d\d)", school_year.strip())
    if not found or int(found[2]) != int(found[1]) + 1:
        raise BadInput(f"学年应写作 2026-2027，实际为“{school_year}”", field="--school-year")
    return int(found[1]), int(found[2])


def _cells(grid: Grid, path: Path) -> Iterator[_Cell]:
    header: list[str] | None = None
    for line, cells in grid.rows:
        if header is None or _is_header(cells):
            header = cells if _is_header(cells) else None
            continue
        yield from _row(header, line, cells, path)


def _is_header(cells: list[str]) -> bool:
    joined = "".join(cells)
    return not _DATE.search(joined) and bool(re.search(r"寒假|暑假|春假|秋假|假期|起止|开始", joined)) and len(cells) > 1


def _row(header: list[str], line: int, cells: list[str], path: Path) -> Iterator[_Cell]:
    padded = [*cells, *[""] * (len(header) - len(cells))]
    named = list(zip(header, padded, strict=False))
    stages = _stages_of(named, line, path)
    if stages is None:
        return
    own = next((value for value in padded if value in _VACATIONS), "")
    for vacation in _VACATIONS:
        if own and own != vacation:
            continue
        parts = [
            value
            for name, value in named
            if value
            and _DATE.search(value)
            and (vacation in name or (own and re.search(r"起止|时间|日期|开始|结束|放假|截止", name)))
        ]
        if parts and not any(re.search(r"报到|注册", part) for part in parts):
            yield _Cell(line, vacation, stages, "至".join(parts))


def _stages_of(named: list[tuple[str, str]], line: int, path: Path) -> tuple[str, ...] | None:
    text = next((value for name, value in named if re.search(r"学段|学校|类别|年级", name)), named[0][1])
    stages = [stage for word, meant in _STAGES.items() if word in text for stage in meant]
    if "非义务教育" in text:
        stages = ["senior"]
    dated = any(_DATE.search(value) for _, value in named)
    if not stages and dated and "中职" not in text and text:
        raise BadInput(f"不认识的学段“{text[:20]}”；应写小学、初中、高中、幼儿园、义务教育或中小学", file=path, line=line)
    return tuple(dict.fromkeys(stages)) or None


def _vacation(cell: _Cell, years: tuple[int, int], path: Path) -> Vacation:
    dates = [_date(found, years, cell, path) for found in _DATE.finditer(_NOT_A_DAY.sub("", cell.text))]
    if len(dates) != 2:
        raise BadInput(
            f"{cell.vacation}应写明开始和结束两个日期，实际为“{cell.text[:40]}”；请补全后重新导入", file=path, line=cell.line
        )
    try:
        return Vacation(name=cell.vacation, stages=cell.stages, start=dates[0], end=dates[1])  # type: ignore[arg-type]
    except ValueError as error:
        raise BadInput(f"{cell.vacation}起止 {dates[0]}～{dates[1]} 不合理", file=path, line=cell.line) from error


def _date(found: re.Match[str], years: tuple[int, int], cell: _Cell, path: Path) -> date:
    month, day = int(found["month"]), int(found["day"])
    year = int(found["year"]) if found["year"] else (years[0] if month >= 9 else years[1])
    try:
        read = date(year, month, day)
    except ValueError as error:
        raise BadInput(f"“{found.group()}”不是有效的日期", file=path, line=cell.line) from error
    if not date(years[0], 7, 1) <= read <= date(years[1], 9, 30):
        raise BadInput(f"{read} 不在{years[0]}—{years[1]}学年内；请检查学年或日期", file=path, line=cell.line)
    return read


def _check_twice(vacations: list[Vacation], path: Path) -> None:
    known: dict[tuple[str, str], Vacation] = {}
    for one in vacations:
        for stage in one.stages:
            other = known.setdefault((one.name, stage), one)
            if (other.start, other.end) != (one.start, one.end):
                raise BadInput(f"{one.name}在表中有两种起止：{other.start}～{other.end} 和 {one.start}～{one.end}", file=path)
