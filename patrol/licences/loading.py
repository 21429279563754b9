"""Read a list file into rows: find the header, map the columns, report every row that cannot be read."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from patrol.errors import BadInput, in_words
from patrol.licences.cells import UNSTORED, Grid
from patrol.licences.codes import tidy, valid_uscc
from patrol.licences.column_checks import check_values, unused_headers
from patrol.licences.columns import CHINESE, guess_by_content, guess_columns, header_key, is_header
from patrol.licences.entries import Entry, ListFile, ListKind, Trouble
from patrol.licences.grids import read_grids
from patrol.licences.row_natures import RowNature, row_nature

_HEADER_WITHIN = 25
_NO_CODE = re.compile(r"^(?:无|暂无|办理中|待办|/|-|—|——|\\|、|空|未办理|正在办理)?$")
_EMPTY_NAME = "机构名称是空的"
_DATE = re.compile(r"(\d{4})\s*[年./-]\s*(\d{1,2})(?:\s*[月./-]\s*(\d{1,2}))?")
_SPLIT = re.compile(r"[、;；,，/|\n]+")
_KIND_WORDS: tuple[tuple[str, ListKind], ...] = (
    ("课后服务", ListKind.AFTER_SCHOOL),
    ("黑名单", ListKind.BLACK),
    ("灰名单", ListKind.GREY),
    ("预警", ListKind.WARNING),
    ("注销", ListKind.CANCELLED),
    ("吊销", ListKind.CANCELLED),
    ("终止办学", ListKind.CANCELLED),
    ("白名单", ListKind.WHITE),
    ("正常", ListKind.WHITE),
)
Raw = tuple[Grid, int, dict[str, str]]


@dataclass(slots=True)
class _Progress:
    """What one file has given so far."""

    path: Path
    raws: list[Raw]
    troubles: list[Trouble]
    mapping: list[tuple[str, tuple[tuple[str, str], ...]]]
    kinds: dict[str, ListKind]
    columns: dict[str, int]
    width: int = 0
    unused: tuple[str, ...] = ()


def kind_of(text: str) -> ListKind | None:
    """Return which list a title, a file name or a status cell speaks of; None when it does not say."""
    return next((kind for word, kind in _KIND_WORDS if word in text), None)


def _column_index(wanted: str, cells: Sequence[str]) -> int | None:
    keys = [header_key(cell) for cell in cells]
    if header_key(wanted) in keys:
        return keys.index(header_key(wanted))
    if wanted.isdigit() and 1 <= int(wanted) <= len(cells):
        return int(wanted) - 1
    if re.fullmatch(r"[A-Z]", wanted) and ord(wanted) - 65 < len(cells):
        return ord(wanted) - 65
    return None


def _apply_mapping(columns: dict[str, int], cells: Sequence[str], mapping: Mapping[str, str], path: Path) -> dict[str, int]:
    fields = {label: field for field, label in CHINESE.items()}
    chosen = dict(columns)
    for label, wanted in mapping.items():
        field = fields.get(label, label)
        if field not in CHINESE:
            raise BadInput(f"没有这个项目；可用的有：{'、'.join(CHINESE.values())}", file=path, field=label)
        column = _column_index(wanted, cells)
        if column is None:
            raise BadInput(f"表里没有“{wanted}”这一列；表头是：{'、'.join(filter(None, cells))}", file=path, field=label)
        chosen = {other: at for other, at in chosen.items() if at != column}
        chosen[field] = column
    return chosen


def _mapped_header(cells: Sequence[str], mapping: Mapping[str, str] | None) -> bool:
    """Whether a row is the header that the officer's mapping speaks of: every column is there, one at least by its words."""
    if not mapping or not {"name", CHINESE["name"]} & set(mapping):
        return False
    keys = {header_key(cell) for cell in cells}
    found = [_column_index(wanted, cells) is not None for wanted in mapping.values()]
    return all(found) and any(header_key(wanted) in keys for wanted in mapping.values())


def _find_header(grid: Grid, mapping: Mapping[str, str] | None) -> int | None:
    best, best_count = None, 0
    alone = len({column for _, cells in grid.rows for column, cell in enumerate(cells) if cell.strip()}) == 1
    for position, (_, cells) in enumerate(grid.rows[:_HEADER_WITHIN]):
        if _mapped_header(cells, mapping):
            return position
        if is_header(cells, alone=alone) and len(guess_columns(cells)) > best_count:
            best, best_count = position, len(guess_columns(cells))
    return best


def _deepen_header(grid: Grid, position: int) -> tuple[int, list[str]]:
    """Join a header of two lines (a merged one above its parts); return the last header line and its cells."""
    cells = list(grid.rows[position][1])
    if position + 1 < len(grid.rows):
        below = grid.rows[position + 1][1]
        upper, lower = guess_columns(cells), guess_columns(below)
        if "name" in lower and len(lower) >= 2 and upper.get("name") == lower["name"]:
            merged = [under if header_key(under) and column not in upper.values() else over or under
                      for column, (over, under) in enumerate(zip(cells, below, strict=False))]  # fmt: skip
            return position + 1, merged
    return position, cells


def _read_grid(grid: Grid, so_far: _Progress, mapping: Mapping[str, str] | None) -> None:
    position = _find_header(grid, mapping)
    width = max(len(cells) for _, cells in grid.rows)
    if position is not None:
        above = " ".join(cell for _, cells in grid.rows[:position] for cell in dict.fromkeys(cells))
        _tell_kind(grid, above, so_far)
        position, header = _deepen_header(grid, position)
        guessed = check_values(guess_columns(header), [cells for _, cells in grid.rows[position + 1 :]])
        so_far.columns = _apply_mapping(guessed, header, mapping or {}, so_far.path)
        so_far.unused = tuple(dict.fromkeys((*so_far.unused, *unused_headers(so_far.columns, header))))
        so_far.width = len(header)
        shown = tuple(
            (CHINESE[field], header[column]) for field, column in sorted(so_far.columns.items(), key=lambda item: item[1])
        )
        so_far.mapping.append((grid.title, shown))
        _take_rows(grid, grid.rows[position + 1 :], so_far)
        return
    if so_far.columns and width == so_far.width:
        if so_far.raws and so_far.raws[-1][0].title in so_far.kinds:
            so_far.kinds[grid.title] = so_far.kinds[so_far.raws[-1][0].title]
        _take_rows(grid, grid.rows, so_far, continued=True)
        return
    guessed = guess_by_content([cells for _, cells in grid.rows])
    if "name" not in guessed or len(guessed) < 2:
        line = grid.rows[0][0]
        reason = "没有找到表头（需要有“机构名称”一列）；可用 --map 指定各列"
        so_far.troubles.append(Trouble(file=so_far.path.name, sheet=grid.title, line=line, reason=reason, fatal=False))
        return
    so_far.columns, so_far.width = guessed, width
    so_far.mapping.append(
        (grid.title, tuple((CHINESE[field], f"第{column + 1}列（按内容推断）") for field, column in guessed.items()))
    )
    _take_rows(grid, grid.rows, so_far)


def _tell_kind(grid: Grid, above: str, so_far: _Progress) -> None:
    """Note which list a sheet is: by its own title, the lines above its header, what stands around it, the file's name."""
    for text in (grid.title, above, grid.heading, so_far.path.stem):
        kind = kind_of(text)
        if kind:
            so_far.kinds[grid.title] = kind
            return


def _take_rows(grid: Grid, rows: Sequence[tuple[int, list[str]]], so_far: _Progress, *, continued: bool = False) -> None:
    natures = _natures(rows, so_far.columns)
    for number, (line, cells) in enumerate(rows):
        nature = natures[number]
        if nature is RowNature.NOTE or _header_again(cells, so_far.columns):
            continue
        if any(cell.strip() for cell in cells[so_far.width :]):
            reason = f"列数（{len(cells)}）多于表头（{so_far.width}），内容可能错位"
            so_far.troubles.append(Trouble(file=so_far.path.name, sheet=grid.title, line=line, reason=reason))
            continue
        raw = {field: cells[column].strip() if column < len(cells) else "" for field, column in so_far.columns.items()}
        if continued and number == 0 and so_far.raws and "row" in raw and not raw["row"]:
            before = so_far.raws[-1]
            joined = {field: before[2].get(field, "") + value for field, value in raw.items()}
            so_far.raws[-1] = (before[0], before[1], joined)
            continue
        if nature is RowNature.NAMELESS:
            _Noter(so_far, grid, line)(_EMPTY_NAME, fatal=True)
            continue
        so_far.raws.append((grid, line, raw))


def _natures(rows: Sequence[tuple[int, list[str]]], columns: Mapping[str, int]) -> list[RowNature]:
    """Judge all rows, from the last to the first: what a lone number means depends on whether names follow."""
    natures: list[RowNature] = []
    more = False
    for _, cells in reversed(rows):
        natures.append(row_nature(cells, columns, more=more))
        more = more or natures[-1] is RowNature.INSTITUTION
    return natures[::-1]


def _header_again(cells: Sequence[str], columns: Mapping[str, int]) -> bool:
    alone = max(columns.values()) == 0
    return is_header(cells, alone=alone) and guess_columns(cells).get("name") == columns["name"]


def _dates(text: str) -> list[date]:
    days = []
    for year, month, day in _DATE.findall(unicodedata.normalize("NFKC", text)):
        try:
            days.append(date(int(year), int(month), int(day or 1)))
        except ValueError:
            continue
    return days


def clean_name(text: str) -> str:
    """Return a name without the blanks that wrapping and alignment left inside it (Latin words keep theirs)."""
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", text).strip("*＊ \u3000")


def _whole(text: str) -> int | None:
    digits = unicodedata.normalize("NFKC", text).strip().rstrip(".、")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else None


def _code(raw: Mapping[str, str], note: "_Noter") -> str:
    shown = raw.get("uscc", "")
    code = tidy(shown)
    if _NO_CODE.match(shown.strip()):
        return ""
    if len(code) == 15 and code.isalnum():
        return code
    if len(code) != 18:
        note("统一社会信用代码不是18位，已照录：" + shown)
    elif not valid_uscc(code):
        note("统一社会信用代码校验位不符，请核对：" + shown)
    return code


class _Noter:
    """Collects the harmless troubles of one row."""

    def __init__(self, so_far: _Progress, grid: Grid, line: int) -> None:
        self.so_far, self.grid, self.line = so_far, grid, line

    def __call__(self, reason: str, *, fatal: bool = False) -> None:
        trouble = Trouble(file=self.so_far.path.name, sheet=self.grid.title, line=self.line, reason=reason, fatal=fatal)
        self.so_far.troubles.append(trouble)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _SPLIT.split(text) if part.strip() and not _NO_CODE.match(part.strip()))


def _without_unstored(raw: Mapping[str, str], note: _Noter) -> dict[str, str]:
    for field, value in raw.items():
        if value == UNSTORED:
            note(f"“{CHINESE[field]}”是公式，文件里没有存下结果，按空处理")
    return {field: "" if value == UNSTORED else value for field, value in raw.items()}


def _entry(raw: Mapping[str, str], number: int, kind: ListKind, note: _Noter) -> Entry | None:
    name = clean_name(raw.get("name", ""))
    if not name:
        note(_EMPTY_NAME, fatal=True)
        return None
    if name == UNSTORED:
        note("机构名称是公式，文件里没有存下结果；请用表格软件打开、保存后再导入", fatal=True)
        return None
    raw = _without_unstored(raw, note)
    if len(name) < 3 or unicodedata.normalize("NFKC", name).isdecimal():
        note(f"“{name}”不像机构名称", fatal=True)
        return None
    period = _dates(raw.get("valid_to", ""))
    begins = _dates(raw.get("valid_from", "")) or (period[:1] if len(period) > 1 else [])
    return Entry(
        row=number,
        name=name,
        uscc=_code(raw, note),
        permit=raw.get("permit", "") if not _NO_CODE.match(raw.get("permit", "")) else "",
        kind=raw.get("kind", ""),
        address=raw.get("address", ""),
        authority=raw.get("authority", ""),
        scope=raw.get("scope", ""),
        status=raw.get("status", ""),
        valid_from=begins[0] if begins else None,
        valid_to=period[-1] if period else None,
        aliases=_list(raw.get("aliases", "")),
        former_names=_list(raw.get("former_names", "")),
        addresses=_list(raw.get("addresses", "")),
        phones=_list(raw.get("phones", "")),
        icp=raw.get("icp", ""),
        person=raw.get("person", ""),
        list_kind=kind_of(raw.get("status", "")) or kind,
        place=raw.get("region", ""),
    )


def _numbers(raws: Sequence[Raw]) -> list[int]:
    """Return each row's 序号 when all rows have one of their own, else a running number."""
    shown = [_whole(raw.get("row", "")) for _, _, raw in raws]
    given = [number for number in shown if number is not None]
    if len(given) == len(raws) and len(set(given)) == len(given):
        return given
    return list(range(1, len(raws) + 1))


def load_list(
    path: str | Path, *, mapping: Mapping[str, str] | None = None, kind: ListKind | None = None, strict: bool = True
) -> ListFile:
    """Read one list file of any usual format (xlsx, xls, csv, HTML, docx, text PDF).

    `mapping` corrects the guessed columns: field (中文 or id) to header text, column letter or number. With `strict` a row
    that cannot be read refuses the file whole (BadInput with file, sheet, row); without, such rows are only reported.
    """
    path = Path(path)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise BadInput(f"读不到文件（{in_words(error)}）", file=path) from error
    so_far = _Progress(path, [], [], [], {}, {})
    for grid in read_grids(path, body):
        _read_grid(grid, so_far, mapping)
    if not so_far.raws:
        reason = so_far.troubles[0].reason if so_far.troubles else "表里没有一行机构"
        raise BadInput(reason, file=path, line=so_far.troubles[0].line if so_far.troubles else None)
    guessed = kind_of(path.stem) or ListKind.WHITE
    entries = []
    for number, (grid, line, raw) in zip(_numbers(so_far.raws), so_far.raws, strict=True):
        sheet_kind = kind or so_far.kinds.get(grid.title) or guessed
        entry = _entry(raw, number, sheet_kind, _Noter(so_far, grid, line))
        if entry:
            entries.append(entry)
    _refuse_broken(path, so_far.troubles, strict=strict)
    return ListFile(
        path=str(path),
        sha256=hashlib.sha256(body).hexdigest(),
        entries=tuple(entries),
        troubles=tuple(so_far.troubles),
        mapping=tuple(so_far.mapping),
        unused=so_far.unused,
    )


def _refuse_broken(path: Path, troubles: Sequence[Trouble], *, strict: bool) -> None:
    fatal = [trouble for trouble in troubles if trouble.fatal]
    if strict and fatal:
        first = fatal[0]
        more = f"（另有{len(fatal) - 1}行读不出）" if len(fatal) > 1 else ""
        place = f"{path} {first.sheet}".strip()
        advice = "请改正，或用 --skip-unreadable 跳过读不出的行；若是列认错了，用 --preview 看对应、--map 更正"
        raise BadInput(f"{first.reason}{more}；{advice}", file=place, line=first.line)


def load_lists(paths: Iterable[str | Path]) -> ListFile:
    """Read several lists as one; rows are renumbered when two lists use the same numbers."""
    files = [load_list(path) for path in paths]
    if len(files) == 1:
        return files[0]
    entries = [entry for file in files for entry in file.entries]
    if len({entry.row for entry in entries}) < len(entries):
        entries = [replace(entry, row=number) for number, entry in enumerate(entries, start=1)]
    return ListFile(
        path="；".join(file.path for file in files),
        sha256=hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest(),
        entries=tuple(entries),
        troubles=tuple(trouble for file in files for trouble in file.troubles),
        mapping=tuple(sheet for file in files for sheet in file.mapping),
        unused=tuple(dict.fromkeys(header for file in files for header in file.unused)),
    )
