"""Check the custody ledger line by line: bytes, numbering, hashes, times, and its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from patrol.vault.ledger import START, row_hash
from patrol.vault.model import LedgerPoint, LedgerRow, to_json
from patrol.vault.report import Failure

_BACKWARDS = timedelta(seconds=2)
_LAGS = "ledger.head 落后一行（写入时被中断），下次写入时自动更新"


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that could be read, with the line it stands on."""

    line: int
    row: LedgerRow


@dataclass(frozen=True, slots=True)
class Chain:
    """The rows that could be read and what is wrong with them."""

    rows: tuple[CheckedRow, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]


def check_chain(root: Path) -> Chain:
    """Check `ledger.jsonl` and `ledger.head` of a vault."""
    path = root / "ledger.jsonl"
    if not path.is_file():
        return Chain((), (Failure("ledger.jsonl", "保管台账缺失"),), ())
    lines = path.read_bytes().split(b"\n")
    torn = lines.pop()
    rows, failures = check_lines(lines)
    head_failures, notes = _check_head(root / "ledger.head", rows, torn=bool(torn))
    return Chain(tuple(rows), (*failures, *head_failures), tuple(notes))


def check_lines(lines: Sequence[bytes]) -> tuple[list[CheckedRow], list[Failure]]:
    """Check whole ledger lines (without their newline) from the first row on."""
    rows: list[CheckedRow] = []
    failures: list[Failure] = []
    previous: LedgerRow | None = None
    for number, line in enumerate(lines, 1):
        place = f"ledger.jsonl 第{number}行"
        try:
            row = LedgerRow.model_validate_json(line)
        except ValidationError:
            failures.append(Failure(place, "无法读取（被改动）"))
            previous = None
            continue
        failures.extend(Failure(place, reason) for reason in _row_faults(row, line, previous, number))
        rows.append(CheckedRow(number, row))
        previous = row
    return rows, failures


def _row_faults(row: LedgerRow, line: bytes, previous: LedgerRow | None, number: int) -> list[str]:
    faults: list[str] = []
    if row_hash(row) != row.hash:
        return ["字段“hash”与本行内容不符（本行被改动）"]
    if to_json(row) != line + b"\n":
        return ["写法与登记时不同（本行被改动）"]
    due = previous.row + 1 if previous else number
    if row.row != due:
        faults.append(f"字段“row”应为 {due}，实际 {row.row}（有行被移除、插入或调换）")
    expected = previous.hash if previous else START
    if row.previous != expected and (previous or number == 1):
        faults.append("字段“previous”与上一行不符（有行被移除、插入或调换）")
    if previous and row.at.instant < previous.at.instant - _BACKWARDS:
        faults.append(f"字段“at”早于上一行（{row.at.beijing} < {previous.at.beijing}，时钟被拨回）")
    return faults


def _check_head(path: Path, rows: Sequence[CheckedRow], *, torn: bool) -> tuple[list[Failure], list[str]]:
    notes = ["ledger.jsonl 最后一行未写完（写入时被中断，未登记成功），下次写入时自动清除"] if torn else []
    if not path.is_file():
        born = len(rows) <= 1  # the first row is written before the first head
        return ([], [*notes, _LAGS]) if born else ([Failure("ledger.head", "台账末行记录缺失")], notes)
    data = path.read_bytes()
    try:
        head = LedgerPoint.model_validate_json(data)
    except ValidationError:
        return [Failure("ledger.head", "无法读取（被改动）")], notes
    if to_json(head) != data:
        return [Failure("ledger.head", "写法与登记时不同（被改动）")], notes
    return _end_faults(head, rows), notes + _lag(head, rows)


def _lag(head: LedgerPoint, rows: Sequence[CheckedRow]) -> list[str]:
    last = max((checked.row.row for checked in rows), default=0)
    return [_LAGS] if last == head.row + 1 else []


def _end_faults(head: LedgerPoint, rows: Sequence[CheckedRow]) -> list[Failure]:
    held = {checked.row.row: checked.row.hash for checked in rows}
    last = max(held, default=0)
    if head.row > last:
        return [Failure(f"ledger.jsonl 第{last + 1}行", f"台账末尾缺行：应有 {head.row} 行，只有 {last} 行")]
    if held.get(head.row) != head.hash:
        return [Failure(f"ledger.jsonl 第{head.row}行", "与 ledger.head 记载的末行不符")]
    if last > head.row + 1:
        return [Failure("ledger.head", f"记载的末行是第{head.row}行，台账却有 {last} 行（末行记录被换回旧的）")]
    return []
